"""What quantiles tell: how many rows a range has of a column whose values crowd together, and how many keys a filter leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from advisor import frequent
from advisor.clustering.judge import Judge
from advisor.model import Column, ColumnStatistics, KeyPart
from advisor.pruning.asks import within
from advisor.pruning.axes import Axis
from advisor.pruning.ends import axis
from advisor.quantiles import LEVELS
from benchmarks.worlds.cases import Case, Rows, Template, number
from benchmarks.worlds.outcomes import HELD, SHOWN
from benchmarks.worlds.told import told
from benchmarks.worlds.truth import HELD_DAYS, SHOWN_DAYS, execute, truths

ROWS = 60_000
LIFE = (datetime(2020, 1, 1), datetime(2026, 1, 5))
SEED = 3


def prices(count: int, seed: int = SEED) -> np.ndarray:
    """Nine in ten lie between 1 and 10, the others up to 100."""
    rng = np.random.default_rng(seed)
    return np.round(np.where(rng.random(count) < 0.9, rng.uniform(1, 10, count), rng.uniform(10, 100, count)), 2)


def line(values: np.ndarray, known: bool = True, counted: bool = True, literals: tuple[float, ...] = ()) -> Axis:
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    pairs = tuple(frequent.kept([(str(v), int(n)) for v, n in zip(distinct, counts, strict=True)], len(values)))
    quantiles = np.quantile(values[~np.isnan(values)], LEVELS, method="inverted_cdf").tolist() if known else []
    statistics = ColumnStatistics(
        float(len(distinct)), str(distinct[0]), str(distinct[-1]), float(np.isnan(values).mean()),
        frequent=pairs if counted else None,
        quantiles=tuple((str(value), level) for value, level in zip(quantiles, LEVELS, strict=False)),
    )  # fmt: skip
    return axis("PRICE", Column("PRICE", "NUMBER", 1, statistics), float(len(values)), literals, LIFE)


@pytest.mark.parametrize(
    ("low", "high"), [(3.0, 4.0), (20.0, 21.0), (50.0, 100.0), (2.0, 60.0), (None, 5.0), (9.0, None)]
)
@pytest.mark.parametrize("kind", ["even", "nulls", "hot", "hot, not counted"])
def test_a_range_has_as_many_rows_as_quantiles_tell(low: float | None, high: float | None, kind: str) -> None:
    values, rng = prices(ROWS), np.random.default_rng(5)
    if kind == "nulls":
        values = np.where(rng.random(ROWS) < 0.4, np.nan, values)
    if kind.startswith("hot"):
        values = np.where(rng.random(ROWS) < 0.3, 3.5, values)
    true = float(((values >= (low or -np.inf)) & (values < (high or np.inf))).mean())
    found = line(values, counted=kind != "hot, not counted")
    assert within(found, low, high) == pytest.approx(true, rel=0.1, abs=0.0015)


@pytest.mark.parametrize(("end", "low", "high"), [(-1.0, -0.5, 0.9), (500.0, 101.0, 499.0)])
def test_rows_at_an_end_that_nothing_counts_are_not_spread_over_the_gap(end: float, low: float, high: float) -> None:
    """No row lies in it, but those between two quantiles are taken as evenly spread: one in twenty at most."""
    values = np.where(np.random.default_rng(5).random(ROWS) < 0.3, end, prices(ROWS))
    found = line(values, counted=False)
    assert within(found, low, high) < 0.05
    assert within(found, end - 0.5, end + 0.5) == pytest.approx(0.3, abs=0.05)


def test_without_quantiles_values_are_taken_as_evenly_spread() -> None:
    values = prices(ROWS)
    true = float(((values >= 20) & (values < 21)).mean())
    assert within(line(values, known=False), 20.0, 21.0) > 4 * true


def test_beyond_the_outermost_quantiles_it_is_not_told_where_most_lie() -> None:
    values = np.exp(np.random.default_rng(1).normal(0, 2, ROWS))
    spread = line(values).spread
    assert spread is not None
    last = float(np.quantile(values, LEVELS[-1]))
    assert spread.tells(0.5, 2.0)
    assert spread.tells(0.5, None)
    assert spread.tells(0.5, float(values.max()) + 1)
    assert not spread.tells(last * 2, None)
    assert not spread.tells(0.5, last * 2)


@pytest.mark.parametrize(
    "quantiles",
    [(), (("oops", 0.5),), (("nan", 0.5),), (("1", 0.01), ("1", 0.99)), (("7", 0.9), ("5", 0.95), ("900", 0.99))],
)
def test_quantiles_that_tell_nothing_or_contradict_harm_nothing(quantiles: tuple[tuple[str, float], ...]) -> None:
    statistics = ColumnStatistics(99.0, "1", "100", 0.0, quantiles=quantiles)
    found = axis("PRICE", Column("PRICE", "NUMBER", 1, statistics), 1e5, (), LIFE)
    shares = [found.share(1.0, high) for high in range(1, 101)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == pytest.approx(1.0)


def test_where_a_value_stands_for_none_quantiles_are_not_heard() -> None:
    none = 2.0**31 - 1
    values = np.where(np.random.default_rng(2).random(ROWS) < 0.4, none, np.floor(prices(ROWS)))
    found = line(values, literals=(none, *map(float, range(1, 10))))
    assert found.stand_ins
    assert found.spread is None


def sales() -> Case:
    """Sales in no order, of products whose prices crowd together."""
    rng = np.random.default_rng(SEED)
    fact = {
        "PRODUCT": number("PRODUCT", rng.integers(1, 2_001, ROWS)),
        "DAY": number("DAY", rng.integers(0, 1_000, ROWS)),
    }
    products = {"ID": number("ID", np.arange(1, 2_001)), "PRICE": number("PRICE", prices(2_000))}
    join = "SELECT COUNT(*) FROM sales JOIN products ON product = id WHERE"
    return Case("sales", (Rows("SALES", fact, 150), Rows("PRODUCTS", products, 1)), (
        Template(lambda r, at: f"{join} price BETWEEN {(p := r.integers(1, 60))} AND {p + 1}", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM sales WHERE day BETWEEN {(d := r.integers(0, 900))} AND {d + 9}", 100),
    ))  # fmt: skip


@pytest.mark.parametrize("known", [True, False])
def test_a_filter_leaves_as_many_join_keys_as_the_very_range_has_rows(known: bool) -> None:
    """On average of all ranges a product in fifty is left, of most of them one in a thousand."""
    case, rng = sales(), np.random.default_rng(SEED)
    shown, held = execute(case, SHOWN_DAYS, SHOWN, rng), execute(case, HELD_DAYS, HELD, rng)
    seen, true = truths(case, shown), truths(case, held)["SALES"]
    if not known:
        case = replace(case, tables=tuple(_Unknown(*_parts(rows)) for rows in case.tables))
    each = told(case, shown, seen, SEED, "statistics")["SALES"]
    judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
    key = (KeyPart("DAY", digits=2), KeyPart("PRODUCT"))
    predicted, counted = judge.estimate(key).after[0], true.per_template(true.keyed(key))[0]
    assert (predicted < 2.0 * counted) == known
    assert (predicted > 2.4 * counted) != known


class _Unknown(Rows):
    """A table of whose columns no quantiles are told."""

    def described(self, known: bool):  # type: ignore[no-untyped-def]
        table = super().described(known)
        return replace(table, columns=tuple(
            replace(c, statistics=c.statistics and replace(c.statistics, quantiles=())) for c in table.columns
        ))  # fmt: skip


def _parts(rows: Rows):  # type: ignore[no-untyped-def]
    return rows.name, rows.columns, rows.partitions
