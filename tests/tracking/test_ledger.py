"""A recommendation's life in one file, and what the verdicts in it teach the next run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from advisor.errors import InputError
from advisor.model import Decision, Proposal, Proposed, Range, Service
from advisor.published import Published
from advisor.tracking import ledger
from advisor.tracking.calibration import Calibration, calibrated, learned
from advisor.tracking.ledger import Change, Entry
from tests.advices import recommendation
from tests.commands import advisor
from tests.tracking.test_tracker import published

DAY = date(2026, 1, 31)
LATER = date(2026, 2, 7)
ID = "clustering_key-00000001"


def shows(answer: bool | None) -> Callable[[Change], bool | None]:
    return lambda change: answer


def after(entries: tuple[Entry, ...], *made: Published, shown: bool | None = False, on: date = LATER) -> list[str]:
    """The events of `ID` once a run gave those recommendations and the catalog that answer."""
    return [entry.event for entry in ledger.advised(entries, made, on, shows(shown)) if entry.id == ID]


def advised() -> tuple[Entry, ...]:
    return ledger.advised((), [published()], DAY, shows(False))


def test_what_is_new_is_advised_and_the_same_run_again_adds_nothing() -> None:
    (entry,) = advised()
    assert (entry.id, entry.event, entry.on) == (ID, "advised", DAY)
    assert ledger.advised(advised(), [published()], DAY, shows(False)) == advised()
    assert after(advised(), published()) == ["advised"]


def test_what_is_no_longer_advised_was_applied_or_is_withdrawn() -> None:
    assert after(advised(), shown=True) == ["advised", "applied"]
    assert after(advised(), shown=False) == ["advised", "withdrawn"]
    assert after(advised(), shown=None) == ["advised", "withdrawn"]


def test_a_change_that_no_longer_stands_was_reverted_and_is_news_again() -> None:
    applied = ledger.advised(advised(), [], LATER, shows(True))
    assert ID in ledger.known(applied)
    reverted = ledger.advised(applied, [], date(2026, 2, 14), shows(False))
    assert [entry.event for entry in reverted] == ["advised", "applied", "reverted"]
    assert ID not in ledger.known(reverted)
    assert after(reverted, published(), on=date(2026, 2, 21)) == ["advised", "applied", "reverted", "advised"]


def test_a_decision_is_noted_once_and_a_later_one_replaces_it() -> None:
    def run(entries: tuple[Entry, ...], state: str, on: date) -> tuple[Entry, ...]:
        made = Decision(ID, state, "agreed", "ann")
        return ledger.advised(entries, [published()], on, shows(False), [made, replace(made, id="x-12345678")])

    accepted = run((), "accepted", DAY)
    assert [(entry.event, dict(entry.facts)) for entry in accepted[1:]] == [
        ("accepted", {"note": "agreed", "author": "ann"})
    ]
    assert run(accepted, "accepted", LATER) == accepted
    assert run(accepted, "snoozed", LATER) == accepted
    assert [entry.event for entry in run(accepted, "dismissed", LATER)] == ["advised", "accepted", "dismissed"]
    assert after(accepted, shown=True) == ["advised", "accepted", "applied"]


def test_the_entry_remembers_enough_to_recognise_the_change() -> None:
    change = ledger.change(advised(), ID)
    assert change
    assert (change.target, change.details["clustering_key"]) == (published().target, ["K0"])


def test_the_file_is_a_line_an_event_in_one_order_whatever_was_added_first(tmp_path: Path) -> None:
    other = replace(published(), id="clustering_key-00000000")
    one = ledger.advised(advised(), [published(), other], LATER, shows(False))
    ledger.write(tmp_path / "a", one)
    ledger.write(tmp_path / "b", one[::-1])
    text = (tmp_path / "a").read_text()
    assert text == (tmp_path / "b").read_text()
    assert [json.loads(line)["id"] for line in text.splitlines()] == ["clustering_key-00000000", ID]
    assert ledger.read(tmp_path / "a") == one


def test_two_branches_merge_as_the_union_of_their_lines(tmp_path: Path) -> None:
    ours = ledger.advised(advised(), [], LATER, shows(True))
    theirs = ledger.advised(advised(), [published(), replace(published(), id="x-12345678")], LATER, shows(False))
    for name, entries in (("ours", ours), ("theirs", theirs)):
        ledger.write(tmp_path / name, entries)
    (tmp_path / "merged").write_text((tmp_path / "theirs").read_text() + (tmp_path / "ours").read_text())
    merged = ledger.read(tmp_path / "merged")
    assert sorted((entry.id, entry.event) for entry in merged) == [
        (ID, "advised"),
        (ID, "applied"),
        ("x-12345678", "advised"),
    ]


@pytest.mark.parametrize(
    "line",
    ["{", "[]", '{"id": "a"}', '{"id": "a", "on": "2026-01-01", "event": "sold"}',
     '{"id": "a", "on": "2026-01-01", "event": "advised"}'],
)  # fmt: skip
def test_a_line_that_is_no_entry_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "ledger").write_text(f"\n{line}\n")
    with pytest.raises(InputError, match="line 2"):
        ledger.read(tmp_path / "ledger")


# ---------------------------------------------------------------- calibration


def verdicts(*ratios: float) -> list[Entry]:
    facts = [{"kind": "clustering_key", "observed_over_predicted": ratio} for ratio in ratios]
    return [Entry(f"clustering_key-{i:08x}", DAY, "confirmed", each) for i, each in enumerate(facts)]


@pytest.mark.parametrize(
    ("ratios", "factor"),
    [((1.0,), 1.0), ((0.5,), 0.5**0.2), ((0.5,) * 4, 0.5**0.5), ((0.01,) * 50, 0.5), ((9.0,) * 50, 1.25), ((-3.0,), 0.05**0.2)],
)  # fmt: skip
def test_few_changes_move_the_factor_little_and_none_moves_it_far(ratios: tuple[float, ...], factor: float) -> None:
    (found,) = learned(verdicts(*ratios)).values()
    assert found.factor == pytest.approx(factor)
    assert found.changes == len(ratios)


def test_a_change_counts_once_by_its_last_verdict() -> None:
    again = replace(verdicts(0.5)[0], on=LATER, facts={"kind": "clustering_key", "observed_over_predicted": 1.0})
    assert learned([*verdicts(0.5), again])["clustering_key"] == Calibration(1.0, 1)


def proposed() -> Proposed:
    made = recommendation()
    assert made.benefit.credits
    return Proposed((Proposal(made, None, "(A)", {}, (Service("aa11bb22", None, made.benefit.credits),)),), (), 1)


def test_the_factor_scales_what_is_saved_and_leaves_the_costs_alone() -> None:
    (each,) = calibrated([proposed()], {"clustering_key": Calibration(0.5, 3)})
    (proposal,) = each.proposals
    assert proposal.recommendation.benefit.credits == Range(30, 42.5, 55)
    assert proposal.services[0].saved == Range(30, 42.5, 55)
    assert proposal.recommendation.net_credits_per_month.expected == pytest.approx(74.8333333 - 42.5)
    assert (
        "3 earlier changes of this kind were tracked: credits saved are the model's times 0.5."
        in proposal.recommendation.reason
    )
    assert proposal.alone is None


def test_what_no_longer_pays_says_so() -> None:
    (proposal,) = proposed().proposals
    poor = replace(proposal.recommendation, net_credits_per_month=Range(-20, 10, 40))
    (each,) = calibrated(
        [replace(proposed(), proposals=(replace(proposal, recommendation=poor),))],
        {"clustering_key": Calibration(0.5, 9)},
    )
    assert each.proposals[0].alone
    assert "no longer pays" in each.proposals[0].alone


def test_without_lessons_nothing_changes() -> None:
    assert calibrated([proposed()], {}) == (proposed(),)
    assert calibrated([proposed()], {"result_cache": Calibration(0.5, 9)}) == (proposed(),)


# ---------------------------------------------------------------- the commands


def test_a_run_with_a_ledger_knows_its_own_advice_and_a_tracked_lesson(home: Path, tmp_path: Path) -> None:
    book = tmp_path / "ledger.jsonl"
    arguments = ("analyze", "--snapshot", str(home / "snapshot"), "--ledger", str(book), "--check")
    assert advisor(*arguments, "--out", "one", cwd=tmp_path).returncode == 1
    (name,) = ledger.known(ledger.read(book))
    assert advisor(*arguments, "--out", "two", cwd=tmp_path).returncode == 0
    assert (tmp_path / "one" / "advice.json").read_bytes() == (tmp_path / "two" / "advice.json").read_bytes()
    done = advisor("ledger", str(book), "--accept", name, "--on", "2026-01-01", "--note", "yes", cwd=tmp_path)
    assert f"{name}" in done.stdout
    assert "accepted 2026-01-01" in done.stdout
    ledger.write(book, (*ledger.read(book), *verdicts(0.5, 0.5, 0.5)))
    decision = f'[[decisions]]\nid = "{name}"\nstate = "dismissed"\nreason = "too large"\nauthor = "ann"\n'
    (tmp_path / "advisor.toml").write_text(decision)
    advisor(*arguments, "--out", "three", cwd=tmp_path)
    assert [dict(e.facts) for e in ledger.read(book) if e.event == "dismissed"] == [
        {"note": "too large", "author": "ann"}
    ]
    assert "3 earlier changes of this kind were tracked" in (tmp_path / "three" / "plan.md").read_text()


def test_a_decision_on_what_was_never_advised_is_refused(tmp_path: Path) -> None:
    done = advisor("ledger", "none.jsonl", "--accept", "x-12345678", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert advisor("ledger", "none.jsonl", cwd=tmp_path).stdout == "The ledger is empty.\n"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--accept", "x-12345678", "--dismiss", "x-12345678"), "x-12345678 can't be accepted and dismissed at once"),
        (("--note", "too large"), "--note and --on say of a decision"),
        (("--on", "2026-01-01"), "--note and --on say of a decision"),
    ],
)
def test_a_decision_that_says_nothing_or_both_is_refused(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    ledger.write(tmp_path / "book.jsonl", advised())
    before = (tmp_path / "book.jsonl").read_bytes()
    done = advisor("ledger", "book.jsonl", *flags, cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines()), said in done.stderr) == (2, 1, True)
    assert (tmp_path / "book.jsonl").read_bytes() == before


def test_a_verdict_is_noted_with_the_application_that_it_rests_on(tmp_path: Path) -> None:
    from tests.tracking.test_tracker import tracked

    entries = ledger.tracked((), tracked(tmp_path, 0.25))
    assert [entry.event for entry in entries] == ["advised", "applied", "confirmed"]
    assert entries[-1].facts["observed_over_predicted"] > 0
