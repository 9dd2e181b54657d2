"""Whatever a name holds, a patch of dbt's model, of a job's statement and the combined files read back as the same name."""

from __future__ import annotations

import jinja2
import sqlglot
from hypothesis import example, given, settings
from sqlglot import exp

from advisor.generator.combined import combined
from advisor.generator.scripts import scripts
from advisor.model import DbtModel, Maker, Owner, TableName
from advisor.owners import ctas, patches
from advisor.quoting import identifier, qualified
from tests.generator.test_names import KEYS, TABLES, advice_on, columns, only_script, statements, table_of

MODEL = "{{\n  config(\n    materialized='incremental',\n    tags=['a, b', \"c)\"]\n  )\n}}\n\nselect *\nfrom raw"
NASTY = "a'\"; DROP TABLE T; --\n$$ */ }} {% endraw %} é💥\u2028\\"


def applied(patch: str, before: str) -> str:
    """The text after a unified diff of one hunk, by its own lines; splitting at "\\n" alone, as git does."""
    kept = [line for line in patch.split("\n")[3:] if not line.startswith("-")]
    removed = [line[1:] for line in patch.split("\n")[3:] if not line.startswith("+")]
    old, new = "\n".join(removed), "\n".join(line[1:] for line in kept)
    assert f"{before}\n".count(f"{old}\n") == 1
    return f"{before}\n".replace(f"{old}\n", f"{new}\n").removesuffix("\n")


def configured(code: str) -> dict[str, object]:
    """What dbt would hear: the arguments of the config call, as Jinja reads them."""
    heard: dict[str, object] = {}
    jinja2.Environment().from_string(code).render(config=lambda **said: heard.update(said) or "")
    return heard


@given(KEYS)
@example([NASTY])
@settings(deadline=None)
def test_a_models_config_names_the_columns(names: list[str]) -> None:
    owner = Owner(Maker.DBT, False, model=DbtModel("model.a.b", "models/b.sql", MODEL, "incremental"))
    patch = patches.of_key(owner, [identifier(name) for name in names])["patch"]
    assert isinstance(patch, str)
    heard = configured(applied(patch, MODEL))
    assert heard.pop("materialized") == "incremental"
    assert heard.pop("tags") == ["a, b", "c)"]
    (key,) = heard.values()
    assert isinstance(key, list)
    assert columns(f"SELECT {', '.join(key)}") == names


@given(TABLES, KEYS)
@example(TableName(NASTY, NASTY, NASTY), [NASTY])
@settings(deadline=None)
def test_a_jobs_statement_keeps_its_names_and_gets_the_keys(table: TableName, names: list[str]) -> None:
    query = f"SELECT {identifier(names[0])} FROM {qualified(table)}"
    statement = f"CREATE OR REPLACE TABLE {qualified(table)} AS {query}"
    changed = ctas.clustered(statement, ", ".join(map(identifier, names)))
    assert changed is not None
    tree = sqlglot.parse_one(changed, read="snowflake")
    assert isinstance(tree, exp.Create)
    assert table_of(changed) == (table.database, table.schema, table.name)
    key = tree.find(exp.ClusterProperty)
    assert key is not None
    assert [column.name for column in key.find_all(exp.Column, bfs=False)] == names
    assert ctas.clustered(changed, None) == statement
    patch = patches.of_key(Owner(Maker.JOB, True, statement=statement, fingerprint="f"), [*map(identifier, names)])[
        "patch"
    ]
    assert isinstance(patch, str)
    assert applied(patch, statement) == changed


def block_of(text: str) -> str:
    """What the one EXECUTE IMMEDIATE of a combined file runs; besides it the file sets the session's parameter at most."""
    *others, run = statements(text)
    assert others in ([], ["ALTER SESSION SET QUOTED_IDENTIFIERS_IGNORE_CASE = FALSE"])
    (block,) = sqlglot.tokenize(run.removeprefix("EXECUTE IMMEDIATE "), read="snowflake")
    return block.text


@given(TABLES, KEYS, KEYS)
@example(TableName(NASTY, NASTY, NASTY), [NASTY], [NASTY])
@settings(deadline=None)
def test_the_combined_files_run_the_very_statements(table: TableName, key: list[str], current: list[str]) -> None:
    advice = advice_on(table, key, current)
    script = only_script(advice)
    made = combined(advice, scripts(advice))
    for name, (statement,), names in (("apply.sql", script.apply, key), ("revert.sql", script.revert, current)):
        assert block_of(made[name]).endswith(f"    RETURN verdict;\n  END IF;\n{statement};\n  RETURN verdict;\nEND;\n")
        assert table_of(statement) == (table.database, table.schema, table.name)
        assert columns(statement) == names
