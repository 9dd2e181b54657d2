"""Two tables that no history and no statistics tell apart, and whose best keys differ.

In the one, four columns follow each other; in the other, each is shuffled by itself among the rows of every micro-partition. So
every partition keeps its minimum and maximum of every column, every column its values, and each condition, which asks one column,
matches as many rows: scans, pruning history and statistics are the same to the last figure. Whatever advises from these alone
says the same of both, so the key that serves both best bounds what it can bring. A sample of the rows tells them apart.

The mixed world has a twin too: its products numbered anew, at random, and other codes given to them. Any product is
asked for as often as any other, so all that is drawn of it is as before: scans and statistics to the last figure (but for
which products are the frequent ones), the rows that literals match by their law. What an ordered key on the product leaves to be read isn't, for the world's
products are numbered by how many rows they have, and their codes rise with the number in stretches. Who predicts the
same of both is off by the root of their ratio at least.

So has TPC-DS where its rows lie in no order: catalog orders are numbered by their days. With the numbers shuffled among the rows
of each micro-partition, which have them from all over, scans and statistics are the same to the last figure, and the numbers follow
nothing: whether a key on them prunes days, and one on days them, nothing but a sample tells.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from advisor.keys import render
from advisor.model import Churn, KeyPart
from benchmarks.columns import Column, Floats
from benchmarks.worlds.cases import Case, Rows, Template, dates, number
from benchmarks.worlds.outcomes import HELD, Key, all_keys
from benchmarks.worlds.synthetic import DAYS, alternatives, forms, span
from benchmarks.worlds.truth import HELD_DAYS, Truth, execute, truths

ROWS, PARTITIONS, VALUES = 60_000, 200, 10_000
FOLLOWING = ("A", "B", "C", "D")
ALONE = ("X", "Z")
NEAR = 20  # how far the values of columns that follow each other lie apart
RUNS = {**dict.fromkeys(FOLLOWING, 80), **dict.fromkeys(ALONE, 200)}


def twins(seed: int) -> tuple[Case, Case]:
    """The table whose columns follow each other, and the one in which they don't."""
    rng = np.random.default_rng([14, seed])
    first = rng.integers(0, VALUES, ROWS)
    columns = {name: number(name, np.abs(first + rng.integers(0, NEAR, ROWS))) for name in FOLLOWING}
    columns |= {name: number(name, rng.integers(0, VALUES, ROWS)) for name in ALONE}
    partition = np.arange(ROWS) * PARTITIONS // ROWS
    shuffled = {name: _shuffled(column, partition, rng) for name, column in columns.items()}
    return tuple(  # type: ignore[return-value]
        Case("twins", (Rows("T", each, PARTITIONS),), tuple(map(_template, RUNS))) for each in (columns, shuffled)
    )


def _shuffled(column: Column, partition: np.ndarray, rng: np.random.Generator) -> Column:
    return number(column.name, column.values[np.lexsort((rng.random(ROWS), partition))])


def _template(column: str) -> Template:
    text = f"SELECT COUNT(*) FROM t WHERE {column.lower()} = "
    return Template(lambda r, at: f"{text}{r.integers(NEAR, VALUES)}", RUNS[column])


@dataclass(frozen=True)
class Bound:
    """The most that one key brings on both tables, as shares of what each table's own best key saves."""

    seed: int
    best: tuple[Key, Key]
    worst: float
    """The smaller of the two shares, under the key for which that is the most."""
    mean: float
    """Their mean, under the key for which that is the most."""

    @property
    def shown(self) -> tuple[str, ...]:
        own, other = (", ".join(map(render, key)) for key in self.best)
        return str(self.seed), own, other, f"{self.mean:.3f}", f"{self.worst:.3f}"


def bound(seed: int) -> Bound:
    pair = [_truth(case, seed) for case in twins(seed)]
    runs = np.array(list(RUNS.values()), dtype=float)
    keys = all_keys(pair[0])
    now = [float(truth.per_template(truth.now()) @ runs) for truth in pair]
    under = np.array([[float(truth.per_template(truth.keyed(key)) @ runs) for key in keys] for truth in pair])
    ratios = np.array([(n - each) / (n - each.min()) for n, each in zip(now, under, strict=True)])
    own, other = (keys[int(ratio.argmax())] for ratio in ratios)
    return Bound(seed, (own, other), float(ratios.min(axis=0).max()), float(ratios.mean(axis=0).max()))


def _truth(case: Case, seed: int, table: str = "T") -> Truth:
    return truths(case, execute(case, HELD_DAYS, HELD, np.random.default_rng([7, seed])))[table]


# ---------------------------------------------------------------- the mixed world's


BY_PRODUCT: Key = (KeyPart("AT", unit="QUARTER"), KeyPart("PRODUCT_ID"))


def renumbered(case: Case, seed: int) -> Case:
    """The mixed world with other numbers for its products, the first and the last as they were, and other codes."""
    rng = np.random.default_rng([15, seed])
    events, products = case.tables
    last = products.count
    number_of = np.arange(last + 1)
    number_of[2:last] = rng.permutation(number_of[2:last])
    product = events.columns["PRODUCT_ID"].values.astype(int)
    code_of = np.full(last + 1, -1.0)
    code_of[product] = events.columns["CODE"].values
    sold = np.flatnonzero(code_of >= 0)
    code_of[sold] = rng.permutation(code_of[sold])
    columns = {
        **events.columns, "PRODUCT_ID": number("PRODUCT_ID", number_of[product]),
        "CODE": replace(events.columns["CODE"], values=code_of[product]),
    }  # fmt: skip
    order = np.argsort(number_of[1:])
    described = {
        name: column if name == "ID" else replace(column, values=column.values[order])
        for name, column in products.columns.items()
    }
    return replace(case, tables=(replace(events, columns=columns), replace(products, columns=described)))


BY_ORDER: Key = (KeyPart("CS_ORDER_NUMBER", digits=4), KeyPart("CS_SOLD_DATE_SK"))


def without_order(case: Case, seed: int, table: str = "CATALOG_SALES", column: str = "CS_ORDER_NUMBER") -> Case:
    """The case with a column's values shuffled among the rows of each of a table's micro-partitions."""
    rng = np.random.default_rng([16, seed])

    def twin(rows: Rows) -> Rows:
        if rows.name != table:
            return rows
        partition, values = np.arange(rows.count) * rows.partitions // rows.count, rows.columns[column].values
        shuffled = replace(rows.columns[column], values=values[np.lexsort((rng.random(rows.count), partition))])
        return replace(rows, columns={**rows.columns, column: shuffled})

    return replace(case, tables=tuple(map(twin, case.tables)))


def least_errors_by_order(case: Case, seed: int) -> Floats:
    """The same of TPC-DS and its twin, under a key on order numbers."""
    both = [_truth(each, seed, "CATALOG_SALES") for each in (case, without_order(case, seed))]
    one, other = (truth.per_template(truth.keyed(BY_ORDER)) for truth in both)
    one, other = one[one > 0], other[one > 0]
    found: Floats = np.sqrt(np.maximum(one / other, other / one))
    return found


def least_errors(seed: int) -> Floats:
    """By template of the mixed world: the factor that the same prediction for it and its twin is off by on one of them
    at least.
    """
    case = forms(seed)
    both = [_truth(each, seed, "EVENTS") for each in (case, renumbered(case, seed))]
    one, other = (truth.per_template(truth.keyed(BY_PRODUCT)) for truth in both)
    found: Floats = np.sqrt(np.maximum(one / other, other / one))
    return found


# ---------------------------------------------------------------- two times


PAIR_ROWS = 240_000
RECENT = 60  # days, of which half of the rows have one of the two times long before the other
SHOWN_VALUES = 100  # frequent values that statistics tell


def two_times(seed: int) -> tuple[Case, Case]:
    """Days asked for on either of two columns, as in the world of alternatives: in the one table half of the latest rows are of days
    long ago that were changed lately, in the other they are new ones whose change is dated long ago.

    Either way as many rows come each day, and each has one of the two dates then. What happened before, and how many rows have each of the
    days that statistics tell of, is the same.
    """
    rng = np.random.default_rng([16, seed])
    first, today = span(seed)
    arrived = np.sort(rng.uniform(first, today, PAIR_ROWS))
    day = np.floor(arrived)
    moved = _moved(day, today, rng)
    device = number("DEVICE", rng.integers(0, 400, PAIR_ROWS))

    def case(days: Floats, changed: Floats) -> Case:
        columns = {"DAY": dates("DAY", days), "CHANGED": dates("CHANGED", changed), "DEVICE": device}
        rows = Rows("T", columns, PARTITIONS, arrived, Churn(PAIR_ROWS / DAYS, 0, 0))
        return replace(alternatives(seed), tables=(rows,))

    return case(moved, day), case(day, moved)


def _moved(day: Floats, today: float, rng: np.random.Generator) -> Floats:
    """The days with half of the latest put to earlier ones, none of which becomes one of the most frequent, as none of these
    loses a row."""
    days, counts = np.unique(day, return_counts=True)
    least = np.sort(counts)[-SHOWN_VALUES]
    told = days[counts >= least]
    free = days[(days < today - RECENT) & (counts < least)]
    places = np.repeat(free, least - 1 - counts[np.isin(days, free)])
    latest = np.flatnonzero((day >= today - RECENT) & ~np.isin(day, told))
    chosen = rng.choice(latest, min(len(latest) // 2, len(places)), replace=False)
    found = day.copy()
    found[chosen] = rng.choice(places, len(chosen), replace=False)
    return found
