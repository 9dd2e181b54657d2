"""What a choice means: each change's part in it, the whole of it, and why the others were passed over."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import reduce
from operator import add

from advisor.figures import between, number
from advisor.model import ZERO, Range, Recommendation, Rejection, Target
from advisor.selection.problem import Problem

SHARED = 0.01
"""Savings that are also other changes' are told from this share of a change's own on."""


def attributed(problem: Problem, i: int, chosen: Collection[int]) -> Recommendation:
    """The recommendation with what leaving it out of the choice would lose: such parts don't add up to the total."""
    recommendation = problem.proposals[i].recommendation
    alone, saved = recommendation.net_credits_per_month, recommendation.benefit.credits
    shared = alone.expected - _lost(problem, i, chosen)
    if saved is None or abs(shared) <= SHARED * abs(alone.expected):
        return recommendation
    part = _moved(saved, saved.expected - shared)
    which = "are saved by the other changes too" if shared > 0 else "are saved only beside the other changes"
    return replace(
        recommendation,
        benefit=replace(recommendation.benefit, credits=part),
        net_credits_per_month=_exchanged(alone, saved, part),
        details={**recommendation.details, "net_credits_per_month_alone": figures(alone)},
        warnings=(*recommendation.warnings, f"{number(abs(shared))} credits a month {which}."),
    )


def least_sure(problem: Problem, chosen: Collection[int], payback_months: float) -> int | None:
    """Of the chosen changes the one whose part of the savings may fall furthest below its upkeep, and below what it makes others
    build anew; None where none may.

    A change whose savings are all its own and that makes no other build anew was judged by its recommender.
    """
    margins = []
    for i in sorted(chosen):
        recommendation = problem.proposals[i].recommendation
        part, upkeep = attributed(problem, i, chosen), recommendation.cost.upkeep_credits_per_month
        anew = _built_anew(problem, i, chosen)
        if (part is recommendation and not anew) or part.benefit.credits is None or upkeep is None:
            continue
        margin = part.benefit.credits.low - upkeep.expected - anew / payback_months
        if margin < 0 and problem.proposals[i].alone is None:
            margins.append((margin, i))
    return min(margins)[1] if margins else None


def unsure(problem: Problem, i: int, chosen: Collection[int]) -> Rejection:
    part = attributed(problem, i, chosen)
    anew = _built_anew(problem, i, chosen)
    build = (
        f", and the {number(anew)} that building the search access paths anew in its order takes once," if anew else ""
    )
    alone = part is problem.proposals[i].recommendation
    why, left = ("", "what it saves") if alone else ("they save part of what it saves, and ", "the rest")
    reason = (
        f"Beside the other changes it would probably pay, but not surely: {why}its upkeep of "
        f"{between(part.cost.upkeep_credits_per_month)} credits a month{build} may exceed {left}, "
        f"{between(part.benefit.credits)}."
    )
    return Rejection(part.kind, part.target, problem.proposals[i].brief, reason)


def _built_anew(problem: Problem, i: int, chosen: Collection[int]) -> float:
    """Credits, once: the search access paths of a table are maintained again where a new layout rewrites it."""
    layout = problem.proposals[i].layout
    if layout is None:
        return 0.0
    beside = [problem.proposals[j].recommendation for j in sorted(chosen) if j != i]
    builds = [
        each.cost.build_credits
        for each in beside
        if (each.kind, each.action, each.target) == ("search_optimization", "create", Target.table(layout))
    ]
    return sum(build.expected for build in builds if build is not None)


def figures(figure: Range) -> dict[str, float]:
    return {"low": figure.low, "expected": figure.expected, "high": figure.high}


def _lost(problem: Problem, i: int, chosen: Collection[int]) -> float:
    return problem.gain(i, chosen) + problem.least_net


def _moved(figure: Range, expected: float) -> Range:
    """The range about another expectation: as wide in proportion where both are gains, else as wide."""
    if figure.expected > 0 and expected > 0:
        return figure.scaled(expected / figure.expected)
    return figure + Range(*[expected - figure.expected] * 3)


def _exchanged(net: Range, saved: Range, part: Range) -> Range:
    """`net` with `part` in place of the `saved` that is in it."""
    return Range(
        net.low - saved.low + part.low,
        net.expected - saved.expected + part.expected,
        net.high - saved.high + part.high,
    )


# ---------------------------------------------------------------- the whole


def net_together(problem: Problem, chosen: Collection[int]) -> Range:
    """Net credits a month of the choice as a whole; each change's range as wide as the part that it really serves."""
    nets = [
        _exchanged(p.recommendation.net_credits_per_month, saved, served)
        for i in sorted(chosen)
        for p, saved, served in [(problem.proposals[i], _saved_alone(problem, i), _served(problem, i, chosen))]
    ]
    return reduce(add, nets, ZERO)


def saved_together(problem: Problem, chosen: Collection[int]) -> Range:
    return reduce(add, (_served(problem, i, chosen) for i in sorted(chosen)), ZERO)


def _saved_alone(problem: Problem, i: int) -> Range:
    proposal = problem.proposals[i]
    credits = proposal.recommendation.benefit.credits
    return credits if credits is not None else reduce(add, (s.saved for s in proposal.services), proposal.apart)


def _served(problem: Problem, i: int, chosen: Collection[int]) -> Range:
    """What `i` saves of the templates that take up its services, and apart from them."""
    used = [
        service.saved.expected
        for fingerprint in sorted(problem.templates[i])
        for j, service in problem.used(fingerprint, chosen)
        if j == i
    ]
    return _moved(_saved_alone(problem, i), sum(used) + problem.proposals[i].apart.expected)


def sum_known(figures: Iterable[Range | None]) -> Range | None:
    """None where a part is unknown."""
    known = list(figures)
    return None if None in known else reduce(add, (figure for figure in known if figure), ZERO)


def only_together(problem: Problem, chosen: Collection[int]) -> tuple[tuple[str, str], ...]:
    """Changes that wouldn't pay by themselves, each with the one that makes it pay."""
    alone = [i for i in sorted(chosen) if problem.gain(i, ()) <= 0]
    pairs = [(i, j) for i in alone for j in sorted(chosen) if j != i and problem.gain(i, (j,)) > 0]
    ids = [proposal.recommendation.id for proposal in problem.proposals]
    return tuple((ids[i], ids[j]) for i, j in pairs)


# ---------------------------------------------------------------- the others


def passed_over(problem: Problem, i: int, chosen: Collection[int]) -> Rejection:
    proposal = problem.proposals[i]
    recommendation = proposal.recommendation
    return Rejection(
        recommendation.kind, recommendation.target, proposal.brief, proposal.alone or _why(problem, i, chosen)
    )


def _why(problem: Problem, i: int, chosen: Collection[int]) -> str:
    rival = next((j for j in sorted(chosen) if j != i and problem.proposals[j].layout in _layouts(problem, i)), None)
    if rival is not None:
        return _beaten(problem, i, rival, chosen)
    gain = problem.gain(i, chosen)
    if gain > 0:
        return _no_room(problem, i, chosen)
    served = sorted({j for f in problem.templates[i] for j, _ in problem.used(f, chosen)} - {i})
    alone = problem.proposals[i].recommendation.net_credits_per_month.expected
    others = "; ".join(problem.proposals[j].recommendation.title for j in served) or "the other changes"
    lost = number(-gain)
    beside = "it brings nothing" if lost == "0" else f"{lost} credits a month would be lost"
    return (
        f"It would net {number(alone)} credits a month alone, but its queries are served better by another change "
        f"({others}): beside it, {beside}."
    )


def _layouts(problem: Problem, i: int) -> tuple[object, ...]:
    layout = problem.proposals[i].layout
    return () if layout is None else (layout,)


def _beaten(problem: Problem, i: int, rival: int, chosen: Collection[int]) -> str:
    """By the layout that its table has in the choice."""
    others = [j for j in chosen if j != rival]
    more = problem.gain(rival, others) - problem.gain(i, others)
    if more <= 0:
        return _no_room(problem, i, others)
    label = problem.proposals[rival].label
    return f"{label[0].upper()}{label[1:]} nets {number(more)} credits a month more."


def _no_room(problem: Problem, i: int, chosen: Collection[int]) -> str:
    """It would add to the choice, but for the budget or the number of changes."""
    needed = problem.builds[i]
    if problem.budget is not None and needed == float("inf"):
        return "What its build takes is unknown: it can't be shown to fit the budget."
    left = 0.0 if problem.budget is None else problem.budget - sum(problem.builds[j] for j in chosen)
    if problem.budget is not None and needed > left:
        return f"Its build of {needed:.3g} credits doesn't fit the budget: {left:.3g} of {problem.budget:g} are left."
    return f"The plan holds the {problem.most_changes} changes that were asked for: together they bring more."
