"""What becomes of a stored result's candidate as rewrites of its templates are refused."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from advisor.model import ZERO, TableName
from advisor.settings import Settings
from advisor.stored_results import advice as stored_advice
from advisor.stored_results.advice import Outcome, settling
from advisor.stored_results.asked import Asked
from advisor.stored_results.proven import Rewrite
from advisor.stored_results.proving import Rewrites
from advisor.stored_results.served import Candidate, Refused

NAME = TableName("DB", "S", "KEPT")
UNLOOKED: Any = None
"""What settling hands on without looking at it."""


@dataclass(frozen=True, eq=False)
class Member:
    """As much of a template's block as settling looks at."""

    fingerprint: str
    read: Any = UNLOOKED
    block: Any = UNLOOKED

    @property
    def template(self) -> Member:
        return self


def of(fingerprints: Sequence[str]) -> Candidate:
    members = tuple(cast(Asked, Member(each, Member(each))) for each in fingerprints)
    return Candidate(UNLOOKED, members, UNLOOKED, (), (), UNLOOKED, ZERO)


class Assessed:
    """Takes any members together."""

    settings = Settings()
    rows = 0.0

    def judge(self, members: Sequence[Asked]) -> Candidate | Refused:
        return of([each.fingerprint for each in members])


def settled(
    monkeypatch: pytest.MonkeyPatch, candidate: Candidate, refuses: Callable[[list[str]], list[str]], least: int = 0
) -> Outcome:
    """Each round of proofs refuses what `refuses` says of the templates that are left; fewer than `least` aren't worth it."""

    def begin(served: Sequence[tuple[Any, Any]], *_: object) -> Callable[[], Rewrites]:
        names = [template.template.fingerprint for template, _ in served]
        lost = refuses(names)
        proven = {each: Rewrite(each, each) for each in names if each not in lost}
        return lambda: Rewrites(proven, dict.fromkeys(lost, "differs"))

    def fault(judged: Candidate) -> str | None:
        return "Too few ask for it." if len(judged.members) < least else None

    monkeypatch.setattr(stored_advice, "begin", begin)
    return settling(candidate, cast(Any, Assessed()), fault, lambda kept: NAME, UNLOOKED)()


def said(fallen: Sequence[Refused]) -> list[tuple[list[str], str]]:
    return [([asked.fingerprint for asked in each.asked], each.reason) for each in fallen]


def test_more_rounds_than_the_interpreter_nests_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"t{i}" for i in range(sys.getrecursionlimit() + 10)]
    found, fallen = settled(monkeypatch, of(many), lambda names: names[:1] if len(names) > 3 else [])
    assert found is not None
    assert [each.fingerprint for each in found[0].members] == list(found[1].proven) == many[-3:]
    assert [names for names, _ in said(fallen)] == [[each] for each in many[:-3]]


def test_who_falls_away_is_told_in_the_order_of_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    found, fallen = settled(
        monkeypatch, of(["a", "b", "c", "d"]), lambda names: [n for n in names if n in "bc"][-1:], 3
    )
    assert found is None
    assert said(fallen) == [
        (["c"], "The rewrite of template c differs."),
        (["b"], "The rewrite of template b differs."),
        (["a", "d"], "Too few ask for it."),
    ]


def test_of_none_left_nothing_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    found, fallen = settled(monkeypatch, of(["a", "b"]), lambda names: names)
    assert found is None
    assert said(fallen) == [
        (["a"], "The rewrite of template a differs."),
        (["b"], "The rewrite of template b differs."),
    ]
