"""The statements that the advisor runs: each only reads, says its grain, and asks for the columns that a snapshot has."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from advisor import resources
from advisor.collector.extracts import DAY, Sampling, Window, extracts
from advisor.collector.views import ACCOUNT_VIEWS, read
from advisor.snapshot.views import VIEWS
from tests.snapshots import START

FILES = sorted(path.stem for path in resources.folder("sql").iterdir())
DAY_ONE = Window(START.replace(tzinfo=None), START.replace(tzinfo=None) + DAY)
ALL = {view: frozenset(read(view)) for view in ACCOUNT_VIEWS}
FEW = Sampling(40, 12, 200)


def parsed(text: str) -> exp.Query:
    (tree,) = sqlglot.parse(text, read="snowflake")
    assert isinstance(tree, exp.Query)
    return tree


def reads(tree: exp.Query) -> set[str]:
    """The tables named in full; what is not is the statement's own."""
    return {f"{t.catalog}.{t.db}.{t.name}" for t in tree.find_all(exp.Table) if t.catalog}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_one_statement_that_only_reads_the_account_s_metadata(name: str) -> None:
    tree = parsed(resources.sql(name))
    assert not list(tree.find_all(exp.DML, exp.DDL, exp.Command, exp.Into))
    for table in reads(tree):
        assert table.startswith("SNOWFLAKE.ACCOUNT_USAGE.") or table == "SNOWFLAKE.INFORMATION_SCHEMA.COLUMNS"


@pytest.mark.parametrize("name", FILES)
def test_a_file_begins_with_its_grain(name: str) -> None:
    assert resources.sql(name).startswith(("-- One row per ", "-- One row:"))


def test_the_check_knows_a_statement_that_writes() -> None:
    with pytest.raises(AssertionError):
        parsed("CREATE TABLE t AS SELECT 1")
    with pytest.raises(ValueError, match="unpack"):
        parsed("SELECT 1; DROP TABLE t")


@pytest.mark.parametrize("view", sorted(ACCOUNT_VIEWS))
def test_a_view_s_statement_asks_for_the_columns_that_a_snapshot_has_of_it(view: str) -> None:
    tree = parsed(resources.sql(view))
    assert set(tree.named_selects) == set(VIEWS[view].columns)
    assert not [star for star in tree.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]


@pytest.mark.parametrize("raw", [False, True])
def test_what_is_sent_is_one_statement_with_every_place_filled(raw: bool) -> None:
    for extract in extracts(ALL, DAY_ONE, FEW, raw):
        tree = parsed(extract.sql)
        assert not [p for p in tree.find_all(exp.Parameter, exp.Placeholder) if not p.name.isdigit()]
        of_queries = (
            {"SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY"} if extract.source == "dynamic_table_refresh_history" else set()
        )
        assert reads(tree) == {f"SNOWFLAKE.ACCOUNT_USAGE.{extract.source.upper()}", *of_queries}


@pytest.mark.parametrize("view", sorted(ACCOUNT_VIEWS))
def test_a_column_that_the_account_lacks_is_null(view: str) -> None:
    required = {name for alternatives in VIEWS[view].required for name in alternatives}
    optional = sorted(set(read(view)) - required)
    held = ALL | {view: ALL[view] - {optional[0]}}
    changed = [e for e in extracts(held, DAY_ONE, FEW, raw=False) if e.source == view]
    for extract in changed:
        inner = [s for s in parsed(extract.sql).find_all(exp.Select) if optional[0] in s.named_selects]
        nulls = [s for s in inner for c in s.selects if c.alias_or_name == optional[0] and c.find(exp.Null)]
        assert nulls, extract.sql
