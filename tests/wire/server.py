"""A Snowflake server for tests: fakesnow's SQL engine behind the protocol that connectors 4 and 5 really speak.

fakesnow alone cannot log connector 5 in, sends NULL timestamps as 1970, and has neither chunks nor asynchronous queries;
this layer adds them, refuses views like an account would, and injects faults. Runs in an environment of its own:

    python -m tests.wire.server PORT ROWS_PER_CHUNK ORDERS.json

The orders of that file, if it is there, are carried out before the first request.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import gzip
import io
import json
import re
import secrets
import sys
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fakesnow.server as fakesnow
import pyarrow as pa
import uvicorn
from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp

from tests.wire.faults import Fault, Protocol, Receive, Scope, Send, reset_connection

Answer = tuple[int, bytes]
Refusal = tuple[str, str, str]
"""Its code, what is said, and the SQL state."""

REFUSALS = {
    "deny": ("002003", "SQL compilation error: Object does not exist or not authorized.", "42S02"),
    "refuse": ("001044", "SQL compilation error: Invalid argument types for function", "42P13"),
}

MACROS = (
    "current_account() AS 'AB12345'",
    "current_role() AS 'ADVISOR_ROLE'",
    "current_warehouse() AS 'ADVISOR_WH'",
    # Snowflake's APPROX_TOP_K, exactly: pairs of a value and its count, the most frequent first.
    """counted_top_k(x, k) AS to_json(list_transform(list_slice(list_sort(list_transform(map_entries(histogram(x)),
        lambda e: {'n': -CAST(e.value AS BIGINT), 'v': e.key})), 1, k), lambda e: json_array(e.v, -e.n)))""",
    # Of a t-digest, exactly: its state is all values.
    "approx_percentile_accumulate(x) AS list(x)",
    "approx_percentile_estimate(state, level) AS list_aggregate(state, 'quantile_disc', level)",
)


@dataclass
class Request:
    scope: Scope
    path: str
    query: str
    token: str
    body: dict[str, Any]

    @property
    def sql(self) -> str:
        return str(self.body.get("sqlText", ""))


@dataclass
class Server:
    chunk_rows: int
    clock: str = ""
    """What SYSDATE() answers."""
    slow_seconds: float = 0.0
    scanned: int | None = None
    """Bytes that every statement is said to have scanned; None: nobody may ask."""
    answers: dict[str, str] = field(default_factory=dict)
    """Of SYSTEM$ functions, by name; others are refused. Of a whole statement: the one that answers in its place."""
    faults: list[Fault] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0
    """Bytes of all questions and answers since the last reset."""
    chunks: dict[str, bytes] = field(default_factory=dict)
    results: dict[str, dict[str, Any] | None] = field(default_factory=dict)
    """By query id; None while the query runs."""
    masters: dict[str, str] = field(default_factory=dict)
    """Master token → session token."""
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    running: set[asyncio.Task[None]] = field(default_factory=set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return None
        request = await _read(scope, receive)
        if request.path == "/control":
            return await _reply(send, 200, json.dumps(self.control(request.body)).encode())
        self.log.append({"path": request.path, "sql": request.sql, "login": request.body.get("data")})
        fault = next((f for f in self.faults if f.strikes(request.path, request.sql)), None)
        if fault is not None and fault.action == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault is not None and fault.action == "drop":
            return reset_connection(scope)
        elif fault is not None and fault.action == "status":
            return await _reply(send, fault.status, b"injected")
        elif fault is not None and fault.action == "expire":
            return await _reply(send, *_refusal("390112", "Your session has expired. You must login again."))
        status, payload = await self._answer(request, REFUSALS.get(fault.action) if fault is not None else None)
        self.sent += len(request.sql) + len(payload)
        if fault is not None and fault.action == "truncate":
            await _reply(send, status, payload[: len(payload) // 2], len(payload))
            await asyncio.sleep(0.05)
            return reset_connection(scope)
        if fault is not None and fault.action == "cut":
            payload = payload[: len(payload) // 2]
        return await _reply(send, status, payload)

    def control(self, order: dict[str, Any]) -> Any:
        """The tests' back door: faults, the log of requests, and statements run by the engine itself."""
        if "fault" in order:
            self.faults.append(Fault(**order["fault"]))
        if "reset" in order:
            self.faults.clear()
            self.log.clear()
            self.slow_seconds = 0.0
            self.sent = 0
            self.scanned = None
            self.answers = {}
        self.slow_seconds = order.get("slow_seconds", self.slow_seconds)
        self.clock = order.get("clock", self.clock)
        if "database" in order:
            fakesnow.shared_fs.connect(order["database"], "PUBLIC")
        self.scanned = order.get("scanned", self.scanned)
        self.answers = order.get("answers", self.answers)
        if "run" in order:
            cursor = fakesnow.shared_fs.duck_conn.cursor()
            return [[str(value) for value in row] for row in cursor.execute(order["run"]).fetchall()]
        if "sent" in order:
            return self.sent
        if "left" in order:
            return [fault.times for fault in self.faults]
        return self.log

    async def _answer(self, request: Request, refusal: Refusal | None) -> Answer:
        if request.path.startswith("/session/v1/login"):
            return await self._login(request)
        if request.path == "/session/token-request":
            return self._renew(request)
        if request.path == "/queries/v1/query-request":
            return await self._query(request, refusal)
        if request.path.startswith("/chunk/"):
            return 200, self.chunks[request.path.removeprefix("/chunk/")]
        if found := re.fullmatch(r"/queries/([0-9a-f-]{36})/result", request.path):
            return 200, json.dumps(self.results[found[1]]).encode()
        if found := re.fullmatch(r"/monitoring/queries/([0-9a-f-]{36})", request.path):
            return 200, json.dumps(self._status(found[1])).encode()
        return 200, json.dumps({"data": None, "success": True}).encode()

    async def _login(self, request: Request) -> Answer:
        data = request.body.setdefault("data", {})
        data.setdefault("SESSION_PARAMETERS", {})
        status, payload = await _inner(request)
        answer = json.loads(payload)
        master = secrets.token_hex(8)
        self.masters[master] = answer["data"]["token"]
        answer["data"] |= {
            "masterToken": master,
            "sessionId": len(self.masters),
            "validityInSeconds": 3600,
            "masterValidityInSeconds": 14400,
        }
        answer["data"]["sessionInfo"] |= {"warehouseName": "ADVISOR_WH", "roleName": "ADVISOR_ROLE"}
        return status, json.dumps(answer).encode()

    def _renew(self, request: Request) -> Answer:
        token = secrets.token_hex(16)
        fakesnow.sessions[token] = fakesnow.sessions[self.masters[request.token]]
        self.masters[request.token] = token
        data = {
            "sessionToken": token,
            "validityInSecondsST": 3600,
            "masterToken": request.token,
            "validityInSecondsMT": 14400,
            "sessionId": len(self.masters),
        }
        return 200, json.dumps({"data": data, "success": True, "code": None, "message": None}).encode()

    async def _query(self, request: Request, refusal: Refusal | None) -> Answer:
        if not request.body.get("asyncExec"):
            return 200, json.dumps(await self._run(request, refusal)).encode()
        name = str(uuid.uuid4())
        self.results[name] = None
        task = asyncio.create_task(self._background(request, name, refusal))
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        data = {"queryId": name, "getResultUrl": f"/queries/{name}/result", "queryAbortsAfterSecs": 300}
        return 200, json.dumps({"data": data, "code": "333334", "message": "in progress", "success": True}).encode()

    async def _background(self, request: Request, name: str, refusal: Refusal | None) -> None:
        await asyncio.sleep(self.slow_seconds)
        answer = await self._run(request, refusal)
        kept = fakesnow.shared_fs.results_cache
        if answer["data"].get("queryId") in kept:
            kept[name] = kept[answer["data"]["queryId"]]
        answer["data"]["queryId"] = name
        self.results[name] = answer

    async def _run(self, request: Request, refusal: Refusal | None) -> dict[str, Any]:
        if refusal is not None:
            answer: dict[str, Any] = json.loads(_refusal(*refusal)[1])
            return answer
        if "QUERY_HISTORY_BY_SESSION" in request.sql and self.scanned is not None:
            request.body["sqlText"] = f"SELECT {self.scanned} AS BYTES_SCANNED"
        if request.sql in self.answers:
            request.body["sqlText"] = self.answers[request.sql]
        call = re.search(r"SYSTEM\$(\w+)\(", request.sql)
        if call is not None and call[1] in self.answers:
            request.body["sqlText"] = f"SELECT '{self.answers[call[1]]}' AS ANSWER"
        if "QUERY_HISTORY_BY_USER" in request.sql and self.scanned is not None:
            columns = "'X-Small' AS WAREHOUSE_SIZE, 40 AS STATEMENTS, 36000 AS EXECUTION_MS"
            request.body["sqlText"] = f"SELECT {columns}, {self.scanned} AS BYTES_SCANNED"
        if re.match(r"\s*ALTER SESSION\b", request.sql, re.IGNORECASE):
            request.body["sqlText"] = "SELECT 'Statement executed successfully.' AS STATUS"
        request.body["sqlText"] = request.sql.replace("SYSDATE()", f"'{self.clock}'::TIMESTAMP_NTZ")
        # The engine has a function of that name too, which tells no counts.
        request.body["sqlText"] = re.sub(
            r"APPROX_TOP_K\((.*?), (\d+), \d+\) AS", r"counted_top_k(\1, \2) AS", request.sql
        )
        request.body["sqlText"] = re.sub(
            r"ARRAY_CONSTRUCT\((.*?)\) AS (QUANTILES_\d+)", r"to_json([\1]) AS \2", request.sql
        )
        async with self.locks[request.token]:
            status, payload = await _inner(request)
        if status != 200:
            return dict(json.loads(_refusal("000603", f"engine: {payload[:600].decode(errors='replace')}")[1]))
        answer = json.loads(payload)
        data = answer["data"]
        data.setdefault("queryId", str(uuid.uuid4()))
        if data.get("rowsetBase64"):
            self._send_in_chunks(data, dict(request.scope["headers"])[b"host"].decode())
        return answer

    def _send_in_chunks(self, data: dict[str, Any], host: str) -> None:
        table = _narrowed(_repaired(pa.ipc.open_stream(base64.b64decode(data["rowsetBase64"])).read_all()))
        parts = [table.slice(start, self.chunk_rows) for start in range(0, max(1, table.num_rows), self.chunk_rows)]
        data |= {"rowsetBase64": base64.b64encode(_stream(parts[0])).decode(), "returned": parts[0].num_rows}
        if len(parts) == 1:
            return
        data |= {"chunks": [], "qrmk": "key", "chunkHeaders": {"x-test": "1"}}
        for part in parts[1:]:
            name, content = secrets.token_hex(8), _stream(part)
            self.chunks[name] = content
            sizes = {"rowCount": part.num_rows, "uncompressedSize": len(content), "compressedSize": len(content)}
            data["chunks"].append({"url": f"http://{host}/chunk/{name}", **sizes})

    def _status(self, name: str) -> dict[str, Any]:
        if name not in self.results:
            return {"data": {"queries": []}, "success": True}
        answer = self.results[name]
        state = "RUNNING" if answer is None else "SUCCESS" if answer["success"] else "FAILED_WITH_ERROR"
        known = {"id": name, "status": state, "state": state, "sqlText": "", "startTime": 0, "endTime": 0}
        if answer is not None and not answer["success"]:
            known |= {"errorCode": answer["code"], "errorMessage": answer["message"]}
        return {"data": {"queries": [known]}, "success": True}


def _repaired(table: pa.Table) -> pa.Table:
    """fakesnow 0.12.1 sends a NULL timestamp as a struct of nulls that isn't null itself: it would be read as 1970."""
    columns = []
    for kind, column in zip(table.schema, table.columns, strict=True):
        if not pa.types.is_struct(kind.type):
            columns.append(column)
            continue
        whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], kind.type)
        filled = [part.fill_null(0) for part in whole.flatten()]
        columns.append(pa.StructArray.from_arrays(filled, fields=list(kind.type), mask=whole.field(0).is_null()))
    return pa.Table.from_arrays(columns, schema=table.schema)


WHOLE = {b"logicalType": b"FIXED", b"scale": b"0", b"precision": b"38"}


def _narrowed(table: pa.Table) -> pa.Table:
    """Whole numbers as Snowflake sends them: as narrow as a result's values allow. The engine adds them up as doubles."""
    for i, column in enumerate(table.schema):
        if not (
            pa.types.is_decimal(column.type) or pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        ):
            continue
        for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64()):
            try:
                narrow = table.column(i).cast(kind)
            except pa.ArrowInvalid:
                continue
            table = table.set_column(i, column.with_type(kind).with_metadata((column.metadata or {}) | WHOLE), narrow)
            break
    return table


def _stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue()


def _refusal(code: str, message: str, state: str = "XX000") -> Answer:
    data = {"errorCode": code, "sqlState": state, "queryId": str(uuid.uuid4())}
    content = {"data": data, "code": code, "message": message, "success": False, "headers": None}
    return 200, json.dumps(content).encode()


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    # Connector 5.2 asks for /monitoring/queries//<id>.
    path = re.sub("/{2,}", "/", scope["path"])
    token = headers.get("authorization", "").removeprefix('Snowflake Token="').removesuffix('"')
    content = json.loads(body) if body[:1] == b"{" else {}
    return Request(scope | {"path": path}, path, scope["query_string"].decode(), token, content)


async def _inner(request: Request) -> Answer:
    """What fakesnow's own application answers; its unhandled errors are status 500."""
    body = json.dumps(request.body).encode()
    headers = [(k, v) for k, v in request.scope["headers"] if k.lower() not in (b"content-length", b"content-encoding")]
    answer: dict[str, Any] = {"status": 500, "body": b""}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answer["status"] = message.get("status", answer["status"])
        answer["body"] += message.get("body", b"")

    await fakesnow.app(
        request.scope | {"headers": [*headers, (b"content-length", str(len(body)).encode())]}, receive, send
    )
    return answer["status"], answer["body"]


async def _reply(send: Send, status: int, payload: bytes, announced: int | None = None) -> None:
    length = str(len(payload) if announced is None else announced).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": payload, "more_body": announced is not None})


def remember_rewritten() -> None:
    """fakesnow walks a statement's tree eighty times to rewrite it for its engine: a query that comes again is rewritten once."""
    rewrite: Callable[..., exp.Expr] = FakeSnowflakeCursor._transform
    known: dict[tuple[str, str, str], exp.Expr] = {}

    def remembered(cursor: Any, tree: exp.Expr, parameters: Any) -> exp.Expr:
        if not isinstance(tree, exp.Query) or parameters:
            return rewrite(cursor, tree, parameters)
        key = tree.sql(dialect="snowflake"), cursor._conn.database, cursor._conn.schema
        if key not in known:
            known[key] = rewrite(cursor, tree, parameters)
        return known[key].copy()

    FakeSnowflakeCursor._transform = remembered


def main() -> None:
    port, rows = int(sys.argv[1]), int(sys.argv[2])
    remember_rewritten()
    fakesnow.shared_fs.connect("SNOWFLAKE", "ACCOUNT_USAGE")
    # Its statements are small: a second thread costs more than it does.
    fakesnow.shared_fs.duck_conn.execute("SET threads = 1")
    for macro in MACROS:
        fakesnow.shared_fs.duck_conn.cursor().execute(f"CREATE OR REPLACE MACRO SNOWFLAKE.main.{macro}")
    server, orders = Server(rows), Path(sys.argv[3])
    for order in json.loads(orders.read_text()) if orders.exists() else []:
        server.control(order)
    # What the imports have left stays; Python needn't search it for garbage.
    gc.freeze()
    uvicorn.run(server, host="127.0.0.1", port=port, log_level="error", http=Protocol, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
