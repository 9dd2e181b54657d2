"""What others would do with the same statistics: rules of thumb that people and tools follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations

from advisor.clustering.candidates import ladder
from advisor.clustering.judge import Judge
from advisor.model import KeyPart
from benchmarks.worlds.told import Told

Key = tuple[KeyPart, ...]


def nothing(told: Told) -> Key:
    return ()


def most_filtered(told: Told) -> Key:
    """The bare column that most executions filter."""
    asked = _asked(told)
    return (KeyPart(max(asked, key=lambda column: (asked[column], column))),) if asked else ()


def low_cardinality_first(told: Told) -> Key:
    """The vendor's rule: filtered columns from few distinct values to many, coarsened until the groups number P/10 to P."""
    layout = told.profile.layout
    columns = sorted(_asked(told), key=lambda column: layout.axes[column].distinct)
    key: list[KeyPart] = []
    groups = 1.0
    for column in columns[:3]:
        rungs = sorted(ladder(told.profile, column), key=lambda part: -layout.axes[column].buckets(part))
        fitting = [part for part in rungs if groups * layout.axes[column].buckets(part) <= layout.partitions]
        if not fitting:
            break
        key.append(fitting[0])
        groups *= layout.axes[column].buckets(fitting[0])
        if groups >= layout.partitions / 10:
            break
    return tuple(key) or ((KeyPart(columns[0]),) if columns else ())


def product_of_selectivities(told: Told) -> Key:
    """The one or two columns whose conditions, multiplied with each other, leave least."""
    singles = [(KeyPart(column),) for column in _asked(told)]
    pairs = [(KeyPart(a), KeyPart(b)) for a, b in permutations(_asked(told), 2)]
    return min([(), *singles, *pairs], key=lambda key: (_product(told, key), len(key), [part.rank for part in key]))


def independent_top(told: Told) -> Key:
    """The two columns that would be best alone, the better one first."""
    judge = Judge.of(told.profile, told.prices, told.settings, told.workload.days)
    alone = {c: max((judge.quick_net((part,)) for part in ladder(told.profile, c)), default=0.0) for c in _asked(told)}
    best = sorted(alone, key=lambda column: (-alone[column], column))[:2]
    return tuple(KeyPart(column) for column in best if alone[column] > 0)


BASELINES: Mapping[str, Callable[[Told], Key]] = {
    "do nothing": nothing,
    "most-filtered column": most_filtered,
    "low cardinality first, P/10 to P": low_cardinality_first,
    "product of selectivities": product_of_selectivities,
    "independent top 2": independent_top,
}


def _asked(told: Told) -> dict[str, int]:
    """Executions that filter each column which a key may have."""
    found: dict[str, int] = {}
    for i, load in enumerate(told.profile.loads):
        columns = {
            ask.column for question in told.profile.layout.questions if question.load == i for ask in question.asks
        }
        for column in sorted(columns):
            if ladder(told.profile, column):
                found[column] = found.get(column, 0) + load.template.executions
    return found


def _product(told: Told, key: Key) -> float:
    """Partitions a month, had each condition on a key column its selectivity's effect by itself."""
    keyed = {part.column for part in key}
    total = 0.0
    for question in told.profile.layout.questions:
        share = 1.0
        for ask in question.asks:
            share *= ask.share if ask.column in keyed else 1.0
        total += share * question.weight * told.profile.loads[question.load].template.executions
    return total
