"""The exact choice: a mixed-integer program, solved by HiGHS (scipy.optimize.milp).

Only "is it built" is integral; which template takes up which service comes out of the relaxation, as in facility location
(the formulation with maintenance in the objective: reference [arXiv 2606.03772]; CoPhy, PVLDB 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from advisor.model import Service, TableName
from advisor.selection.problem import Problem

NODES = 20_000
"""Branches that HiGHS may follow: a limit in steps and not in time, so that every run ends at the same choice."""
SCALE = 1e4
"""The largest coefficient of the objective: HiGHS takes differences below 1e-6 for none."""

Use = tuple[int, Service]
"""A proposal, by its index, and what it does for a template."""


@dataclass
class _Rows:
    """Constraints `lower <= row @ x <= upper`, as they are found."""

    cells: list[tuple[int, int, float]] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)

    def add(self, terms: list[tuple[int, float]], lower: float, upper: float) -> None:
        self.cells += [(len(self.lower), column, factor) for column, factor in terms]
        self.lower.append(lower)
        self.upper.append(upper)

    def constraint(self, columns: int) -> LinearConstraint:
        rows, cols, data = zip(*self.cells, strict=True)
        matrix = coo_array((data, (rows, cols)), shape=(len(self.lower), columns))
        return LinearConstraint(matrix.tocsr(), np.array(self.lower), np.array(self.upper))


def solve(problem: Problem) -> tuple[frozenset[int], bool] | None:
    """The best choice and whether it is proven to be; None where HiGHS found none within `NODES`."""
    chosen: set[int] = set()
    proven = True
    for part in problem.parts:
        found = _solve(problem.only(part))
        if found is None:
            return None
        chosen |= {part[i] for i in found[0]}
        proven &= found[1]
    return frozenset(chosen), proven


def _solve(problem: Problem) -> tuple[frozenset[int], bool] | None:
    count = len(problem.proposals)
    if count == 0:
        return frozenset(), True
    uses = [(i, s) for i, p in enumerate(problem.proposals) for s in p.services if _takes_part(problem, i, s)]
    alone, contested = _uncontested(problem, uses)
    own = [net - problem.least_net + saved for net, saved in zip(problem.own, alone, strict=True)]
    gains = np.array(own + [service.saved.expected for _, service in contested])
    rows = _constraints(problem, contested)
    largest = float(np.abs(gains).max()) or 1.0
    found = milp(
        -gains * (SCALE / largest),
        integrality=np.array([1] * count + [0] * len(contested)),
        bounds=Bounds(0, _ceilings(problem, len(contested))),
        constraints=[rows.constraint(count + len(contested))] if rows.cells else [],
        options={"mip_rel_gap": 0.0, "node_limit": NODES},
    )
    if found.x is None:
        return None
    return frozenset(i for i in range(count) if found.x[i] > 0.5), found.status == 0


def _uncontested(problem: Problem, uses: Sequence[Use]) -> tuple[list[float], list[Use]]:
    """What each proposal saves where nothing else may serve, or only what can't be built beside it; and the uses that others
    compete for. The first are taken up wherever the proposal is built, so that the program needn't tell them apart.
    """
    templates: dict[str, dict[TableName | None, list[Use]]] = {}
    for use in uses:
        templates.setdefault(use[1].fingerprint, {}).setdefault(use[1].table, []).append(use)
    saved, contested = [0.0] * len(problem.proposals), []
    for scans in templates.values():
        for table, each in scans.items():
            alone = len(each) == 1 or (_rivals(problem, each) and table is not None)
            if alone and (None not in scans or len(scans) == 1):
                for i, service in each:
                    saved[i] += service.saved.expected
            else:
                contested += each
    return saved, contested


def _rivals(problem: Problem, uses: Sequence[Use]) -> bool:
    """They are of different proposals, of which one at most is built: each sets the layout of the table that is scanned."""
    layouts = {problem.proposals[i].layout for i, _ in uses}
    return layouts == {uses[0][1].table} and len({i for i, _ in uses}) == len(uses)


def _takes_part(problem: Problem, i: int, service: Service) -> bool:
    """A service that saves nothing is taken up by nobody, unless a layout forces it on the scan."""
    bound = problem.proposals[i].layout is not None and service.table is not None
    return service.saved.expected > 0 or (bound and service.saved.expected < 0)


def _ceilings(problem: Problem, uses: int) -> NDArray[np.float64]:
    """0 for what can never be built within the budget, else 1."""
    affordable = [0.0 if problem.budget is not None and b > problem.budget else 1.0 for b in problem.builds]
    return np.array(affordable + [1.0] * uses)


def _constraints(problem: Problem, uses: Sequence[Use]) -> _Rows:
    rows, count = _Rows(), len(problem.proposals)
    whole: dict[str, list[int]] = {}
    scans: dict[tuple[str, TableName], list[int]] = {}
    for column, (i, service) in enumerate(uses, count):
        rows.add([(column, 1.0), (i, -1.0)], -np.inf, 0.0)  # only what is built serves
        if service.table is None:
            whole.setdefault(service.fingerprint, []).append(column)
        else:
            scans.setdefault((service.fingerprint, service.table), []).append(column)
    for columns in whole.values():
        rows.add([(column, 1.0) for column in columns], -np.inf, 1.0)
    for (fingerprint, _), columns in scans.items():
        together = [*columns, *whole.get(fingerprint, ())]
        rows.add([(column, 1.0) for column in together], -np.inf, 1.0)  # each scan is served once
        for column in columns:
            i, service = uses[column - count]
            if service.saved.expected < 0:
                # A layout slows the scan unless something else serves it.
                rows.add([*((other, 1.0) for other in together), (i, -1.0)], 0.0, np.inf)
    _limits(problem, rows)
    return rows


def _limits(problem: Problem, rows: _Rows) -> None:
    for rivals in problem.rivals.values():
        rows.add([(i, 1.0) for i in sorted(rivals)], -np.inf, 1.0)
    if problem.most_changes is not None:
        rows.add([(i, 1.0) for i in range(len(problem.proposals))], -np.inf, float(problem.most_changes))
    if problem.budget:
        spent = [(i, build / problem.budget) for i, build in enumerate(problem.builds) if build <= problem.budget]
        rows.add(spent, -np.inf, 1.0)
