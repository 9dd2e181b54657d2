"""The joint choice: exact against every subset tried, each scan served once, and the reasons that the others get."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from advisor.model import (
    ZERO,
    Benefit,
    Cost,
    Grade,
    Proposal,
    Range,
    Recommendation,
    Service,
    TableName,
    Target,
)
from advisor.selection import choose, greedy, settle
from advisor.selection.problem import Problem
from advisor.settings import Settings

ORDERS, ITEMS = TableName("DB", "S", "ORDERS"), TableName("DB", "S", "ITEMS")


def about(expected: float) -> Range:
    return Range(*sorted((expected * 0.8, expected, expected * 1.2)))


def proposal(
    name: str,
    saves: Sequence[tuple[str, TableName | None, float]],
    upkeep: float = 0.0,
    build: float | None = 0.0,
    layout: TableName | None = None,
    apart: float = 0.0,
) -> Proposal:
    """`saves` are (template, table or None for the whole template, credits a month); the build isn't spread."""
    services = tuple(Service(fingerprint, table, about(credits)) for fingerprint, table, credits in saves)
    saved = about(sum(credits for _, _, credits in saves) + apart)
    net = saved - about(upkeep)
    known = None if build is None else about(build)
    recommendation = Recommendation(
        id=f"clustering_key-{name.encode().hex():0>12}",
        kind="clustering_key",
        action="create",
        target=Target.table(layout or ORDERS),
        title=f"Do {name}",
        reason="Because.",
        details={},
        benefit=Benefit(credits=saved),
        cost=Cost(known, about(upkeep)),
        net_credits_per_month=net,
        confidence="high",
        grade=Grade.ESTIMATED,
        templates=(),
        edition="standard",
        privileges=(),
    )
    alone = None if net.expected > 0 else f"{name} costs more than it saves."
    return Proposal(recommendation, alone, name, {"name": name}, services, layout, about(apart))


def titles(proposals: Sequence[Proposal], **settings: object) -> list[str]:
    settled = settle(proposals, replace(Settings(), **settings))  # type: ignore[arg-type]
    return [recommendation.title.removeprefix("Do ") for recommendation in settled.recommendations]


def reason(proposals: Sequence[Proposal], name: str, **settings: object) -> str:
    settled = settle(proposals, replace(Settings(), **settings))  # type: ignore[arg-type]
    return next(rejection.reason for rejection in settled.rejections if rejection.details["name"] == name)


# ---------------------------------------------------------------- exact


def instance(seed: int) -> Problem:
    """A dozen proposals of every shape over a few tables and templates, figures drawn at random."""
    draw = random.Random(seed)
    tables = [TableName("DB", "S", f"T{i}") for i in range(3)]
    templates = [f"q{i}" for i in range(6)]
    proposals = []
    for i in range(9):
        table = draw.choice(tables)
        shape = draw.choice(["layout", "layout", "access", "view"])
        served = draw.sample(templates, draw.randint(1, 4))
        least = -6 if shape == "layout" else 1
        saves = [(name, None if shape == "view" else table, float(draw.randint(least, 12))) for name in served]
        layout = table if shape == "layout" else None
        proposals.append(proposal(f"p{i}", saves, draw.randint(0, 9), draw.randint(0, 9), layout))
    budget = draw.choice([None, 6.0, 15.0])
    most = draw.choice([None, 2, 4])
    return Problem.of(proposals, 0.0, budget, most)


def best_of_all(problem: Problem) -> float:
    """The value of the best of all subsets."""
    numbers = range(len(problem.proposals))
    subsets = itertools.chain.from_iterable(itertools.combinations(numbers, size) for size in range(len(numbers) + 1))
    return max(problem.value(subset) for subset in subsets if problem.allowed(subset))


@pytest.mark.parametrize("seed", range(60))
def test_no_subset_is_better_than_the_choice(seed: int) -> None:
    problem = instance(seed)
    chosen, exact = choose(problem)
    assert problem.allowed(chosen)
    assert exact
    assert problem.value(chosen) == pytest.approx(best_of_all(problem))


def test_greedy_is_never_better_and_seldom_far_off() -> None:
    shares = []
    for seed in range(60):
        problem = instance(seed)
        best = problem.value(choose(problem)[0])
        simple = greedy.choose(problem)
        assert problem.allowed(simple)
        assert problem.value(simple) <= best + 1e-9
        shares.append(problem.value(simple) / best if best else 1.0)
    assert sum(shares) / len(shares) > 0.9


def test_the_order_of_the_proposals_changes_nothing() -> None:
    proposals = list(instance(3).proposals)
    assert settle(proposals, Settings()) == settle(proposals[::-1], Settings())


def test_figures_of_a_millionth_of_a_credit_are_weighed_too() -> None:
    small = [proposal("a", [("q1", ORDERS, 3e-7)], 1e-7), proposal("b", [("q1", ORDERS, 2e-7)], 1e-8)]
    assert titles(small) == ["a"]
    assert titles([*small, proposal("large", [("q9", None, 5000.0)], 10.0)]) == ["large", "a"]


# ---------------------------------------------------------------- each scan is served once


def test_two_changes_that_serve_the_same_query_are_not_both_taken_for_it() -> None:
    both = [proposal("key", [("q1", ORDERS, 10)], 2, layout=ORDERS), proposal("view", [("q1", None, 12)], 3)]
    assert titles(both) == ["view"]
    assert reason(both, "key") == (
        "It would net 8 credits a month alone, but its queries are served better by another change (Do view): beside it, "
        "2 credits a month would be lost."
    )


def test_a_change_that_shares_some_queries_is_credited_with_the_others_only() -> None:
    shared = [
        proposal("key", [("q1", ORDERS, 10), ("q2", ORDERS, 10)], 2, layout=ORDERS),
        proposal("view", [("q1", None, 14)], 3),
    ]
    settled = settle(shared, Settings())
    nets = {r.title: r.net_credits_per_month.expected for r in settled.recommendations}
    assert nets == pytest.approx({"Do key": 8, "Do view": 1})
    assert settled.totals.net_credits_per_month.expected == pytest.approx(19)
    assert settled.totals.claimed_alone == pytest.approx(29)
    assert "10 credits a month are saved by the other changes too." in settled.recommendations[0].warnings


def test_two_scans_of_one_query_may_be_served_by_two_changes() -> None:
    joined = [
        proposal("key", [("q1", ORDERS, 10)], 2, layout=ORDERS),
        proposal("other", [("q1", ITEMS, 10)], 2, layout=ITEMS),
    ]
    assert titles(joined) == ["key", "other"]


def test_a_table_gets_one_layout_and_the_loser_is_told_by_how_much() -> None:
    keys = [proposal("(A)", [("q1", ORDERS, 10)], layout=ORDERS), proposal("(B)", [("q2", ORDERS, 7)], layout=ORDERS)]
    assert titles(keys) == ["(A)"]
    assert reason(keys, "(B)") == "(A) nets 3 credits a month more."


def test_a_key_that_slows_a_query_pays_only_beside_what_serves_that_query() -> None:
    key = proposal("key", [("q1", ORDERS, 10), ("q2", ORDERS, -11)], layout=ORDERS)
    access = proposal("access", [("q2", ORDERS, 1)], 0.5)
    assert titles([key]) == []
    assert reason([key], "key") == "key costs more than it saves."
    settled = settle([key, access], Settings())
    assert {r.title for r in settled.recommendations} == {"Do key", "Do access"}
    names = {r.id: r.title for r in settled.recommendations}
    assert [(names[a], names[b]) for a, b in settled.totals.only_together] == [("Do key", "Do access")]


def test_what_is_saved_whatever_the_queries_do_needs_no_query() -> None:
    dropped = proposal("drop", [], apart=4, layout=ORDERS)
    assert titles([dropped]) == ["drop"]
    assert settle([dropped], Settings()).totals.net_credits_per_month == about(4)


def test_what_pays_alone_but_not_surely_beside_the_others_is_left() -> None:
    key = proposal("key", [("q1", ORDERS, 10), ("q2", ORDERS, 2.2)], 2, layout=ORDERS)
    view = proposal("view", [("q1", None, 14)], 3)
    assert titles([key]) == ["key"]
    assert titles([key, view]) == ["view"]
    assert reason([key, view], "key").startswith("Beside the other changes it would probably pay, but not surely")


@pytest.mark.parametrize(("left", "taken"), [(0.5, ["paths"]), (5.0, ["paths", "key"])])
def test_a_new_order_has_to_bring_what_building_the_paths_anew_takes(left: float, taken: list[str]) -> None:
    key = proposal("key", [("q1", ORDERS, 10), ("q2", ORDERS, left)], layout=ORDERS)
    paths = proposal("paths", [("q1", ORDERS, 12), ("q3", ORDERS, 20)], 1, build=12)
    paths = replace(paths, recommendation=replace(paths.recommendation, kind="search_optimization"))
    assert titles([key]) == ["key"]
    assert titles([key, paths]) == taken
    if "key" not in taken:
        assert (
            "and the 12 that building the search access paths anew in its order takes once, may exceed the rest"
            in reason([key, paths], "key")
        )


def test_a_new_order_that_serves_no_query_of_the_paths_has_them_built_anew_too() -> None:
    key = proposal("key", [("q1", ORDERS, 10)], 2, layout=ORDERS)
    paths = proposal("paths", [("q3", ORDERS, 40)], 1, build=300)
    paths = replace(paths, recommendation=replace(paths.recommendation, kind="search_optimization"))
    assert titles([key, paths]) == ["paths"]
    assert reason([key, paths], "key") == (
        "Beside the other changes it would probably pay, but not surely: its upkeep of 1.6 to 2.4 (expected 2) credits a month, and the "
        "300 that building the search access paths anew in its order takes once, may exceed what it saves, 8 to 12 (expected 10)."
    )


# ---------------------------------------------------------------- limits


THREE = [
    proposal("large", [("q1", ORDERS, 20)], 0, build=10),
    proposal("middle", [("q2", ORDERS, 14)], 0, build=5),
    proposal("small", [("q3", ORDERS, 9)], 0, build=5),
]


def test_the_budget_buys_what_is_best_together_and_not_what_is_best_first() -> None:
    assert titles(THREE, budget_credits=10.0) == ["middle", "small"]
    assert reason(THREE, "large", budget_credits=10.0) == (
        "Its build of 10 credits doesn't fit the budget: 0 of 10 are left."
    )


def test_no_more_changes_than_asked_for() -> None:
    assert titles(THREE, max_changes=2) == ["large", "middle"]
    assert reason(THREE, "small", max_changes=2) == (
        "The plan holds the 2 changes that were asked for: together they bring more."
    )


def test_a_build_of_unknown_cost_fits_no_budget() -> None:
    unknown = proposal("view", [("q1", None, 5)], 1, build=None)
    assert titles([unknown]) == ["view"]
    assert reason([unknown], "view", budget_credits=100.0) == (
        "What its build takes is unknown: it can't be shown to fit the budget."
    )
    assert settle([unknown], Settings()).totals.build_credits is None


def test_each_change_must_bring_more_than_the_least_beside_the_others() -> None:
    assert titles(THREE, min_net_credits_per_month=9.5) == ["large", "middle"]


def test_the_curve_rises_from_nothing_to_the_whole() -> None:
    curve = settle(THREE, Settings()).totals.curve
    assert (curve[0].build_credits, curve[0].net_credits_per_month, curve[0].changes) == (0, 0, 0)
    assert (curve[-1].build_credits, curve[-1].changes) == (20, 3)
    assert curve[-1].net_credits_per_month == pytest.approx(43)
    nets = [point.net_credits_per_month for point in curve]
    assert nets == sorted(nets)


def test_nothing_to_choose_from_is_no_change() -> None:
    settled = settle([], Settings())
    assert (settled.recommendations, settled.rejections) == ((), ())
    assert settled.totals.net_credits_per_month == ZERO
