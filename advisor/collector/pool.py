"""Statements run in the account a few at a time, each result fetched whole or asked for again.

Neither connector 4 nor 5 repeats everything: a connection lost in the midst of a chunk, a truncated answer or a login that
ended surface as errors, in 4.x some of them not even as the connector's own. So what is repeated here is *execute and fetch
everything*, on a new connection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import Any, TypeVar

import pyarrow as pa
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor

from advisor import resources
from advisor.collector.connection import FAILURES, Connector
from advisor.errors import SourceError
from advisor.quoting import literal

T = TypeVar("T")
Job = TypeVar("Job")
Take = Callable[[Iterator[pa.Table]], T]

# "Does not exist or not authorized", insufficient privileges, a view that can't be expanded.
_DENIED = (2003, 3001, 2037)
# Aborted by the server, cancelled, a session or a login that ended: what another attempt may mend.
_PASSING = (603, 604, 607, 390104, 390108, 390110, 390111, 390112, 390114)
_HINTS = {
    606: "; name a warehouse in the connection's entry",
    630: "; give the connection a larger warehouse, or raise the setting statement_seconds",
}


class RefusedError(SourceError):
    """The account won't run the statement, however often it is asked."""


class DeniedError(RefusedError):
    """The role may not read it, or it is not there: the account doesn't say which."""


@dataclass
class Session:
    """One connection of the pool: opened when it is first needed, and again after it was lost."""

    connector: Connector
    stop: Event = field(default_factory=Event)
    """Once set, no attempt is begun and no answer is waited for."""
    connection: SnowflakeConnection | None = None
    query: str | None = None
    """The last statement's id."""

    def ask(self, what: str, sql: str, take: Take[T], shown: str | None = None) -> T:
        """What `take` makes of the statement's whole result, its batches given one by one; `take` must bear being called again.

        `shown` is a SHOW to run first, whose query's id stands for $shown in the statement.

        Raises RefusedError, and SourceError after the last attempt; whatever `take` raises of its own passes.
        """
        settings = self.connector.settings
        attempts = max(1, settings.attempts)
        for attempt in range(attempts):
            if attempt:
                self.stop.wait(settings.retry_seconds * 2 ** (attempt - 1))
            if self.stop.is_set():
                break
            try:
                return take(self._batches(sql, shown))
            except RefusedError:
                raise
            except SourceError as error:
                last = str(error)
            except FAILURES as error:
                last = _judged(what, error)
            self.close()
        raise SourceError(f"{last}; gave up after {attempts} attempts" if not self.stop.is_set() else "stopped")

    def rows(self, what: str, sql: str, shown: str | None = None) -> list[dict[str, Any]]:
        """The whole result of a statement that has few rows, by column name; `shown` as above."""
        return self.ask(what, sql, lambda batches: [row for batch in batches for row in batch.to_pylist()], shown)

    def scanned(self) -> int | None:
        """Bytes that the last statement scanned; None where the account doesn't say."""
        sql = resources.sql("own_scan").replace("$query", literal(self.query or ""))
        try:
            found = self.rows("bytes scanned", sql)
        except RefusedError:
            return None
        return int(found[0]["BYTES_SCANNED"]) if found and found[0]["BYTES_SCANNED"] is not None else None

    def close(self) -> None:
        """Ends the session, and with it whatever it still has running."""
        connection, self.connection = self.connection, None
        if connection is not None:
            try:
                connection.close()
            except FAILURES:
                # The account ends a session that it hears nothing of.
                return

    def _batches(self, sql: str, shown: str | None) -> Iterator[pa.Table]:
        if shown is not None:
            sql = sql.replace("$shown", literal(self._run(shown)[1]))
        cursor, query = self._run(sql)
        cursor.query_result(query)
        received = 0
        for table in cursor.fetch_arrow_batches(force_microsecond_precision=True):
            received += table.num_rows
            yield table
        if cursor.rowcount is not None and cursor.rowcount != received:
            raise SourceError(f"{received} of {cursor.rowcount} rows arrived")

    def _run(self, sql: str) -> tuple[SnowflakeCursor, str]:
        """The statement, ended, and its id."""
        self.connection = self.connection or self.connector.open()
        cursor = self.connection.cursor()
        cursor.execute_async(sql)
        query = self.query = str(cursor.sfqid)
        self._wait(self.connection, query)
        return cursor, query

    def _wait(self, connection: SnowflakeConnection, query: str) -> None:
        """Until the statement has ended; the account itself ends it after `statement_seconds`."""
        settings = self.connector.settings
        began = time.monotonic()
        pause = 0.01
        while connection.is_still_running(status := connection.get_query_status_throw_if_error(query)):
            waited = time.monotonic() - began
            # The connector itself would ask on for minutes.
            if status.name == "NO_DATA" and waited > settings.request_seconds:
                raise SourceError("the account has lost the statement")
            if waited > settings.statement_seconds + settings.request_seconds:
                raise SourceError("the statement didn't end in time")
            if self.stop.wait(pause):
                raise SourceError("stopped")
            pause = min(2.0, pause * 1.5)


def _judged(what: str, error: BaseException) -> str:
    """A failure in one line, where another attempt may mend it; else raises what it means."""
    number = getattr(error, "errno", None)
    text = " ".join(str(getattr(error, "raw_msg", None) or error).split())
    if number in _DENIED:
        raise DeniedError(f"{what}: {text}") from None
    if type(error).__name__ == "ProgrammingError" and number not in _PASSING:
        raise RefusedError(f"{what}: Snowflake refused: {text}{_HINTS.get(number or 0, '')}") from None
    return f"{what}: {text or type(error).__name__}"


def run_all(
    connector: Connector, jobs: Sequence[Job], work: Callable[[Session, Job], T], settled: Callable[[Job, T], None]
) -> None:
    """Does every job over `Settings.connections` sessions; `settled` hears of each as it ends, in this thread.

    The first failure stops the others and is raised.
    """
    stop = Event()
    sessions: SimpleQueue[Session] = SimpleQueue()
    count = max(1, connector.settings.connections)
    for _ in range(count):
        sessions.put(Session(connector, stop))

    def one(job: Job) -> T:
        session = sessions.get()
        try:
            return work(session, job)
        finally:
            sessions.put(session)

    with ThreadPoolExecutor(count) as pool:
        futures = {pool.submit(one, job): job for job in jobs}
        try:
            for future in as_completed(futures):
                settled(futures[future], future.result())
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
            for _ in range(count):
                sessions.get().close()
