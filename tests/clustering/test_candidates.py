"""Which keys of a set of columns are judged in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from advisor.clustering import verdict
from advisor.clustering.candidates import candidates
from advisor.clustering.estimate import Estimate
from advisor.clustering.judge import Judge
from advisor.model import KeyPart, Range
from benchmarks.worlds.outcomes import SHOWN
from benchmarks.worlds.synthetic import correlated
from benchmarks.worlds.told import Told, told
from benchmarks.worlds.truth import SHOWN_DAYS, execute, truths

SEED = 3
NETS = (5.0, 200.0, 800.0, 1e9)


@pytest.fixture(scope="module", params=["history", "sample"])
def known(request: pytest.FixtureRequest) -> Told:
    case = correlated(SEED)
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED))
    [found] = told(case, shown, truths(case, shown), SEED, request.param).values()
    return found


def judged(known: Told, net: float, patch: pytest.MonkeyPatch) -> tuple[list[Estimate], list[tuple[KeyPart, ...]]]:
    """The candidates where a change must bring so many credits a month, and the keys that were judged in full for them."""
    asked: list[tuple[KeyPart, ...]] = []
    estimate = Judge.estimate

    def noted(self: Judge, key: tuple[KeyPart, ...]) -> Estimate:
        asked.append(key)
        return estimate(self, key)

    settings = replace(known.settings, min_net_credits_per_month=net)
    with patch.context() as within:
        within.setattr(Judge, "estimate", noted)
        return list(candidates(known.profile, known.prices, settings, known.workload.days)), asked


def figures(found: Sequence[Estimate]) -> list[tuple[object, ...]]:
    return [(each.key, each.net, each.partitions, each.after.tolist()) for each in found]


@pytest.mark.parametrize("net", NETS)
def test_keys_that_surely_net_too_little_need_no_full_judgment(
    known: Told, net: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = judged(known, net, monkeypatch)
    monkeypatch.setattr(Judge, "may_pay", lambda *_: True)
    every, all_asked = judged(known, net, monkeypatch)
    assert figures(found) == figures(every), "what is judged in full decides the same"
    assert len(asked) <= len(all_asked)
    if net == max(NETS):
        assert len(asked) == len(found) < len(all_asked), "where nothing pays one key of each set of columns is judged"


def test_what_a_key_nets_is_foretold_but_for_rounding(known: Told) -> None:
    at_the_limit = []
    for each in candidates(known.profile, known.prices, known.settings, known.workload.days):
        for beside, may in ((1e-6, False), (-1e-6, True)):
            least = each.net.expected + abs(each.net.expected) * beside
            settings = replace(known.settings, min_net_credits_per_month=least)
            judge = Judge.of(known.profile, known.prices, settings, known.workload.days)
            at_the_limit.append(judge.may_pay(each.key) == may)
    assert at_the_limit
    assert all(at_the_limit), "a millionth above or below what a key nets is told apart"


def test_a_column_of_many_values_leads_where_few_of_them_hold_most_rows(
    known: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hundreds of users share a hundred numbers each, thousands of times as many as there are partitions; those of a few
    tenants have most rows.
    """
    tried: set[tuple[KeyPart, ...]] = set()
    quick_net = Judge.quick_net

    def noted(self: Judge, key: tuple[KeyPart, ...], counted: bool = False) -> float:
        tried.add(key)
        return quick_net(self, key, counted)

    monkeypatch.setattr(Judge, "quick_net", noted)
    candidates(known.profile, known.prices, known.settings, known.workload.days)
    lead = KeyPart("USER_ID", digits=2)
    assert known.profile.layout.axes["USER_ID"].buckets(lead) > known.profile.partitions
    assert (lead, KeyPart("DAY")) in tried


FINE = KeyPart("USER_ID", digits=2), KeyPart("SHIPPED")


@pytest.mark.parametrize(
    ("key", "simpler"),
    [
        ((KeyPart("TENANT"), KeyPart("DAY")), False),
        ((KeyPart("USER_ID", digits=2), KeyPart("SHIPPED", unit="MONTH")), True),
        ((KeyPart("USER_ID"),), True),
    ],
)
def test_simpler_is_a_key_of_fewer_columns_or_of_coarser_groups_of_the_same(
    known: Told, key: tuple[KeyPart, ...], simpler: bool
) -> None:
    """Other columns that happen to make fewer groups are no simpler: of those the better are taken, however little better."""
    best, *_ = candidates(known.profile, known.prices, known.settings, known.workload.days)
    net = best.net.expected
    ranked = [replace(best, key=FINE), replace(best, key=key, net=Range(net * 0.99, net * 0.99, net * 0.99))]
    found = verdict.preferred(ranked, known.profile, known.settings)
    assert found.key == (key if simpler else FINE)
