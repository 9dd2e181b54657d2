"""Whatever a name holds, it goes from the snapshot through the analysis into the script and reads back as the same name."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import sqlglot
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.names import NAMES
from tests.recommenders.test_clustering_key import ORDERS, runs
from tests.snapshots import write_snapshot


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# Each example is a whole analysis: too slow to shrink.
@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(place=st.tuples(NAMES, NAMES, NAMES), column=NAMES)
def test_a_name_survives_from_the_snapshot_to_the_script(place: tuple[str, str, str], column: str) -> None:
    database, schema, name = place
    where = {"TABLE_CATALOG": database, "TABLE_SCHEMA": schema, "TABLE_NAME": name}
    text = f"SELECT * FROM {'.'.join(map(quoted, place))} WHERE {quoted(column)} = "
    history = runs(lambda i: f"{text}{i * 7919 % 100_000}", 300, 2000)
    columns = [{**where, "COLUMN_NAME": column, "DATA_TYPE": "NUMBER", "ORDINAL_POSITION": 1}]
    with tempfile.TemporaryDirectory() as folder:
        source = write_snapshot(Path(folder) / "snapshot", history, [{**ORDERS, **where}], columns=columns)
        with open_snapshot(source, Settings()) as snapshot:
            generate(analyze(snapshot, Settings()), Path(folder) / "out")
        advice = json.loads((Path(folder) / "out" / "advice.json").read_text())
        (recommendation,) = advice["recommendations"]
        script = (Path(folder) / "out" / recommendation["script"]).read_bytes().decode()
    assert [recommendation["target"][part] for part in ("database", "schema", "name")] == [database, schema, name]
    (apply,) = recommendation["statements"]["apply"]
    assert apply in script
    _expect_names(apply, place, column)


def _expect_names(statement: str, place: tuple[str, str, str], column: str) -> None:
    tree = sqlglot.parse_one(statement, read="snowflake")
    table = tree.find(exp.Table)
    assert isinstance(tree, exp.Alter)
    assert table is not None
    assert (table.catalog, table.db, table.name) == place
    found = {node.name for node in tree.find_all(exp.Column)}
    assert found == {column}
