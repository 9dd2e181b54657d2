"""The advice for other programs: OpenMetrics text for monitoring, SARIF for code scanning."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from advisor.generator import generate
from advisor.generator.metrics import openmetrics
from advisor.generator.sarif import as_sarif
from advisor.model import Advice, Target
from advisor.published import Publication, read
from tests.advices import empty, one, recommendation, rich
from tests.commands import advisor
from tests.names import NAMES, TEXTS


def published(advice: Advice, folder: Path) -> Publication:
    generate(advice, folder / "out")
    return read(folder / "out")


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def test_the_metrics_are_the_figures_of_the_advice(tmp_path: Path) -> None:
    found = samples(openmetrics(published(rich(), tmp_path)))
    assert found["advisor_queries", frozenset()] == 1300
    assert found["advisor_execution_time_seconds", frozenset({("statistic", "p95")})] == 9
    assert found["advisor_result_cache_hit_ratio", frozenset()] == 0.125
    kinds = frozenset({("kind", "clustering_key"), ("confidence", "medium")})
    assert found["advisor_recommendations", kinds] == 3


def test_an_unknown_figure_is_left_out_and_not_zero(tmp_path: Path) -> None:
    found = samples(openmetrics(published(empty(), tmp_path)))
    names = {name for name, _ in found}
    assert "advisor_result_cache_hit_ratio" not in names
    assert not [name for name in names if name == "advisor_execution_time_seconds"]
    assert "advisor_window_end_timestamp_seconds" in names


@settings(max_examples=40, deadline=None)
@given(NAMES)
def test_no_name_ends_its_label(name: str) -> None:
    first = recommendation()
    hostile = replace(first, target=replace(first.target, name=name))
    found = samples(openmetrics(_publication(one(hostile))))
    assert len([key for key in found if key[0] == "advisor_recommendation_net_credits_per_month"]) == 1


def _publication(advice: Advice) -> Publication:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as home:
        path = Path(home)
        generate(replace(advice, recommendations=tuple(_plain(r) for r in advice.recommendations)), path / "out")
        back = read(path / "out")
    named = zip(back.recommendations, advice.recommendations, strict=True)
    return replace(back, recommendations=tuple(replace(b, target=a.target, title=a.title) for b, a in named))


def _plain(made: Any) -> Any:
    return replace(made, target=Target("table", "T", "D", "S"), title="t")


# ---------------------------------------------------------------- SARIF

# The schema of SARIF 2.1.0 as published, from the npm package @microsoft/jest-sarif 1.0.0-beta.0 (MIT).
SARIF = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text(encoding="utf-8")),
    format_checker=jsonschema.FormatChecker(),
)


def checked(text: str) -> Any:
    content = json.loads(text)
    SARIF.validate(content)
    return content


def scanned(advice: Advice, folder: Path, known: tuple[str, ...] = ()) -> Any:
    return checked(as_sarif(published(advice, folder), known, folder))["runs"][0]


def test_the_schema_finds_what_is_wrong() -> None:
    with pytest.raises(jsonschema.ValidationError, match="'serious' is not one of"):
        SARIF.validate(
            {
                "version": "2.1.0",
                "runs": [
                    {
                        "tool": {"driver": {"name": "advisor"}},
                        "results": [{"message": {"text": "t"}, "level": "serious"}],
                    }
                ],
            }
        )


def test_each_recommendation_is_a_result_at_its_script(tmp_path: Path) -> None:
    run = scanned(rich(), tmp_path)
    assert [result["partialFingerprints"]["adviceId/v1"] for result in run["results"]] == [
        r.id for r in rich().recommendations
    ]
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (tmp_path / uri).is_file()
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_what_was_known_before_is_unchanged(tmp_path: Path) -> None:
    first, *rest = scanned(rich(), tmp_path, (rich().recommendations[0].id,))["results"]
    assert first["baselineState"] == "unchanged"
    assert {each["baselineState"] for each in rest} == {"new"}


def test_advice_without_recommendations_is_a_run_without_results(tmp_path: Path) -> None:
    assert scanned(empty(), tmp_path)["results"] == []


@settings(max_examples=40, deadline=None)
@given(TEXTS)
def test_no_text_is_a_link_or_moves_a_line(text: str) -> None:
    hostile = replace(recommendation(), title=f"Cluster {text}")
    content = checked(as_sarif(_publication(one(hostile)), (), Path("/")))
    message = content["runs"][0]["results"][0]["message"]["text"]
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", message)
    assert not [character for character in message if character < " " or character in "\u202e\u2066\u200b\u2028"]


# ---------------------------------------------------------------- the flags


def test_the_flags_write_both_outside_of_the_output_folder(home: Path, tmp_path: Path) -> None:
    arguments = ("analyze", "--snapshot", str(home / "snapshot"), "--out", "out")
    done = advisor(*arguments, "--sarif", "advice.sarif", "--metrics", "advisor.prom", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert samples((tmp_path / "advisor.prom").read_text())["advisor_queries", frozenset()] == 328
    result = checked((tmp_path / "advice.sarif").read_text())["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("out/scripts/001_")
    inside = advisor(*arguments, "--metrics", "out/metrics.txt", cwd=tmp_path)
    assert (inside.returncode, "outside" in inside.stderr) == (2, True)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--sarif", "."), "cannot write --sarif .: it is a folder"),
        (("--metrics", "there"), "cannot write --metrics there: it is a folder"),
        (("--sarif", "a/b.sarif"), "there is no folder a;"),
        (("--ledger", "out/ledger.jsonl"), "--ledger out/ledger.jsonl lies in the output folder out"),
        (("--sarif", "one", "--metrics", "./one"), "--sarif and --metrics name the same file one"),
        (("--ledger", "one", "--sarif", "one"), "--ledger and --sarif name the same file one"),
        (("--check", "--min-credits", "nan"), "nan is no number of credits"),
    ],
)
def test_files_that_cannot_be_written_are_told_before_anything_is(
    home: Path, tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    (tmp_path / "there").mkdir()
    done = advisor("analyze", "--snapshot", str(home / "snapshot"), "--out", "out", *flags, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


def test_the_folder_that_the_output_is_put_in_may_hold_the_ledger(home: Path, tmp_path: Path) -> None:
    arguments = ("analyze", "--snapshot", str(home / "snapshot"), "--out", "reports/one", "--quiet")
    done = advisor(*arguments, "--ledger", "reports/ledger.jsonl", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports" / "ledger.jsonl").read_text()
