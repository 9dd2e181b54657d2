"""What `advisor explain` says, and that it says it at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from advisor import explainer, recommenders
from advisor.generator import generate
from advisor.model import Advice, Range
from advisor.published import read
from tests.advices import one, recommendation, rich
from tests.commands import advisor

ID = recommendation().id


def explained(advice: Advice, folder: Path, name: str = ID) -> str:
    generate(advice, folder / "out")
    published = read(folder / "out")
    found = published.recommendation(name)
    assert found
    return explainer.reasoning(published, found)


def test_every_recommender_is_a_kind_and_its_docstring_the_documentation() -> None:
    for module in recommenders.RECOMMENDERS:
        assert explainer.documentation(module.CODE) == "\n".join(
            line.rstrip() for line in (module.__doc__ or "").strip().splitlines()
        )
    assert set(explainer.kinds()) == {module.CODE for module in recommenders.RECOMMENDERS}


def test_the_net_is_taken_apart_end_by_end(tmp_path: Path) -> None:
    text = explained(rich(), tmp_path)
    assert "low                     60 − 15 − 11 / 12 = 44.1" in text
    assert "expected                85 − 10 − 2 / 12 = 74.8" in text
    assert "high                    110 − 8 − 1 / 12 = 102" in text
    assert "pays back in            2 / (85 − 10) × 30 days = 0.8 days" in text


def test_a_net_that_is_not_the_formulas_is_not_shown_as_one(tmp_path: Path) -> None:
    text = explained(one(replace(recommendation(), net_credits_per_month=Range(1, 2, 3))), tmp_path)
    assert "1 to 3 (expected 2) credits a month" in text
    assert " / 12 = " not in text


def test_a_net_with_an_unknown_part_is_not_taken_apart(tmp_path: Path) -> None:
    first = recommendation()
    text = explained(one(replace(first, cost=replace(first.cost, build_credits=None))), tmp_path)
    assert "A part of it is unknown" in text


def test_evidence_warnings_and_the_way_back_are_there(tmp_path: Path) -> None:
    text = explained(rich(), tmp_path)
    assert "aa11bb22" in text
    assert "Mean over 1,200 executions: 91.0% → 3.5%" in text
    assert "- Loads arrive every hour" in text
    assert "ALTER TABLE SALES.PUBLIC.ORDERS DROP CLUSTERING KEY;" in text
    assert "Without table_dml_history." in text


def test_no_name_moves_the_terminal(tmp_path: Path) -> None:
    hostile = replace(recommendation(), title="Cluster \x1b[2J\u202e by X", reason="a\nb", warnings=("\x9b31m",))
    text = explained(one(hostile), tmp_path)
    assert not [character for character in text if (character < " " and character != "\n") or character in "\x9b\u202e"]


def test_an_objects_rejections_are_listed_with_their_reasons(tmp_path: Path) -> None:
    generate(rich(), tmp_path / "out")
    done = advisor("explain", "SALES.PUBLIC.COUNTRIES", "--advice", "out", cwd=tmp_path)
    assert done.returncode == 0
    assert "- clustering_key: (CODE): It has 3 micro-partitions: there is nothing to skip." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clustering_keys"], "did you mean clustering_key?"),
        (["clustering_key-02abcdef1", "--advice", "out"], "did you mean clustering_key-02abcdef0?"),
        (["clustering_key-02abcdef0"], "there is no advice under reports/"),
        (["A.B.C", "--advice", "out"], "out/advice.json says nothing of A.B.C; kinds: clustering_key, "),
        (["countries", "--advice", "out"], "did you mean SALES.PUBLIC.COUNTRIES?"),
        (["web.click events", "--advice", "out"], "did you mean SALES.web.Click Events?"),
        (["SALES.PUBLIC.ORDER", "--advice", "out"], "did you mean SALES.PUBLIC.ORDERS?"),
    ],
)
def test_what_is_not_there_is_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    generate(rich(), tmp_path / "out")
    done = advisor("explain", *arguments, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr


def test_it_waits_for_no_engine(tmp_path: Path) -> None:
    generate(rich(), tmp_path / "out")
    code = (
        "import sys; from advisor.cli import cli\n"
        "for name in ('clustering_key', sys.argv[1]): cli(['explain', name, '--advice', 'out'], standalone_mode=False)\n"
        "print(sorted({'duckdb', 'sqlglot', 'pandas', 'numpy', 'jinja2', 'snowflake', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ID], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert "What it finds" in done.stdout
    assert done.stdout.strip().endswith("[]")
