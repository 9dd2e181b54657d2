"""A table's layout as the history shows it, and what the queries ask of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from advisor.model import KeyPart
from advisor.pruning.asked import AskColumns, Asking, Intervals
from advisor.pruning.asks import Ask, Question
from advisor.pruning.axes import Axis
from advisor.pruning.closed_form import Floats, Selection, Walked
from advisor.pruning.counterparts import Ties, told_together
from advisor.pruning.few_rows import deciding
from advisor.pruning.nests import Nests, plain
from advisor.pruning.sample import FEW, Sample
from advisor.pruning.unsampled import Bucketed


@dataclass(frozen=True)
class Layout:
    """A table as the model sees it: its size, its columns' axes, what is asked, how it lies today."""

    rows: float
    partitions: int
    axes: Mapping[str, Axis]
    widths: Mapping[str, float]
    """Per column the mean share of its axis that a partition spans today, learned from the scans; absent: unknown."""
    questions: tuple[Question, ...]
    loads: int
    sample: Sample | None = None
    """Of its rows, where the snapshot has one that is large enough for its partitions."""
    weaker: Layout | None = None
    """The same table as the next weaker evidence shows it: a sample's without the sample, that of statistics without them."""
    ties: Ties = field(default_factory=Ties)
    """Columns that go together although the layout doesn't show it."""
    surmise: Ties | None = None
    """What goes together if all that is as probable as not is so."""
    nests: Nests = field(default_factory=dict)
    """Columns that another one's numbers begin with."""
    at_ends: frozenset[str] = frozenset()
    """Columns of which the scans show how an end lies, and nothing else."""

    @cached_property
    def plain(self) -> Layout:
        """The same with what is asked of such columns as stretches of the finer ones."""
        return replace(self, questions=tuple(plain(each, self.nests) for each in self.questions), nests={})

    @cached_property
    def surmised(self) -> Layout:
        """The same where the surmise is right."""
        if self.surmise is None:
            return self
        axes = told_together(self.axes, self.surmise.one_to_one, self.questions)
        return self._asking_the_same(replace(self, axes=axes, ties=self.surmise, surmise=None))

    @cached_property
    def unsurmised(self) -> Layout:
        """The same where it is wrong."""
        return self._asking_the_same(replace(self, surmise=None))

    def _asking_the_same(self, other: Layout) -> Layout:
        """What is derived of the questions alone needn't be derived again."""
        for name in ("_kinds", "asked", "which", "asks", "weights", "owners", "deciding", "few", "scattered"):
            vars(other)[name] = getattr(self, name)
        return other

    @cached_property
    def apart(self) -> Layout | None:
        """The same where no times follow each other, no numbers begin with others and nothing that is surmised is so;
        None where it is this one.
        """
        if not self.ties.abreast and not self.nests:
            return None if self.surmise is None else self.unsurmised
        return self._asking_the_same(replace(self, surmise=None, nests={}, ties=replace(self.ties, abreast={})))

    @cached_property
    def weights(self) -> Floats:
        return np.array([question.weight for question in self.questions])

    @cached_property
    def owners(self) -> NDArray[np.intp]:
        return np.array([question.load for question in self.questions], dtype=np.intp)

    @cached_property
    def _kinds(self) -> Mapping[tuple[tuple[Ask, ...], bool], int]:
        kinds = dict.fromkeys((question.asks, question.barren) for question in self.questions)
        return {kind: i for i, kind in enumerate(kinds)}

    @cached_property
    def asked(self) -> tuple[tuple[Ask, ...], ...]:
        """What the questions ask, each once, the barren ones apart: samples, and templates, often ask for the same, or
        for nothing that prunes.
        """
        return tuple(asks for asks, _ in self._kinds)

    @cached_property
    def which(self) -> NDArray[np.intp]:
        """By question the place of what it asks in `asked`."""
        return np.array([self._kinds[question.asks, question.barren] for question in self.questions], dtype=np.intp)

    @cached_property
    def asks(self) -> AskColumns:
        """The conditions of all of `asked`, one after the other."""
        return AskColumns.of(self.asked)

    @cached_property
    def asking(self) -> Asking:
        return Asking.of(self.questions)

    @cached_property
    def groups(self) -> dict[KeyPart, float]:
        """How many groups each expression makes, as far as they were counted."""
        return {}

    @cached_property
    def selections(self) -> dict[KeyPart, Selection]:
        """What `select` has found so far: a search tries each expression in hundreds of keys."""
        return {}

    @cached_property
    def unmoved(self) -> dict[KeyPart, bool]:
        """Of each expression, as far as it was asked: whether what is selected of it is the same with and without the surmise."""
        return {}

    @cached_property
    def walked(self) -> dict[tuple[tuple[KeyPart, ...], float], Walked]:
        """The same for the first expressions of keys, by how far partitions overlap."""
        return {}

    def forget(self) -> None:
        """Let go of what walking hundreds of keys has kept, here and in what is derived of this layout: it is most of what a
        table takes once its keys are found."""
        self.walked.clear()
        if self.sample is not None:
            self.sample.coded.clear()
        for name in ("plain", "surmised", "unsurmised", "apart", "counted", "weaker"):
            other = vars(self).get(name)
            if other is not None and other is not self:
                other.forget()

    @cached_property
    def intervals(self) -> Mapping[str, Intervals]:
        """What is asked of each column that the sample has."""
        asked: dict[str, dict[Ask, None]] = {}
        for question in self.counted.questions:
            for ask in question.asks:
                if ask.placed:
                    asked.setdefault(ask.column, {})[ask] = None
        sample = self.sample
        return {} if sample is None else {name: Intervals.of(sample, name, list(asks)) for name, asks in asked.items()}

    @cached_property
    def bucketed(self) -> dict[tuple[KeyPart, bool], Bucketed]:
        """The same as a key's expression puts it into buckets, as far as it was asked, whether or not the key has another
        one that goes along with it."""
        return {}

    @cached_property
    def scarce(self) -> tuple[Ask, ...]:
        """Conditions that are decided by whether a partition holds a row of theirs, of which the sample has few: NULLs, what
        stands for no value, and the far end of a column."""
        sample = self.sample
        asked = {ask: None for question in self.counted.questions for ask in question.asks}
        return tuple(
            ask for ask in asked
            if ask.null or (sample is not None and (ask.open or self.for_none(ask)) and self._few(ask, sample))
        )  # fmt: skip

    def _few(self, ask: Ask, sample: Sample) -> bool:
        """The sample has few rows that it asks for, by what it is recorded to match or as they are now: since three days ago fewer
        rows are than were since three days before it ran.
        """
        if ask.share * sample.rows < FEW:
            return True
        return ask.open and ask.column in sample.columns and bool(ask.met_by(sample.columns[ask.column]).sum() < FEW)

    def for_none(self, ask: Ask) -> bool:
        """Most rows that it asks for hold what stands for no value."""
        line = self.axes[ask.column]
        return ask.stood and (1 - line.null_share) * line.stood_in * 2 >= ask.share

    @cached_property
    def counted(self) -> Layout:
        """The same with those conditions alone that can be counted on the sample, and as the sample has them: with the
        latest rows in buckets of a time that have just begun, or are nearly full.
        """
        asked = tuple(
            replace(each, asks=tuple(_as_now(ask) for ask in each.asks if self._countable(ask)))
            for each in self.questions
        )
        return self if asked == self.questions else replace(self, questions=asked)

    def _countable(self, ask: Ask) -> bool:
        """A top-k of fewer rows than the sample has one of lies beyond all of its rows, which would put it in no
        partition. But what moves on with the clock is added to what is counted.
        """
        if self.sample is None or ask.column not in self.sample.columns:
            return False
        beyond = ask.derived and ask.open and not ask.moving and ask.share * self.sample.rows < 1
        return ask.null or (ask.placed and not beyond)

    @cached_property
    def _decided(self) -> tuple[Ask | None, ...]:
        """By what is `asked` the condition of which a partition's own ends decide whether it is scanned, as for rows at the far
        end of a column and for NULLs."""
        return tuple(deciding(asks) for asks in self.asked)

    @cached_property
    def deciding(self) -> Mapping[str, NDArray[np.intp]]:
        """By column the places in `asked` of which a condition on it decides so."""
        found: dict[str, list[int]] = {}
        for place, ask in enumerate(self._decided):
            if ask is not None:
                found.setdefault(ask.column, []).append(place)
        return {column: np.array(places, dtype=np.intp) for column, places in found.items()}

    @cached_property
    def few(self) -> Floats:
        """By what is `asked`: rows that it matches at most where a partition's own ends decide whether it is scanned; infinite
        elsewhere. Of a barren question, none."""
        most = [math.inf if ask is None else ask.share * self.rows for ask in self._decided]
        return np.where([barren for _, barren in self._kinds], 0.0, most)

    def holding(self, partitions: Floats | float) -> Floats:
        """By what is `asked`, of so many partitions those that hold one of its few rows, did these lie at random among them; one
        at least."""
        among = np.maximum(1.0, partitions)
        return np.asarray(np.maximum(1.0, among * -np.expm1(-self.few / among)))

    @cached_property
    def scattered(self) -> Floats:
        """The same of all partitions: no more are scanned."""
        return self.holding(self.partitions)

    def per_load(self, scanned: Floats) -> Floats:
        """Partitions per execution of each load, from partitions per question."""
        # A scan reads a partition at least; alternatives that exclude each other may read none together, and others no more
        # than each of them reads.
        read = np.where(self._apart, np.maximum(0.0, scanned - 1), scanned)
        for several, fewer in self._within:
            np.minimum.at(read, several, read[fewer])
        return np.bincount(self.owners, weights=read * self.weights, minlength=self.loads).astype(float)

    @cached_property
    def _within(self) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]:
        """Questions that take several alternatives of a scan together, and as often those that take one less of these; two
        together first.
        """
        pairs: dict[int, list[tuple[int, int]]] = {}
        places: dict[tuple[int, ...], int] = {}
        for i, question in enumerate(self.questions):
            which = question.together
            if which == (0,):
                places = {}
            places[which] = i
            if len(which) > 1:
                pairs.setdefault(len(which), []).extend(
                    (i, places[less]) for at in range(len(which)) if (less := which[:at] + which[at + 1 :]) in places
                )
        return tuple(tuple(np.array(found, dtype=np.intp).T) for _, found in sorted(pairs.items()))

    @cached_property
    def _apart(self) -> NDArray[np.bool_]:
        return np.array([any(ask.apart for ask in question.asks) for question in self.questions], dtype=bool)


def _as_now(ask: Ask) -> Ask:
    return replace(ask, moving=False) if ask.moving else ask
