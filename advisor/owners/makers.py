"""Who makes each table: dbt, a task, a job that the history shows, or its own definition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from advisor.cost import DAYS_PER_MONTH
from advisor.model import Catalog, DbtModel, Maker, Owner, QueryTemplate, ReadTemplate, Redefinition, TableName, Task
from advisor.owners.dbt import node_of
from advisor.owners.redefinitions import anew
from advisor.usage.names import Directory, Session


@dataclass(frozen=True)
class _Run:
    """A statement that makes a table anew or writes into it, and how often."""

    fingerprint: str
    executions: int
    hashes: tuple[str, ...]
    texts: tuple[str, ...]
    """Its representative, and what else is known of it."""

    @property
    def text(self) -> str:
        return self.texts[0]


@dataclass(frozen=True)
class _Runs:
    makers: dict[TableName, list[_Run]]
    """What creates each table anew; the most frequent first."""
    writers: dict[TableName, list[_Run]]
    swaps: dict[TableName, list[tuple[TableName, _Run]]]
    """What puts another table, by name, in each table's place."""
    resets: dict[TableName, list[_Run]]


def owners(
    known: Catalog,
    templates: Sequence[ReadTemplate],
    redefinitions: Sequence[Redefinition],
    models: Mapping[TableName, DbtModel],
    tasks: Sequence[Task],
    days: float,
) -> dict[TableName, Owner]:
    """By table of the catalog, whoever makes it; a table that an ALTER changes for good isn't among them."""
    runs = _by_table(templates)
    _add(runs, redefinitions, Directory.of(known))
    found = {}
    for name, table in known.tables.items():
        owner = _dbt(runs.makers.get(name, []), runs.writers.get(name, []), models.get(name), days)
        if "dynamic" in table.traits:
            owner = Owner(Maker.DYNAMIC_TABLE, False, model=owner.model if owner else None)
        owner = owner or _job(name, runs, tasks, days)
        if owner is not None:
            found[name] = owner
    return found


def _by_table(templates: Iterable[ReadTemplate]) -> _Runs:
    runs = _Runs({}, {}, {}, {})
    for read in sorted(templates, key=lambda read: (-read.template.executions, read.template.fingerprint)):
        run = _run(read.template)
        # INSERT OVERWRITE empties a table and fills it: what was set on it stays. IF NOT EXISTS leaves what is there.
        into = runs.makers if read.reading.creates and anew(read.template.text) else runs.writers
        for name in read.reading.creates:
            into.setdefault(name, []).append(run)
        for name in read.reading.writes:
            runs.writers.setdefault(name, []).append(run)
    return runs


def _run(template: QueryTemplate) -> _Run:
    texts = dict.fromkeys((template.text, *(sample.text for sample in template.samples)))
    return _Run(template.fingerprint, template.executions, template.hashes, tuple(texts))


def _add(runs: _Runs, redefinitions: Iterable[Redefinition], directory: Directory) -> None:
    """What makes a table anew and reads nothing: CREATE OR REPLACE TABLE with columns, LIKE or CLONE, a swap, a new name."""
    for each in redefinitions:
        session = Session(directory, each.database, each.schema)
        run = _Run(each.fingerprint, each.executions, each.hashes, (each.text,))
        for one in anew(each.text):
            name = session.named(list(one.table))
            if one.resets:
                runs.resets.setdefault(name, []).append(run)
            elif one.source is None:
                runs.makers.setdefault(name, []).append(run)
            else:
                runs.swaps.setdefault(name, []).append((session.named(list(one.source)), run))
    for made in runs.makers.values():
        made.sort(key=lambda run: (-run.executions, run.fingerprint))


def _dbt(
    makers: Sequence[_Run],
    writers: Sequence[_Run],
    model: DbtModel | None,
    days: float,
) -> Owner | None:
    by_dbt = [node for run in (*makers, *writers) for told, node in [_node(run)] if told]
    if not by_dbt and model is None:
        return None
    nodes = [node for node in by_dbt if node is not None]
    model = model or DbtModel(node=nodes[0] if nodes else None)
    made = sum(run.executions for run in makers)
    rebuilds = _rebuilds(model, made, sum(run.executions for run in writers))
    first = next(iter((*makers, *writers)), None)
    return Owner(
        Maker.DBT,
        rebuilds,
        _monthly(max(made, 1), days) if rebuilds else 0.0,
        assumed=rebuilds and not made,
        fingerprint=first.fingerprint if first else None,
        statement=first.text if first else None,
        model=model,
    )


def _rebuilds(model: DbtModel, made: int, added: int) -> bool:
    """Whether each run makes the table anew; a seed or a snapshot keeps its table."""
    if model.kind != "model":
        return False
    return model.materialized == "table" or (model.materialized is None and made > added)


def _node(run: _Run) -> tuple[bool, str | None]:
    told = [node_of(text) for text in run.texts]
    return max(told, key=lambda each: (each[0], each[1] is not None))


def _job(name: TableName, runs: _Runs, tasks: Sequence[Task], days: float) -> Owner | None:
    """Who puts another table in its place again and again, or resets it; a table that was created once is nobody's."""
    makers, swaps = runs.makers.get(name, []), runs.swaps.get(name, [])
    made, swapped = (sum(run.executions for run in each) for each in (makers, [run for _, run in swaps]))
    if max(made, swapped) < 2:
        return next((_resetting(run, tasks) for run in runs.resets.get(name, [])), None)
    if swapped >= made:
        # What is set on the table leaves with it: the definition is that of the table that comes in its place.
        makers = [run for source, _ in swaps for run in runs.makers.get(source, [])]
    first = makers[0] if makers else swaps[0][1]
    statement = first.text if makers else None
    rate = _monthly(max(made, swapped), days)
    owner = Owner(Maker.JOB, True, rate, fingerprint=first.fingerprint, statement=statement, swaps=swapped >= made)
    return _task(owner, first, tasks)


def _resetting(run: _Run, tasks: Sequence[Task]) -> Owner:
    owner = Owner(Maker.JOB, False, fingerprint=run.fingerprint, statement=run.text, resets=True)
    return _task(owner, run, tasks)


def _task(owner: Owner, first: _Run, tasks: Sequence[Task]) -> Owner:
    """The owner, by the name of the task that runs its statement where one does."""
    task = next((task for task in tasks if task.hash in first.hashes or task.text.strip() == first.text.strip()), None)
    return owner if task is None else replace(owner, maker=Maker.TASK, task=task.name)


def _monthly(runs: int, days: float) -> float:
    return runs / days * DAYS_PER_MONTH
