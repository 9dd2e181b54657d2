"""All that a snapshot tells of an account, read once: what every recommender argues from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from types import MappingProxyType
from typing import Protocol

from advisor import cost
from advisor.blocks import Block
from advisor.clustering.estimate import Estimate
from advisor.clustering.search import KeySearch
from advisor.clustering.upkeep import billed
from advisor.equality import Proofs
from advisor.model import (
    FILTERS,
    Answer,
    Catalog,
    Execution,
    Facts,
    Owner,
    QueryTemplate,
    Reading,
    ReadTemplate,
    TableHistory,
    TableName,
    Workload,
)
from advisor.owners import dbt
from advisor.owners.makers import owners
from advisor.owners.redefinitions import anew
from advisor.profile import TableProfile, partitions_of, profile
from advisor.pruning.table_axes import Sampled
from advisor.readers import Templates, reading_tables
from advisor.rewrites.studies import Studied, Studies
from advisor.services.endings import beside_the_plan
from advisor.settings import Settings
from advisor.snapshot import Snapshot, catalog, changes, facts, histories, row_sample
from advisor.stored_results import proven
from advisor.stored_results.proven import Proven
from advisor.stored_results.standing import standing_views
from advisor.usage import Request, moves, read_all
from advisor.usage.learned import Learned
from advisor.usage.names import Directory, Session
from advisor.what_if import answers
from advisor.workload import compress
from advisor.workload.latencies import Latencies


class Say(Protocol):
    """Told each stage as it begins, and of a long one how much of what is due is done."""

    def __call__(self, stage: str, done: int = 0, due: int = 0, /) -> None: ...


@dataclass(frozen=True)
class Account:
    """Facts only, and nothing that a recommender could change; what it finds of them when asked, it keeps. Every map is complete
    for what it is keyed by."""

    catalog: Catalog
    workload: Workload
    templates: tuple[ReadTemplate, ...]
    """As `workload.templates`, in their order, each with what its text and its samples say."""
    profiles: tuple[TableProfile, ...]
    """Of each known table that is read, in order of name."""
    histories: Mapping[TableName, TableHistory]
    """What is recorded of each table of the catalog."""
    prices: Mapping[str, cost.ScanPrice | None]
    """By fingerprint: what a partition of a scan takes; None where the history records no partitions."""
    facts: Facts
    changes: Mapping[TableName, frozenset[datetime]] | None
    """The hours in which each table of a repeated question changed; None where nothing tells."""
    latencies: Latencies = field(compare=False)
    studies: Studies = field(compare=False)
    proven: Learned[Proven] = field(compare=False)
    """The rewrites over stored results that earlier runs, and this one, have come to an end with."""
    answers: tuple[Answer, ...] = ()
    """Of Snowflake's own estimators."""
    owners: Mapping[TableName, Owner] = field(default_factory=dict)
    """Who makes each table anew, or defines it elsewhere; a table that an ALTER changes for good isn't among them."""
    key_search: KeySearch = field(default_factory=KeySearch, compare=False)
    proofs: Proofs = field(default_factory=Proofs, compare=False)

    @property
    def directory(self) -> Directory:
        return self.studies.directory

    @cached_property
    def daily(self) -> Mapping[str, float]:
        """How often each template runs a day, by fingerprint."""
        return {t.fingerprint: t.executions / self.workload.days for t in self.workload.templates}

    @cached_property
    def replaced(self) -> frozenset[TableName]:
        """The tables that a swap, a new name or a clone fills at moments that no recorded write tells."""
        return frozenset(
            Session(self.directory, each.database, each.schema).named(list(one.table))
            for each in self.workload.redefinitions
            for one in anew(each.text)
            if one.filled
        )

    def keys(self, profile: TableProfile, settings: Settings) -> tuple[Estimate, ...]:
        """The candidate keys of one of its tables, most net credits first: a search that several recommenders ask for."""
        return self.key_search.keys(profile, self.prices, settings, self.workload.days)

    def statement(self, template: QueryTemplate) -> Studied | None:
        """What its text says; None where it can't be studied."""
        return self.studies.studied(template.text, template)

    def blocks(self, template: QueryTemplate) -> tuple[Block, ...]:
        """The blocks of its text; none where it can't be studied."""
        statement = self.statement(template)
        return () if statement is None else statement.blocks

    def forget(self) -> None:
        """Let go of what recommenders have found of statements."""
        self.studies.save()
        self.proven.save()
        self.proven.answers.clear()
        self.proofs.forget()


def read_account(snapshot: Snapshot, settings: Settings, say: Say, search: KeySearch | None = None) -> Account:
    """`say` is told each stage as it begins; keys are begun to be searched for by `search`."""
    known = catalog(snapshot)
    stage = "compressing executions into templates"
    say(stage)
    workload = compress(snapshot, settings, partial(say, stage))
    search, recorded = search or KeySearch(), histories(snapshot, workload.days)
    search.expect(sum(max(1, len(template.samples)) for template in workload.templates))
    stage = f"reading {len(workload.templates):,} templates of {workload.queries:,} executions"
    say(stage)
    templates = read_templates(workload, known, recorded, settings, partial(say, stage))
    say("pruning hypothetical layouts")
    told = facts(snapshot)
    made = owners(
        known, templates, workload.redefinitions, dbt.models(settings.dbt_manifest), told.tasks, workload.days
    )
    sampled = partial(row_sample, snapshot)
    slopes = cost.milliseconds_per_partition(workload)
    prices = {t.fingerprint: cost.scan_price(t, slopes, settings) for t in workload.templates}
    views, profiles = standing_views(known), []
    for make in profilers(templates, known, recorded, workload, settings, sampled, owned=made).values():
        profiles.append(beside_the_plan(make(), views, told, templates, prices, workload, settings))
        search.begin(profiles[-1], prices, settings, workload.days)
    moved, times, directory = _changes(snapshot, workload, templates), Latencies(snapshot), Directory.of(known)
    return Account(
        known,
        workload,
        templates,
        tuple(profiles),
        recorded,
        prices,
        told,
        moved,
        times,
        Studies.of(directory, settings),
        proven.opened(directory, settings),
        answers(snapshot),
        made,
        search,
        Proofs(search.beside),
    )


def _changes(
    snapshot: Snapshot, workload: Workload, templates: Sequence[ReadTemplate]
) -> Mapping[TableName, frozenset[datetime]] | None:
    """As the account recorded them, and as the history's own statements ran."""
    asked = {each.fingerprint for each in workload.repeats or ()}
    names = {name for read in templates if read.template.fingerprint in asked for name in read.reading.scans}
    recorded = changes(snapshot, names)
    if recorded is None and workload.writes is None:
        return None
    found: dict[TableName, frozenset[datetime]] = {name: (recorded or {}).get(name, frozenset()) for name in names}
    for read in templates:
        for name in {*read.reading.writes, *read.reading.creates} & names:
            found[name] |= (workload.writes or {}).get(read.template.fingerprint, frozenset())
    return found


def read_templates(
    workload: Workload,
    known: Catalog,
    recorded: Mapping[TableName, TableHistory],
    settings: Settings,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> tuple[ReadTemplate, ...]:
    """Every template read once, and the samples of those that filter a table large enough to have a key, as many as
    `Settings.samples_read` allows: half of each template's before the other half, those that take most time first."""
    one_each = read_all([request(t, t.text, workload) for t in workload.templates], known, settings, tell)
    first = [ReadTemplate(t, reading, ()) for t, reading in zip(workload.templates, one_each, strict=True)]
    large = {
        name
        for name, count in _partitions(Templates.of(first), known, recorded, settings).items()
        if count >= settings.min_partitions
    }
    filtering = [
        (i, _halves(read.template.samples))
        for i, read in enumerate(first)
        if any(usage.role in FILTERS and usage.table in large for usage in read.reading.usages)
    ]
    chosen = [(i, place) for half in range(2) for i, halves in filtering for place in halves[half]]
    wanted = [(i, first[i].template.samples[place]) for i, place in sorted(chosen[: settings.samples_read])]
    requests = [request(first[i].template, sample.text, workload, sample) for i, sample in wanted]
    found: dict[int, list[tuple[Reading, Execution]]] = {}
    for (i, sample), reading in zip(wanted, read_all(requests, known, settings, tell), strict=True):
        if reading.problem is None:
            found.setdefault(i, []).append((reading, sample))
    return tuple(_with_samples(read, found.get(i, ())) for i, read in enumerate(first))


def _halves(samples: Sequence[Execution]) -> tuple[Sequence[int], Sequence[int]]:
    """Their places, each half spread over the range of partitions scanned as all are."""
    ranked = sorted(range(len(samples)), key=lambda place: (samples[place].partitions_scanned or 0, place))
    return ranked[::2], ranked[1::2]


def _with_samples(read: ReadTemplate, found: Sequence[tuple[Reading, Execution]]) -> ReadTemplate:
    return replace(read, samples=tuple(reading for reading, _ in found), ran=tuple(one for _, one in found))


def request(template: QueryTemplate, text: str, workload: Workload, sample: Execution | None = None) -> Request:
    """The template's text, or a sample's, to be read as of the moment that it ran."""
    at = sample.started if sample is not None and moves(text) else workload.window_end
    return Request(text, template.database, template.schema, at)


def _partitions(
    templates: Templates,
    known: Catalog,
    recorded: Mapping[TableName, TableHistory],
    settings: Settings,
) -> dict[TableName, int]:
    counts = {}
    for name in reading_tables(templates, known):
        history = recorded.get(name, TableHistory())
        count = partitions_of(known.tables[name], templates.readers[name], history, settings.partition_bytes)
        if count is not None:
            counts[name] = count
    return counts


def profilers(
    templates: Sequence[ReadTemplate],
    known: Catalog,
    recorded: Mapping[TableName, TableHistory],
    workload: Workload,
    settings: Settings,
    sampled: Sampled,
    longer: Mapping[TableName, TableProfile] = MappingProxyType({}),
    owned: Mapping[TableName, Owner] = MappingProxyType({}),
) -> Mapping[TableName, Callable[[], TableProfile]]:
    """What makes the profile of each known table that is read, in order of name."""
    reads = Templates.of(templates)
    counts = _partitions(reads, known, recorded, settings)
    found = [
        billed(table, recorded.get(name, TableHistory()), workload, settings)
        for name, table in sorted(known.tables.items())
    ]
    bills = tuple(bill for bill in found if bill is not None)

    def make(name: TableName) -> TableProfile:
        table, history = known.tables[name], recorded.get(name, TableHistory())
        made = profile(table, counts, reads, history, workload, sampled, known.tables, recorded, longer.get(name))
        return replace(made, bills=bills, owner=owned.get(name))

    return {name: partial(make, name) for name in sorted(counts)}
