"""One table as the workload treats it: who reads it, with which conditions, what they scan, who writes it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from statistics import median

from advisor.axes import Axis, axis
from advisor.model import (
    FILTERS,
    Catalog,
    Churn,
    ColumnUsage,
    QueryTemplate,
    Reading,
    Role,
    Table,
    TableHistory,
    TableName,
    Value,
    Workload,
)
from advisor.pruning import Ask, Layout, Question, learn_widths, observations, scanned_today
from advisor.sample import Sample

Sampled = Callable[[TableName, Mapping[str, Axis]], Sample | None]

PRUNABLE = frozenset({Role.EQUALITY, Role.MEMBERSHIP, Role.RANGE, Role.PREFIX, Role.NULL_TEST})
READS_ALL = 0.9  # a load that scans over this share of the partitions isn't pruned
FEWEST = 1e-9  # share of the rows that a condition is taken to match at least
LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True)
class ReadTemplate:
    """A template with what its representative and its samples say."""

    template: QueryTemplate
    reading: Reading
    samples: tuple[Reading, ...]
    """Of `template.samples`, in their order; empty for a template that no candidate needs."""


@dataclass(frozen=True)
class Load:
    """What one template asks of the table."""

    template: QueryTemplate
    before: float | None
    """Partitions of this table that an execution scans today, from the history; None when it doesn't say."""
    asks: bool
    """At least one of its conditions can be decided by a minimum and a maximum."""
    limited: bool
    """A LIMIT stops its scan early, whatever the layout."""
    unserved: str | None
    """Why no key can help it; None for a load that asks."""


@dataclass(frozen=True)
class TableProfile:
    table: Table
    partitions: int
    loads: tuple[Load, ...]
    layout: Layout
    churn: Churn | None
    """None: nothing records the table's writes."""
    recreated_by: str | None
    """Fingerprint of the template that recreates it, where one does."""
    clustering_credits: float | None
    used_columns: frozenset[str]
    """Columns that any template filters, joins, groups or orders by."""
    understood: bool
    """No statement that reads it, or may read it, was left without its columns resolved."""

    @property
    def partition_bytes(self) -> float | None:
        return None if self.table.bytes is None else self.table.bytes / self.partitions


def partitions_of(
    table: Table, templates: Sequence[ReadTemplate], history: TableHistory, partition_bytes: int
) -> int | None:
    """How many micro-partitions a table has: as its scans show, else from its size; None where neither is known."""
    recorded = [
        (scan.partitions_scanned + scan.partitions_pruned) / scan.queries for scan in history.scans if scan.queries
    ]
    if recorded:
        return max(1, round(median(recorded)))
    alone = [
        sample.partitions_total
        for read in templates
        if read.reading.scans == (table.name,)
        for sample in read.template.samples
        if sample.partitions_total
    ]
    if alone:
        return max(1, round(median(alone)))
    return None if table.bytes is None else max(1, math.ceil(table.bytes / partition_bytes))


def profile(
    table: Table,
    partitions: Mapping[TableName, int],
    templates: Sequence[ReadTemplate],
    history: TableHistory,
    workload: Workload,
    sampled: Sampled = lambda name, axes: None,
) -> TableProfile:
    """The table's profile; `partitions` holds every known table's count, to share out what a join scans. `sampled` finds
    the sample of a table's rows, laid out on axes, where there is one."""
    readers = [read for read in templates if table.name in read.reading.scans]
    axes = _axes(table, readers, workload)
    loads: list[Load] = []
    questions: list[Question] = []
    for read in readers:
        asked = _questions(table.name, len(loads), read, axes, history)
        before = _before(table.name, read, partitions, history)
        loads.append(_load(table.name, read, before, any(question.asks for question in asked)))
        questions += asked
    layout, loads = _layout(table, partitions[table.name], axes, loads, questions)
    sample = sampled(table.name, axes) if any(load.asks for load in loads) else None
    if sample is not None and sample.serves(layout.partitions):
        layout = replace(layout, sample=sample)
    return TableProfile(
        table,
        partitions[table.name],
        tuple(loads),
        layout,
        history.churn or _churn_seen(table.name, templates, workload),
        _recreated_by(table.name, templates),
        history.clustering_credits,
        frozenset(u.column for read in readers for u in read.reading.usages if u.table == table.name),
        not any(_obscure(read, table.name) for read in templates),
    )


def _obscure(read: ReadTemplate, table: TableName) -> bool:
    if read.reading.problem is not None:
        return table.name.upper() in read.template.text.upper()
    return table in read.reading.scans and bool(read.reading.unresolved)


def _layout(
    table: Table, partitions: int, axes: Mapping[str, Axis], loads: list[Load], questions: list[Question]
) -> tuple[Layout, list[Load]]:
    """The layout as the loads show it, and the loads; those whose conditions are seen not to prune ask nothing any more."""
    shares = [None if load.before is None or load.limited else load.before / partitions for load in loads]
    seen = observations(questions, shares, [float(load.template.executions) for load in loads])
    layout = Layout(float(table.rows or 0), partitions, axes, learn_widths(seen), tuple(questions), len(loads))
    idle = {i for i, today in enumerate(scanned_today(layout)) if _idle(loads[i], shares[i], today / partitions)}
    idle &= {q.load for q in questions if any(not ask.bare for ask in q.asks)}
    heard = tuple(replace(q, asks=()) if q.load in idle else q for q in questions)
    why = "filters in a form that doesn't prune: it reads nearly all although the rows lie in that order"
    kept = [replace(load, asks=False, unserved=why) if i in idle else load for i, load in enumerate(loads)]
    return replace(layout, questions=heard), kept


def _idle(load: Load, seen: float | None, expected: float) -> bool:
    return load.asks and seen is not None and seen > READS_ALL and expected < seen / 2


# ---------------------------------------------------------------- axes


def _axes(table: Table, readers: Iterable[ReadTemplate], workload: Workload) -> dict[str, Axis]:
    literals: dict[str, list[Value]] = {}
    for read in readers:
        for usage in _filters(table.name, read.samples or (read.reading,)):
            if usage.role in PRUNABLE and usage.keeps_order and not _is_path(table, usage.column):
                ends = [end for end in (usage.low, usage.high) if end is not None]
                literals.setdefault(usage.column, []).extend([*usage.values, *ends])
    lifetime = (table.created, workload.window_end)
    found = {
        name: axis(name, table.column(name), float(table.rows or 1), values, lifetime)
        for name, values in sorted(literals.items())
    }
    # Bind variables alone tell nothing of a column.
    return {name: line for name, line in found.items() if line.known or line.is_time or literals[name]}


def _is_path(table: Table, column: str) -> bool:
    """A path into a variant; but a column's own name may hold a colon too."""
    return ":" in column and table.column(column) is None


def _filters(table: TableName, readings: Iterable[Reading]) -> Iterable[ColumnUsage]:
    return (usage for reading in readings for usage in reading.usages if usage.table == table and usage.role in FILTERS)


# ---------------------------------------------------------------- questions


def _questions(
    table: TableName, load: int, read: ReadTemplate, axes: Mapping[str, Axis], history: TableHistory
) -> list[Question]:
    readings = read.samples or (read.reading,)
    matched = _matched_share(read.template, history)
    texts = {name for name, line in axes.items() if line.family == "text"}
    questions = []
    for reading in readings:
        for scan, name in enumerate(reading.scans):
            if name == table:
                usages = [u for u in reading.usages if u.scan == scan and u.table == table and u.role in FILTERS]
                asks = _asks(usages, axes)
                if matched is not None and len(asks) == len({u.clause for u in usages}):
                    asks = _skewed(asks, matched, texts)
                questions.append(Question(load, 1 / len(readings), asks))
    return questions


def _asks(usages: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> tuple[Ask, ...]:
    clauses: dict[int, list[ColumnUsage]] = {}
    for usage in usages:
        clauses.setdefault(usage.clause, []).append(usage)
    asks = [ask for _, clause in sorted(clauses.items()) for ask in _clause_asks(clause, axes)]
    return tuple(sorted(asks, key=lambda ask: (ask.column, ask.share)))


def _clause_asks(clause: Sequence[ColumnUsage], axes: Mapping[str, Axis]) -> list[Ask]:
    asks = [_bare_or_not(_ask(usage, axes), usage) for usage in clause]
    if all(usage.branch is None for usage in clause):
        return [ask for ask in asks if ask is not None]
    # An OR prunes on a column only if each of its alternatives does.
    found = [ask for ask in asks if ask is not None]
    if len(found) != len(asks) or len({ask.column for ask in found}) != 1:
        return []
    return [_union(found)]


def _bare_or_not(ask: Ask | None, usage: ColumnUsage) -> Ask | None:
    return ask if ask is None or usage.wrapper is None else replace(ask, bare=False)


def _union(asks: Sequence[Ask]) -> Ask:
    share = min(1.0, sum(ask.share for ask in asks))
    if all(ask.values for ask in asks):
        positions = tuple(position for ask in asks for position in ask.positions)
        return Ask(asks[0].column, share, sum(ask.values for ask in asks), positions=positions)
    lows = [ask.low for ask in asks]
    highs = [ask.high for ask in asks]
    low = None if None in lows else min(low for low in lows if low is not None)
    high = None if None in highs else max(high for high in highs if high is not None)
    return Ask(asks[0].column, share, 0, low, high)


def _ask(usage: ColumnUsage, axes: Mapping[str, Axis]) -> Ask | None:
    line = axes.get(usage.column)
    if line is None or usage.role not in PRUNABLE or usage.negated or not usage.keeps_order:
        return None
    present = 1 - line.null_share
    if usage.role is Role.NULL_TEST:
        return Ask(usage.column, max(FEWEST, line.null_share), 1) if line.known else None
    if usage.role is Role.PREFIX and usage.values:
        text = str(usage.values[0])
        low, high = line.position(text), line.position(text + LAST_LETTER)
        # A position tells the first letters only: the prefix may be longer.
        later = None if low is None or high is None else max(high, math.nextafter(low, math.inf))
        return _range(line, usage.column, present, low, later)
    if usage.low is not None or usage.high is not None:
        low = None if usage.low is None else line.position(usage.low)
        high = None if usage.high is None else line.position(usage.high)
        if (low is None) != (usage.low is None) or (high is None) != (usage.high is None):
            return None
        if not line.known and not line.is_time and (low is None or high is None):
            return None  # the literals seen don't tell how far the column reaches beyond them
        if line.family == "date" and high is not None and not usage.high_included:
            high -= 1  # the last day that counts
        if line.family == "date" and low is not None and not usage.low_included:
            low += 1
        if line.family != "date":
            low = math.nextafter(low, math.inf) if low is not None and not usage.low_included else low
            high = math.nextafter(high, math.inf) if high is not None and usage.high_included else high
        return _range(line, usage.column, present, low, high)
    if usage.role in (Role.EQUALITY, Role.MEMBERSHIP):
        positions = [line.position(value) for value in usage.values]
        count = max(1, len(usage.values))
        known = tuple(sorted({position for position in positions if position is not None}))
        return Ask(usage.column, min(1.0, present * count / line.distinct), count, positions=known)
    return None


def _range(line: Axis, column: str, present: float, low: float | None, high: float | None) -> Ask:
    # Text isn't spread evenly over its alphabet: a range holds one of its values at least.
    least = 1 / line.distinct if line.family == "text" else 0.0
    share = present * max(least, line.share(low, high))
    # The bucket arithmetic takes the upper end as excluded: a date's day ends a day later.
    end = high + 1 if line.family == "date" and high is not None else high
    return Ask(column, share, 0, low, end)


def _matched_share(template: QueryTemplate, history: TableHistory) -> float | None:
    """The share of the table's rows that the template's filters let through, as recorded."""
    scans = [scan for scan in history.scans if scan.hash in template.hashes and scan.rows_matched is not None]
    rows = sum((scan.rows_scanned or 0) for scan in scans)
    seen = sum(scan.partitions_scanned for scan in scans)
    every = sum(scan.partitions_scanned + scan.partitions_pruned for scan in scans)
    if not rows or not seen:
        return None
    return sum(scan.rows_matched or 0 for scan in scans) / (rows * every / seen)


def _skewed(asks: tuple[Ask, ...], matched: float, texts: AbstractSet[str]) -> tuple[Ask, ...]:
    """The asks with the shares of their single values and text ranges corrected so that together they match what was
    recorded: a hot value holds more than one in its column's distinct count, and text isn't spread evenly."""
    guessed = [bool(ask.values) or ask.column in texts for ask in asks]
    ranges = math.prod(max(ask.share, 1e-6) for ask, guess in zip(asks, guessed, strict=True) if not guess)
    assumed = math.prod(max(ask.share, 1e-12) for ask, guess in zip(asks, guessed, strict=True) if guess)
    if not any(guessed) or matched <= 0 or assumed >= 1:
        return asks
    target = min(1.0, max(matched / ranges, 1e-12))
    exponent = math.log(target) / math.log(assumed)
    return tuple(
        replace(ask, share=min(1.0, ask.share**exponent)) if guess else ask
        for ask, guess in zip(asks, guessed, strict=True)
    )


# ---------------------------------------------------------------- loads


def _load(table: TableName, read: ReadTemplate, before: float | None, asks: bool) -> Load:
    reading = read.reading
    shaped = any(usage.role in (Role.GROUP, Role.ORDER) for usage in reading.usages)
    limited = reading.limit is not None and not shaped
    return Load(read.template, before, asks, limited, None if asks else _why_unserved(table, reading))


def _why_unserved(table: TableName, reading: Reading) -> str:
    filters = [usage for usage in reading.usages if usage.table == table and usage.role in FILTERS]
    if not filters:
        joined = any(usage.table == table and usage.role is Role.JOIN for usage in reading.usages)
        return "filters only through a join" if joined else "reads it without a filter"
    wrapped = next((usage for usage in filters if usage.wrapper and not usage.keeps_order), None)
    if wrapped is not None:
        return f"filters {wrapped.column} inside {wrapped.wrapper}, which a minimum and a maximum can't decide"
    if any(usage.role is Role.CONTAINS for usage in filters):
        return "searches inside text, which a minimum and a maximum can't decide"
    if any(usage.branch is not None for usage in filters):
        return "combines different columns by OR, which a minimum and a maximum of one column can't decide"
    if all(":" in usage.column for usage in filters):
        return "filters inside a VARIANT column, on which no key is proposed"
    served = [usage for usage in filters if usage.role in PRUNABLE and usage.keeps_order and not usage.negated]
    if served:
        return f"filters {served[0].column}, of which neither statistics nor constants tell how many rows that leaves"
    return "filters in a form that a minimum and a maximum can't decide"


def _before(
    table: TableName, read: ReadTemplate, partitions: Mapping[TableName, int], history: TableHistory
) -> float | None:
    """Partitions of this table per execution: recorded for the table, else its part of what the whole query scanned."""
    template = read.template
    recorded = [scan for scan in history.scans if scan.hash in template.hashes and scan.queries]
    if recorded:
        return sum(scan.partitions_scanned for scan in recorded) / sum(scan.queries for scan in recorded)
    if template.partitions_scanned is None:
        return None
    scanned = template.partitions_scanned / template.executions
    scans = [name for name in read.reading.scans if name in partitions]
    largest = max(partitions[name] for name in scans)
    # Small tables are read whole; what is left is shared by the large ones in proportion to their size.
    small = sum(partitions[name] for name in scans if partitions[name] * 10 < largest)
    large = sum(partitions[name] for name in scans if partitions[name] * 10 >= largest)
    mine = sum(partitions[name] for name in scans if name == table)
    if partitions[table] * 10 < largest:
        return float(min(mine, scanned))
    return max(0.0, scanned - small) * mine / large


def _churn_seen(table: TableName, templates: Sequence[ReadTemplate], workload: Workload) -> Churn | None:
    """Rows a day as the history's own statements count them; None where it holds no statement that writes."""
    writers = [read.template for read in templates if read.reading.writes or read.reading.creates]
    counted = [
        t for t in writers if t.rows_inserted is not None or t.rows_updated is not None or t.rows_deleted is not None
    ]
    if not counted:
        return None
    mine = [read.template for read in templates if table in read.reading.writes]
    return Churn(
        sum(t.rows_inserted or 0 for t in mine) / workload.days,
        sum(t.rows_deleted or 0 for t in mine) / workload.days,
        sum(t.rows_updated or 0 for t in mine) / workload.days,
    )


def _recreated_by(table: TableName, templates: Sequence[ReadTemplate]) -> str | None:
    """The template that creates the table anew again and again: a key set by hand wouldn't outlive its next run."""
    makers = [read.template for read in templates if table in read.reading.creates]
    if sum(template.executions for template in makers) < 2:
        return None
    return max(makers, key=lambda template: (template.executions, template.fingerprint)).fingerprint


def reading_tables(templates: Sequence[ReadTemplate], catalog: Catalog) -> tuple[TableName, ...]:
    """Tables of the catalog that any template scans, in order of name."""
    return tuple(sorted({name for read in templates for name in read.reading.scans if name in catalog.tables}))
