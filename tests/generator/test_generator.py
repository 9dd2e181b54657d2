"""The output folder: its files, their contents, and that it is written whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import sqlglot

from advisor.errors import InputError
from advisor.figures import between, duration, excerpt, number, percent, size
from advisor.generator import funnel, generate
from advisor.generator.document import document
from advisor.generator.pages import plan, report
from advisor.generator.scripts import scripts
from advisor.model import Advice, Cost, Range, Recommendation
from tests.advices import apart, empty, one, recommendation, rich
from tests.refresh_golden import GOLDEN, goldens

ROOT = Path(__file__).parent.parent.parent
SCHEMA = json.loads((ROOT / "tests" / "advice.schema.json").read_text(encoding="utf-8"))


def written(advice: Advice) -> Any:
    """`advice.json` as a reader gets it."""
    return json.loads(document(advice, scripts(advice)))


def folder(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


# ---------------------------------------------------------------- advice.json


@pytest.mark.parametrize("advice", [rich(), empty()], ids=["rich", "empty"])
def test_advice_json_keeps_the_contract(advice: Advice) -> None:
    jsonschema.validate(written(advice), SCHEMA, format_checker=jsonschema.FormatChecker())


def test_the_schema_check_can_fail() -> None:
    broken = written(rich())
    broken["snapshot"]["window_start"] = "yesterday"
    with pytest.raises(jsonschema.ValidationError, match="yesterday"):
        jsonschema.validate(broken, SCHEMA, format_checker=jsonschema.FormatChecker())


def test_unknown_figures_are_left_out_or_null_and_never_zero() -> None:
    content = written(rich())
    first = content["recommendations"][0]
    assert "storage_bytes" not in first["benefit"]
    assert first["evidence"]["templates"][1]["partitions_scanned_share"] == {}
    assert content["baseline"]["execution_time_ms"]["p99"] is None
    assert written(empty())["baseline"]["partitions_scanned_share"] is None


def test_figures_keep_six_significant_digits() -> None:
    first = written(rich())["recommendations"][0]
    assert first["net_credits_per_month"] == {"low": 44.0833, "expected": 74.8333, "high": 101.917}
    assert first["evidence"]["templates"][0]["partitions_scanned_share"]["after"] == 0.0345679


def test_moments_are_written_in_utc() -> None:
    there = datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    advice = replace(
        rich(), snapshot=replace(rich().snapshot, window_start=there, taken_at=datetime(2026, 2, 1, 0, 0, 0, 5))
    )
    assert written(advice)["snapshot"]["window_start"] == "2026-01-01T00:00:00Z"
    assert written(advice)["snapshot"]["taken_at"] == "2026-02-01T00:00:00.000005Z"


def test_the_slowest_templates_show_no_constants() -> None:
    texts = [entry["text"] for entry in written(rich())["baseline"]["slowest_templates"]]
    assert texts == ["SELECT * FROM orders WHERE name = ? AND tenant_id = ?", 'SELECT "a|b" FROM t']


def test_a_kind_without_a_template_has_no_script_and_no_statements() -> None:
    other = replace(recommendation(), kind="idle_limit", action="enable")
    (entry,) = written(one(other))["recommendations"]
    assert entry["script"] is None
    assert entry["statements"] == {"apply": [], "verify": [], "revert": []}


# ---------------------------------------------------------------- scripts and pages


@pytest.mark.parametrize("name", sorted(goldens()))
def test_golden(name: str) -> None:
    assert goldens()[name] == (GOLDEN / name).read_bytes().decode(), "if this is meant: python -m tests.refresh_golden"


def test_each_golden_file_has_its_text() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(goldens())


def test_the_statements_of_advice_json_stand_in_the_script() -> None:
    for entry, script in zip(written(rich())["recommendations"], scripts(rich()), strict=True):
        assert script is not None
        for statement in (*entry["statements"]["apply"], *entry["statements"]["verify"]):
            assert f"\n{statement};\n" in script.text
        (revert,) = entry["statements"]["revert"]
        assert f"\n-- {revert};\n" in script.text


def test_apply_and_revert_are_each_others_opposite() -> None:
    statements = [
        (entry["statements"]["apply"], entry["statements"]["revert"]) for entry in written(rich())["recommendations"]
    ]
    assert statements == [
        (
            ["ALTER TABLE SALES.PUBLIC.ORDERS CLUSTER BY (TENANT_ID, TO_DATE(ORDERED_AT))"],
            ["ALTER TABLE SALES.PUBLIC.ORDERS DROP CLUSTERING KEY"],
        ),
        (
            ['ALTER TABLE SALES."web"."Click Events" CLUSTER BY ("User Id")'],
            ['ALTER TABLE SALES."web"."Click Events" CLUSTER BY (TO_DATE(TS))'],
        ),
        (
            ["ALTER TABLE SALES.PUBLIC.ITEMS DROP CLUSTERING KEY"],
            ["ALTER TABLE SALES.PUBLIC.ITEMS CLUSTER BY (ITEM_ID)"],
        ),
    ]


def test_the_guard_asks_what_the_check_asks() -> None:
    """The one that can be read and the one that stops differ in where the verdict goes, and in nothing else."""
    script = scripts(rich())[0]
    assert script is not None
    check, guard = re.findall(r"SELECT\n  CASE.*?;\n", script.text, re.DOTALL)
    assert check.replace("AS verdict", "INTO :verdict") == guard
    sqlglot.parse_one(check, read="snowflake")


def verdict(advised: Recommendation, *tables: tuple[str, str | None, int]) -> str:
    """What the check says of INFORMATION_SCHEMA.TABLES rows (type, key, rows), run on DuckDB."""
    (script,) = scripts(one(advised))
    assert script is not None
    tree = sqlglot.parse_one(script.text[script.text.index("SELECT\n  CASE") :].partition(";\n")[0], read="snowflake")
    for table in tree.find_all(sqlglot.exp.Table):
        stand_in = sqlglot.exp.to_table("found" if table.name == "TABLES" else "held")
        table.replace(sqlglot.exp.alias_(stand_in, table.alias, table=True) if table.alias else stand_in)
    with duckdb.connect() as engine:
        engine.execute(
            "CREATE TABLE found (table_schema TEXT, table_name TEXT, table_type TEXT, clustering_key TEXT, row_count INT)"
        )
        engine.execute(
            "CREATE TABLE held AS SELECT 'PUBLIC' AS table_schema, 'ORDERS' AS table_name, UNNEST(['TENANT_ID', 'ORDERED_AT', 'TS', 'id']) AS column_name"
        )
        for row in tables:
            engine.execute("INSERT INTO found VALUES ('PUBLIC', 'ORDERS', ?, ?, ?)", row)
        engine.execute("INSERT INTO found VALUES ('PUBLIC', 'OTHER', 'VIEW', 'LINEAR(X)', 1)")
        ((said,),) = engine.execute(tree.sql(dialect="duckdb")).fetchall()
    return str(said)


WITH_KEY = recommendation(current=("TO_DATE(TS)", '"id"'))
UNKEYED = replace(recommendation(), details={**recommendation().details, "valid_until": "9999-12-31"})
KEYED = replace(WITH_KEY, details={**WITH_KEY.details, "valid_until": "9999-12-31"})
EXPIRED = replace(recommendation(), details={**recommendation().details, "valid_until": "2000-01-01"})


@pytest.mark.parametrize(
    ("advised", "tables", "expected"),
    [
        (UNKEYED, [("BASE TABLE", None, 1_000_000)], "OK"),
        (UNKEYED, [("BASE TABLE", "", 500_000)], "OK"),
        (UNKEYED, [], "STOP: the table does not exist"),
        (UNKEYED, [("VIEW", None, 1_000_000)], "STOP: the name stands for something"),
        (
            UNKEYED,
            [("BASE TABLE", None, 1_000_000), ("LOCAL TEMPORARY", None, 1_000_000)],
            "STOP: the name stands for something",
        ),
        (UNKEYED, [("BASE TABLE", "LINEAR(A)", 1_000_000)], "STOP: the clustering key"),
        (UNKEYED, [("BASE TABLE", None, 499_999)], "STOP: the row count"),
        (UNKEYED, [("BASE TABLE", None, 2_000_003)], "STOP: the row count"),
        (EXPIRED, [("BASE TABLE", None, 1_000_000)], "OK, but the advice is past its date"),
        (EXPIRED, [("BASE TABLE", "LINEAR(A)", 1_000_000)], "STOP: the clustering key"),
        (KEYED, [("BASE TABLE", 'LINEAR(TO_DATE(TS),"id")', 1_000_000)], "OK"),
        (KEYED, [("BASE TABLE", '(to_date(ts), "id")', 1_000_000)], "OK"),
        (KEYED, [("BASE TABLE", None, 1_000_000)], "STOP: the clustering key"),
        (KEYED, [("BASE TABLE", "LINEAR(TO_DATE(TS))", 1_000_000)], "STOP: the clustering key"),
    ],
)
def test_the_check_tells_the_table_that_the_advice_saw_from_another(
    advised: Recommendation, tables: list[tuple[str, str | None, int]], expected: str
) -> None:
    said = verdict(advised, *tables)
    assert said == expected if expected == "OK" else said.startswith(expected)


def test_a_cost_that_is_unknown_makes_the_plans_total_unknown() -> None:
    two = (recommendation(), replace(recommendation(), cost=Cost()))
    advice = replace(rich(), recommendations=two, totals=apart(two))
    text = plan(advice, scripts(advice))
    assert re.search(r"\| Build, credits once +\| unknown +\|", text)
    assert re.search(r"\| Upkeep, credits a month +\| unknown +\|", text)
    assert "the plan payback unknown" not in text


def test_the_plan_counts_what_it_leaves_to_advice_json() -> None:
    many = [{"fingerprint": f"f{number}", "why": "no filter"} for number in range(13)]
    advised = replace(recommendation(), details={**recommendation().details, "unserved": many})
    rejected = rich().rejections[0]
    others = [replace(rejected, target=replace(rejected.target, name=f"T{i}")) for i in range(110)]
    advice = replace(one(advised), rejections=(*[rejected] * 5, *others))
    text = plan(advice, scripts(advice))
    assert "- and 3 more in `advice.json`" in text
    assert text.count(rejected.reason) == 100
    assert "… and 15 more in `advice.json`" in text


def test_the_plan_shows_the_nearest_rejections_of_each_object() -> None:
    rejected = rich().rejections[0]
    text = plan(replace(rich(), rejections=(rejected,) * 9), scripts(rich()))
    assert text.count(rejected.reason) == 3
    assert "… and 6 more in `advice.json`" in text


def test_a_key_expression_that_is_none_stops_the_generator() -> None:
    with pytest.raises(InputError, match="key expression"):
        scripts(one(recommendation(current=("A); DROP TABLE T; --",))))


class Tags(HTMLParser):
    """The tags and attributes of a page, and whether each was closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "srcset", "action")}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_well_formed_file_that_loads_nothing(tmp_path: Path) -> None:
    generate(rich(), tmp_path / "out")
    page = Tags((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert not page.seen & {"link", "img", "iframe", "object", "form"}
    anchors = {"#plan", "#left", "#today", "#coverage"} | {f"#{change.id}" for change in rich().recommendations}
    assert page.links == {script.path for script in scripts(rich()) if script} | anchors | {"apply.sql"}


def test_the_reports_policy_lets_through_its_own_style_and_script_and_nothing_else() -> None:
    page = report(rich(), scripts(rich()))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    inline = [re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL) for tag in ("style", "script")]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for (text,) in inline]
    assert policy == f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'"
    assert "style=" not in page


# ---------------------------------------------------------------- the folder


def test_it_holds_what_the_contract_names(tmp_path: Path) -> None:
    paths = generate(rich(), tmp_path / "out")
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in paths) == sorted(folder(tmp_path / "out"))
    assert set(folder(tmp_path / "out")) == {
        ".sqlfluff",
        "advice.json",
        "apply.sql",
        "plan.md",
        "report.html",
        "revert.sql",
        "scripts/001_clustering_key_SALES_PUBLIC_ORDERS.sql",
        "scripts/002_clustering_key_SALES_web-4b5e57f6_Click_Events-4922163c.sql",
        "scripts/003_clustering_key_SALES_PUBLIC_ITEMS.sql",
    }


def test_equal_advice_gives_equal_bytes(tmp_path: Path) -> None:
    generate(rich(), tmp_path / "one")
    generate(rich(), tmp_path / "two")
    assert folder(tmp_path / "one") == folder(tmp_path / "two")


def test_an_older_output_is_replaced_whole(tmp_path: Path) -> None:
    generate(rich(), tmp_path / "out")
    generate(empty(), tmp_path / "out")
    assert set(folder(tmp_path / "out")) == {
        ".sqlfluff",
        "advice.json",
        "apply.sql",
        "plan.md",
        "report.html",
        "revert.sql",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_parents_are_made_and_an_empty_folder_is_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    generate(empty(), tmp_path / "empty")
    generate(empty(), tmp_path / "a" / "b")
    assert folder(tmp_path / "empty") == folder(tmp_path / "a" / "b")


@pytest.mark.parametrize("foreign", ["notes.txt", "scripts/mine.sql", "plan.md/mine.txt", "old/scripts/mine.sql"])
@pytest.mark.parametrize("ours_too", [True, False])
def test_a_folder_with_a_users_files_is_left_alone(tmp_path: Path, foreign: str, ours_too: bool) -> None:
    out = tmp_path / "out"
    if ours_too:
        generate(empty(), out)
        (out / "plan.md").unlink()
    (out / foreign).parent.mkdir(parents=True, exist_ok=True)
    (out / foreign).write_text("precious")
    before = folder(tmp_path)
    with pytest.raises(InputError, match="no earlier run wrote"):
        generate(rich(), out)
    assert folder(tmp_path) == before


def test_another_programs_advice_json_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "advice.json").write_text('{"advice": "be kind"}')
    with pytest.raises(InputError, match="no earlier run wrote"):
        generate(rich(), tmp_path)
    assert folder(tmp_path) == {"advice.json": b'{"advice": "be kind"}'}


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("precious")
    with pytest.raises(InputError, match="a file of that name is there"):
        generate(rich(), tmp_path / "out")
    assert folder(tmp_path) == {"out": b"precious"}


def test_a_file_where_a_parent_should_be_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("precious")
    with pytest.raises(InputError, match="cannot write the output folder"):
        generate(rich(), tmp_path / "reports" / "out")


CUT_SHORT = """
import resource, sys
from pathlib import Path
from advisor.errors import InputError
from advisor.generator import generate
from tests.advices import apart, rich
advice = rich()
resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    generate(advice, Path(sys.argv[1]))
except InputError as error:
    print(error)
"""


def cut_short(out: Path) -> str:
    """What generating says in a process that can write no more than 12,000 bytes of a file: `advice.json` is longer."""
    command = [sys.executable, "-c", CUT_SHORT, str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_a_failure_midway_leaves_nothing(tmp_path: Path) -> None:
    assert re.search(r"cannot write the output folder .*File too large", cut_short(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_midway_keeps_the_old_output(tmp_path: Path) -> None:
    generate(empty(), tmp_path / "out")
    before = folder(tmp_path)
    assert re.search(r"cannot write the output folder .*File too large", cut_short(tmp_path / "out"))
    assert folder(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_parent_is_an_input_error(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            generate(rich(), tmp_path / "out")
    finally:
        tmp_path.chmod(stat.S_IRWXU)
    assert folder(tmp_path) == {}


def test_advice_that_cannot_be_written_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="key expression"):
        generate(one(recommendation(current=("A, (B",))), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- words and figures


def test_the_funnel_says_how_the_history_narrowed_and_what_was_left_out() -> None:
    assert funnel(rich()).splitlines() == [
        "1,300 queries -> 2 templates (1 understood, 97.0% of the execution time) -> 17 candidates -> 3 recommendations (1 rejected)",
        "skipped: failed: 70 queries, 1.0% of the execution time",
        "skipped: does not parse: 30 queries, 1.9% of the execution time",
        "missing: table_dml_history: Upkeep is taken from the writes seen in the history.",
        "back-test: 3 changes chosen before 2026-01-23 promised 230 credits a month; by the executions since, they bring 210",
    ]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(None), "unknown"),
        (number(0.0), "0"),
        (number(0.012345), "0.0123"),
        (number(1234567.0), "1,230,000"),
        (number(0.0000505123), "0.0000505"),
        (number(-1e-15), "0"),
        (number(-5.0), "-5"),
        (between(None), "unknown"),
        (between(Range(2, 2, 2)), "2"),
        (between(Range(60, 85, 110)), "60 to 110 (expected 85)"),
        (between(Range(60, 85, 110), size), "60 bytes to 110 bytes (expected 85 bytes)"),
        (percent(None), "unknown"),
        (percent(0.0), "0.0%"),
        (percent(0.00001), "<0.1%"),
        (percent(0.9999), ">99.9%"),
        (percent(1.0), "100.0%"),
        (size(None), "unknown"),
        (size(1023), "1,020 bytes"),
        (size(3 * 2**40), "3 TiB"),
        (size(2**60), "1,020 PiB"),
        (duration(None), "unknown"),
        (duration(12.0), "12 ms"),
        (duration(90_000.0), "1.5 min"),
        (duration(5 * 86_400_000.0), "5 days"),
    ],
)
def test_a_figure_has_its_unit_and_only_the_digits_it_deserves(shown: str, expected: str) -> None:
    assert shown == expected


@pytest.mark.parametrize(
    ("statement", "shown"),
    [
        ("SELECT 'it''s \\' me' , 1.5e3, $$x$$ FROM t1", "SELECT ? , ?, ? FROM t1"),
        ("SELECT /* 'a */ 'secret' -- 'b\n, 2", "SELECT ? , ?"),
        ("SELECT 'cut off", "SELECT ?"),
        ("SELECT $$cut off", "SELECT ?"),
        ("/* cut off", ""),
        ('SELECT "it\'s 5" FROM t', 'SELECT "it\'s 5" FROM t'),
    ],
)
def test_an_excerpt_keeps_names_and_hides_constants(statement: str, shown: str) -> None:
    assert excerpt(statement) == shown
