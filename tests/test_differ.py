"""Two runs' advice: nothing for equal runs, exactly the planted change for others, and the recorded reason."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from advisor.differ import Difference, compare
from advisor.errors import InputError
from advisor.generator import generate
from advisor.generator.difference import as_json, as_markdown
from advisor.model import Advice, Inputs, Rejection, TableFacts, TableName, ViewMissing
from advisor.published import Publication, latest, read
from tests.advices import EVENTS, ORDERS, recommendation, rich
from tests.commands import advisor
from tests.names import NAMES, TEXTS

INPUTS = Inputs(
    settings={"min_partitions": 50},
    tables=(
        TableFacts(str(ORDERS), "BASE TABLE", 1_000_001, 14_000_000_000, 5),
        TableFacts(str(EVENTS), "BASE TABLE", None, None, None, ("TO_DATE(TS)",)),
    ),
    templates={"aa11bb22": 40.0, "cc33dd44": 1.0},
)


def before() -> Advice:
    return replace(rich(), inputs=INPUTS)


def published(advice: Advice, folder: Path) -> Publication:
    generate(advice, folder)
    return read(folder)


def compared(old: Advice, new: Advice, tmp_path: Path) -> Difference:
    return compare(published(old, tmp_path / "old"), published(new, tmp_path / "new"))


def inputs(**changes: Any) -> Advice:
    return replace(before(), inputs=replace(INPUTS, **changes))


def test_what_is_read_back_is_what_was_advised(tmp_path: Path) -> None:
    back = published(before(), tmp_path / "out")
    assert [each.id for each in back.recommendations] == [each.id for each in before().recommendations]
    first, meant = back.recommendations[0], before().recommendations[0]
    assert (first.target, first.title, first.reason, first.warnings) == (
        meant.target,
        meant.title,
        meant.reason,
        meant.warnings,
    )
    assert first.cost == meant.cost
    assert first.benefit.partitions_scanned == meant.benefit.partitions_scanned
    assert first.benefit.storage_bytes is None
    assert first.apply == ("ALTER TABLE SALES.PUBLIC.ORDERS CLUSTER BY (TENANT_ID, TO_DATE(ORDERED_AT))",)
    assert back.inputs == INPUTS


def test_equal_runs_differ_in_nothing(tmp_path: Path) -> None:
    same = compared(before(), before(), tmp_path)
    assert as_markdown(same) == ""
    assert json.loads(as_json(same)) == {"schema": 1, "new": [], "gone": [], "changed": []}


def test_a_figure_that_hardly_moved_is_no_change(tmp_path: Path) -> None:
    first, *rest = before().recommendations
    moved = replace(first, net_credits_per_month=first.net_credits_per_month.scaled(1.05))
    assert not compared(before(), replace(before(), recommendations=(moved, *rest)), tmp_path)


def test_a_recommendation_more_is_the_one_that_is_new(tmp_path: Path) -> None:
    other = replace(recommendation(TableName("SALES", "PUBLIC", "REFUNDS"), ("DAY",)), id="clustering_key-feedbeef")
    found = compared(before(), replace(before(), recommendations=(*before().recommendations, other)), tmp_path)
    assert [item.present.id for item in found.new] == ["clustering_key-feedbeef"]
    assert not found.gone
    assert not found.changed


def test_a_recommendation_less_is_gone_with_the_rejection_that_took_its_place(tmp_path: Path) -> None:
    first, *rest = before().recommendations
    dropped = Rejection(first.kind, first.target, first.details, "Its upkeep exceeds what it saves.")
    after = replace(before(), recommendations=tuple(rest), rejections=(*before().rejections, dropped))
    (item,) = compared(before(), after, tmp_path).gone
    assert item.present.id == first.id
    assert "now rejected: Its upkeep exceeds what it saves." in [cause.text for cause in item.causes]


def test_another_key_for_the_same_table_replaces_the_old_one(tmp_path: Path) -> None:
    first, *rest = before().recommendations
    other = replace(first, id="clustering_key-0123abcd", title="Cluster ORDERS by (STORE_ID)")
    found = compared(before(), replace(before(), recommendations=(other, *rest)), tmp_path)
    (item,) = found.changed
    assert (item.old and item.old.id, item.new and item.new.id) == (first.id, "clustering_key-0123abcd")
    assert not found.new
    assert not found.gone


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"settings": {}}, "setting min_partitions: 50 → its default"),
        ({"settings": {"min_partitions": 70}}, "setting min_partitions: 50 → 70"),
        ({"templates": {"aa11bb22": 400.0, "cc33dd44": 1.0}}, "template aa11bb22: 40 → 400 executions a day"),
        ({"templates": {"cc33dd44": 1.0}}, "template aa11bb22: 40 executions a day before, not seen now"),
        (
            {"templates": {}, "templates_left_out": 3},
            "template aa11bb22: 40 executions a day before, not among the heaviest seen now",
        ),
        ({"tables": INPUTS.tables[1:]}, "SALES.PUBLIC.ORDERS: nothing uses it any more"),
        (
            {"tables": (replace(INPUTS.tables[0], rows=3_000_000), INPUTS.tables[1])},
            "SALES.PUBLIC.ORDERS: rows 1,000,001 → 3,000,000",
        ),
        (
            {"tables": (replace(INPUTS.tables[0], clustering_key=("A", "B")), INPUTS.tables[1])},
            "SALES.PUBLIC.ORDERS: clustering key none → (A, B)",
        ),
        (
            {"tables": (replace(INPUTS.tables[0], owner="dbt's model.shop.orders"), INPUTS.tables[1])},
            "SALES.PUBLIC.ORDERS: made by nobody known → dbt's model.shop.orders",
        ),
        ({}, "none of the recorded inputs differs much"),
    ],
)
def test_the_reason_is_the_input_that_changed(tmp_path: Path, changed: Mapping[str, Any], cause: str) -> None:
    new = inputs(**changed)
    first, *rest = new.recommendations
    moved = replace(first, net_credits_per_month=first.net_credits_per_month.scaled(3))
    (item,) = compared(before(), replace(new, recommendations=(moved, *rest)), tmp_path).changed
    assert item.present.id == first.id
    assert cause in [each.text for each in item.causes]


def test_a_view_that_is_missing_now_is_a_reason(tmp_path: Path) -> None:
    lost = replace(before().coverage, views_missing=(*before().coverage.views_missing, ViewMissing("columns", "much")))
    first, *rest = before().recommendations
    new = replace(before(), coverage=lost, recommendations=(replace(first, confidence="low"), *rest))
    (item,) = compared(before(), new, tmp_path).changed
    assert item.changes == ("confidence medium → low",)
    assert [cause.text for cause in item.causes] == ["columns is missing now"]


def test_an_advice_without_inputs_says_that_the_cause_cannot_be_told(tmp_path: Path) -> None:
    published(before(), tmp_path / "old")
    file = tmp_path / "old" / "advice.json"
    content = json.loads(file.read_text())
    del content["inputs"]
    file.write_text(json.dumps(content))
    new = published(replace(before(), recommendations=()), tmp_path / "new")
    found = compare(read(file), new)
    assert len(found.gone) == 3
    assert all("records no inputs" in item.causes[-1].text for item in found.gone)


@settings(max_examples=40, deadline=None)
@given(NAMES, TEXTS)
def test_no_name_is_markup_in_the_comment(name: str, text: str) -> None:
    first = replace(recommendation(), title=f"Cluster {name}", reason=text)
    item = replace(compare(_publication(()), _publication((first,))).new[0], changes=(text,))
    page = as_markdown(Difference(new=(item,)))
    tokens = MarkdownIt("gfm-like").parse(page)
    kinds = {token.type for block in tokens for token in (block, *(block.children or ()))}
    assert not kinds & {
        "link_open",
        "image",
        "html_inline",
        "html_block",
        "code_inline",
        "em_open",
        "strong_open",
        "fence",
    }
    assert len(re.findall("^#", page, re.MULTILINE)) == 2


def _publication(recommendations: tuple[Any, ...]) -> Publication:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as home:
        return published(replace(before(), recommendations=recommendations), Path(home) / "out")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1}'])
def test_a_file_that_is_no_advice_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "advice.json").write_text(content)
    with pytest.raises(InputError, match="advice"):
        read(tmp_path)


def test_the_latest_advice_is_the_one_whose_folder_sorts_last(tmp_path: Path) -> None:
    for day in ("2026-01-24", "2026-01-31", "2026-01-03"):
        published(before(), tmp_path / day)
    assert latest(tmp_path).name == "2026-01-31"
    with pytest.raises(InputError, match="--advice"):
        latest(tmp_path / "2026-01-03")


# ---------------------------------------------------------------- the commands


def test_a_run_of_the_same_snapshot_prints_nothing(home: Path) -> None:
    advisor("analyze", "--snapshot", "snapshot", "--out", "again", cwd=home)
    done = advisor("diff", "old", "again", cwd=home)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no difference\n")


def test_a_setting_that_ends_the_advice_is_named(home: Path) -> None:
    (home / "strict.toml").write_text("min_partitions = 100000\n")
    advisor("analyze", "--snapshot", "snapshot", "--out", "strict", "--config", "strict.toml", cwd=home)
    done = advisor("diff", "old", "strict", "--format", "json", cwd=home)
    content = json.loads(done.stdout)
    assert [len(content[part]) for part in ("new", "gone", "changed")] == [0, 1, 0]
    assert "setting min_partitions: its default → 100000" in [cause["text"] for cause in content["gone"][0]["causes"]]


def test_check_fails_on_advice_that_the_baseline_lacks_only(home: Path) -> None:
    arguments = ("analyze", "--snapshot", "snapshot", "--check", "--out", "now")
    new = advisor(*arguments, cwd=home)
    assert new.returncode == 1
    assert "new advice: clustering_key-" in new.stderr
    assert advisor(*arguments, "--baseline", "old", cwd=home).returncode == 0
    assert advisor(*arguments, "--min-credits", "1e6", cwd=home).returncode == 0


def test_a_baseline_that_is_no_advice_is_one_line_before_any_work(home: Path) -> None:
    done = advisor("analyze", "--snapshot", "snapshot", "--check", "--baseline", "nowhere", cwd=home)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
