"""What people have decided about recommendations: read from advisor.toml, shown as such, no news to a job."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from advisor.decisions import in_force, without_effect
from advisor.errors import InputError
from advisor.model import Decision
from advisor.settings import load
from tests.commands import advisor
from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, loads, runs
from tests.snapshots import write_snapshot

SNOOZED = """
[[decisions]]
id = "{id}"
state = "snoozed"
reason = "after the migration"
author = "Ann"
until = {until}
"""


def decided(folder: Path, text: str) -> tuple[Decision, ...]:
    file = folder / "advisor.toml"
    file.write_text(text)
    return load(file, {}, {}).decisions


def test_decisions_are_read_from_the_settings(tmp_path: Path) -> None:
    (found,) = decided(tmp_path, SNOOZED.format(id="clustering_key-0123456789ab", until="2026-12-31"))
    assert found == Decision("clustering_key-0123456789ab", "snoozed", "after the migration", "Ann", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("snoozed", "postponed"), "is 'postponed', not one of accepted, dismissed, snoozed"),
        (("clustering_key-0123456789ab", "orders"), "'orders' is not the id of a recommendation"),
        (("until = 2026-12-31", ""), "is snoozed without an until"),
        (("until = 2026-12-31", 'until = "soon"'), "has an until that is no date, such as 2026-12-31"),
        (('author = "Ann"', ""), "lacks its author"),
        (('author = "Ann"', 'autor = "Ann"'), "has an unknown key autor"),
    ],
)
def test_a_decision_that_cannot_be_used_is_one_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    text = SNOOZED.format(id="clustering_key-0123456789ab", until="2026-12-31").replace(*change)
    with pytest.raises(InputError) as failed:
        decided(tmp_path, text)
    assert said in str(failed.value)
    # The list of all decisions would hide which one it is.
    assert "after the" not in str(failed.value)


def test_a_decision_holds_to_the_end_of_its_last_day() -> None:
    one = Decision("clustering_key-0123456789ab", "snoozed", "later", "Ann", date(2026, 1, 31))
    assert in_force([one], [one.id], date(2026, 1, 31)) == (one,)
    assert in_force([one], [one.id], date(2026, 2, 1)) == ()
    assert in_force([one], ["clustering_key-ba9876543210"], date(2026, 1, 31)) == ()


def test_a_decision_that_changes_nothing_is_said_with_the_reason() -> None:
    one = Decision("clustering_key-0123456789ab", "snoozed", "later", "Ann", date(2026, 1, 31))
    assert without_effect([one], [one.id], date(2026, 1, 31)) == ()
    assert without_effect([one], [one.id], date(2026, 2, 1)) == (
        "clustering_key-0123456789ab (snoozed by Ann) ended on 2026-01-31: it is advice like any other",
    )
    assert without_effect([one], [], date(2026, 1, 31)) == (
        "clustering_key-0123456789ab (snoozed by Ann) is not advised now: applied, rejected, or mistyped",
    )


def test_what_is_decided_is_shown_as_such_and_no_news_to_a_job(tmp_path: Path) -> None:
    snapshot = write_snapshot(
        tmp_path / "snapshot", [*runs(by_customer, 300, 2000), *loads(100_000)], [ORDERS], columns=columns("ORDERS")
    )
    arguments = ("analyze", "--snapshot", str(snapshot), "--out", "out", "--check")
    assert advisor(*arguments, cwd=tmp_path).returncode == 1
    first = json.loads((tmp_path / "out" / "advice.json").read_text())
    (tmp_path / "advisor.toml").write_text(SNOOZED.format(id=first["recommendations"][0]["id"], until="2025-03-01"))
    done = advisor(*arguments, cwd=tmp_path)
    assert (done.returncode, "new advice" in done.stderr) == (0, False)
    again = json.loads((tmp_path / "out" / "advice.json").read_text())
    assert again["recommendations"] == first["recommendations"]
    assert again["decisions"][0]["author"] == "Ann"
    assert "| snoozed" in (tmp_path / "out" / "plan.md").read_text()
    (tmp_path / "advisor.toml").write_text(SNOOZED.format(id=first["recommendations"][0]["id"], until="2025-01-01"))
    ended = advisor(*arguments, cwd=tmp_path)
    assert ended.returncode == 1
    assert f"decision: {first['recommendations'][0]['id']} (snoozed by Ann) ended on 2025-01-01" in ended.stderr
    (tmp_path / "advisor.toml").write_text(SNOOZED.format(id="clustering_key-0123456789ab", until="2025-03-01"))
    unknown = advisor(*arguments, "--min-credits", "1000000", cwd=tmp_path)
    assert unknown.returncode == 0
    assert "decision: clustering_key-0123456789ab (snoozed by Ann) is not advised now" in unknown.stderr
    assert "Decided already" not in (tmp_path / "out" / "plan.md").read_text()
