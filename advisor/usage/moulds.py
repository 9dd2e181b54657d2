"""What a text says, as a mould for all texts that differ from it in constants alone.

A reading asks little of a constant: what sort it is (`shape`), and at most whether it is equal to another. So texts alike in
that, and in all that isn't a constant, are read the same but for the values in their usages, and where a value stands in the
reading is where its constant went. That is found by reading the text a second time with constants that no text has: whatever
isn't seen to go as it is into the usage of a bare column, or to go nowhere, makes no mould, or must be the same in the other
text.

Left out, and read each by itself: constants in a pattern, under a function around the column, in an OR or a NOT (equal
alternatives are taken together there), and texts that may be taken for a number, a truth value or an odd spelling of a moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from sqlglot import exp

from advisor.model import ColumnUsage, Reading, Value
from advisor.usage import constants, moments
from advisor.usage.trees import ENDING, Pattern, Trees, constants_in, pieces_of

MOST = 300
"""A statement with more constants or usages isn't read twice."""
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
WHOLE = re.compile(r"[0-9]+")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ODD = "x"
"""The sort of a constant that is like no other."""
UNHEARD = 7_391_046_285_117
FAR_DAY = date(7391, 1, 1)

Field = Literal["values", "low", "high"]
FIELDS: tuple[Field, ...] = ("values", "low", "high")
FAMILIES: Mapping[type, str] = {
    int: constants.NUMBER,
    float: constants.NUMBER,
    str: constants.TEXT,
    date: constants.DATE,
    datetime: constants.TIMESTAMP,
}
"""Of a value in a usage."""


MAY_BE: Mapping[str, Sequence[str]] = {
    **dict.fromkeys("idn", (constants.NUMBER, constants.TEXT)),
    **dict.fromkeys("DMT", (constants.DATE, constants.TIMESTAMP, constants.TEXT)),
    "s": (constants.TEXT,),
}
"""The families that a constant of a sort has a value in."""


@dataclass(frozen=True)
class Slot:
    """Where a run of constants goes: a usage, by its place in the reading, and which of its values."""

    run: int
    usage: int
    field: Field
    family: str


@dataclass(frozen=True)
class Mould:
    slots: tuple[Slot, ...]
    fixed: tuple[tuple[int, str], ...]
    """Runs that must be as they were."""
    remarks: tuple[int, ...]
    """Runs inside a comment."""
    single: tuple[int, ...]
    """Runs that must be one constant, for they are no list."""
    equal: tuple[int, ...]
    """Of each run that goes nowhere the first that says the same: so they must be again."""

    def filled(self, reading: Reading, runs: Sequence[str]) -> Reading | None:
        """The reading with these constants, which are of the same shape; None where they don't fit."""
        if any(runs[i] != text for i, text in self.fixed) or any(ENDING & {*runs[i]} for i in self.remarks):
            return None
        if any("," in runs[i] and len(constants_in(runs[i])) > 1 for i in self.single):
            return None
        if _equal(runs, self.slots) != self.equal:
            return None
        usages = list(reading.usages)
        for slot in self.slots:
            found = [_typed(constant, slot.family) for constant in constants_in(runs[slot.run])]
            if None in found or (slot.field != "values" and len(found) > 1):
                return None
            value = tuple(found) if slot.field == "values" else found[0]
            usages[slot.usage] = replace(usages[slot.usage], **{slot.field: value})  # type: ignore[arg-type]
        return replace(reading, usages=tuple(dict.fromkeys(usages)))


def cut(text: str) -> tuple[list[str], list[str]]:
    """What stands between the runs of constants in a text, and these."""
    pieces = pieces_of(text)
    return pieces[::2], pieces[1::2]


def shape(runs: Sequence[str]) -> str:
    """Of each run the sort, of a list that of its members.

    >>> shape(["7", "'a'", "7.5", "1, 2", "'2026-01-31'", "1, 'a'"])
    'isdiDx'
    """
    return "".join(map(_sort, runs))


def mould(pattern: Pattern, runs: Sequence[str], read: Callable[[Trees], Reading], reading: Reading) -> Mould | None:
    """Of what a text of the pattern says; `read` may be given the pattern's trees with other constants."""
    if max(len(reading.usages), len(runs)) > MOST:
        return None
    free, sorts = pattern.free, shape(runs)
    remarks = tuple(i for i, node in free.items() if node is None and not {"'", *ENDING} & {*runs[i]})
    loose = tuple(i for i, node in free.items() if node is not None and sorts[i] != ODD and _single(node))
    marked = [*runs]
    for i in loose:
        marked[i] = _mark(sorts[i], i)
    text = "".join((*pattern.pieces[::2], *runs))
    if str(UNHEARD)[:6] in text or str(FAR_DAY.year) in text:
        return None
    slots = _slots(reading, read(pattern.filled(marked)), {i: marked[i] for i in loose})
    if slots is None:
        return None
    kept = {*loose, *remarks}
    found = Mould(
        slots,
        tuple((i, run) for i, run in enumerate(runs) if i not in kept),
        remarks,
        tuple(i for i in loose if not isinstance(free[i], exp.In)),
        _equal(runs, slots),
    )
    return found if found.filled(reading, runs) == reading else None


def _equal(runs: Sequence[str], slots: Sequence[Slot]) -> tuple[int, ...]:
    gone, first = {slot.run for slot in slots}, dict[str, int]()
    return tuple(first.setdefault(run, i) for i, run in enumerate(runs) if i not in gone)


# ---------------------------------------------------------------- constants


def _sort(run: str) -> str:
    """`i` for a whole number, `d` for another, `D` for a day, `M` for a moment at midnight, `T` for another, `n` for a
    text that is a whole number, `s` for other texts."""
    if run.isdecimal():
        return "i"
    first, *others = {_sort_of(constant) for constant in constants_in(run)}
    return ODD if others else first


def _sort_of(constant: str) -> str:
    if constant[0] != "'":
        return "i" if constant.isdecimal() else "d"
    text = constant.strip("'")
    moment = moments.moment(text)
    if moment is not None:
        midnight = moment.time() == datetime.min.time()
        return "D" if DAY.fullmatch(text) else ODD if not MOMENT.fullmatch(text) else "M" if midnight else "T"
    if WHOLE.fullmatch(text):
        return "n"
    truth = constants.coerce(text, constants.BOOLEAN)
    return ODD if truth is not None or constants.coerce(text, constants.NUMBER) is not None else "s"


def _typed(constant: str, to: str) -> Value | None:
    """As a member of the family, exactly of its type."""
    text = constant.strip("'")
    value = constants.coerce(text if constant[0] == "'" else constants.coerce(text, constants.NUMBER), to)
    return value if value is not None and FAMILIES.get(type(value)) == to else None


def _mark(sort: str, number: int) -> str:
    """A constant of the sort that no text has."""
    match sort:
        case "i" | "n":
            return str(UNHEARD + number) if sort == "i" else f"'{UNHEARD + number}'"
        case "d":
            return f"{UNHEARD + number}.25"
        case "s":
            return f"'zqx{UNHEARD + number}q'"
    day = FAR_DAY + timedelta(days=number)
    return f"'{day}'" if sort == "D" else f"'{day} {'00:00:00' if sort == 'M' else '04:05:06'}'"


# ---------------------------------------------------------------- where they go


def _single(node: exp.Expr) -> bool:
    """Its condition is no pattern, and is put together with no other."""
    return not isinstance(node.parent, exp.Like) and node.find_ancestor(exp.Or, exp.Xor, exp.Not) is None


def _slots(reading: Reading, other: Reading, marked: Mapping[int, str]) -> tuple[Slot, ...] | None:
    """What the marks became in the other reading; None where it differs in anything else."""
    if replace(other, usages=reading.usages) != reading or len(other.usages) != len(reading.usages):
        return None
    runs = {_typed(mark, family): i for i, mark in marked.items() for family in MAY_BE[_sort(mark)]}
    found: list[Slot] = []
    for n, (usage, changed) in enumerate(zip(reading.usages, other.usages, strict=True)):
        if usage == changed:
            continue
        alike = replace(changed, values=usage.values, low=usage.low, high=usage.high) == usage
        if not alike or usage.wrapper is not None or usage.branch is not None:
            return None
        for field in FIELDS:
            if getattr(usage, field) == getattr(changed, field):
                continue
            value = _mark_in(changed, field)
            if value is None or value not in runs:
                return None
            found.append(Slot(runs[value], n, field, FAMILIES[type(value)]))
    return tuple(found)


def _mark_in(usage: ColumnUsage, field: Field) -> Value | None:
    if field != "values":
        return usage.low if field == "low" else usage.high
    return usage.values[0] if len(usage.values) == 1 else None
