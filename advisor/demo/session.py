"""What the demo does in the engine's own process: `python -m advisor.demo.session REQUEST`, in the demo's folder.

REQUEST is JSON; progress goes to standard output, a failure's one line to standard error, with the error's exit status.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from advisor.demo import data, traffic, workload
from advisor.demo.engine import Engine, EngineError
from advisor.demo.layout import measure
from advisor.errors import AdvisorError
from advisor.model import KeyPart

ARRIVALS_PER_BLOCK = 100_000


def main(request: Mapping[str, Any]) -> int:
    try:
        if request["task"] == "snapshot":
            _snapshot(Path.cwd(), float(request["scale"]))
        else:
            _verify(Path.cwd(), request["tables"])
    except AdvisorError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except EngineError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 3
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


def _snapshot(home: Path, scale: float) -> None:
    # First, because it tells whether its package is there, and with it what the other two import.
    engine = Engine(home / "engine")
    from advisor.demo import history

    made = data.make(home / "data", scale, _say)
    for one in made:
        engine.load(one.table.name, one.parquet, one.rows_per_block)
        if one.arrivals:
            engine.load(f"{one.table.name}_arrivals", one.arrivals, ARRIVALS_PER_BLOCK)
    _say(f"loaded {len(made)} tables")
    recorded = workload.run(engine, traffic.statements(scale), _say)
    history.write(home / "snapshot", engine, recorded)


def _verify(home: Path, tables: list[dict[str, Any]]) -> None:
    engine = Engine(home / "engine")
    measured = []
    for request in tables:
        key = tuple(_part(part) for part in request["key"])
        counts = measure(engine, request["table"][2].lower(), key, request["texts"])
        measured += [{"table": request["table"], **count} for count in counts]
        _say(f"{request['table'][2]}: {len(counts)} statements measured")
    (home / "measured.json").write_text(json.dumps(measured), encoding="utf-8")


def _part(part: Mapping[str, Any]) -> KeyPart:
    start_and_length = part["substring"]
    return KeyPart(part["column"], part["unit"], part["digits"], tuple(start_and_length) if start_and_length else None)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
