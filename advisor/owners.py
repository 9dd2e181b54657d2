"""Who makes each table: dbt, a task, a job that the history shows, or its own definition."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from advisor.cost import DAYS_PER_MONTH
from advisor.dbt import node_of
from advisor.model import Catalog, DbtModel, Maker, Owner, QueryTemplate, TableName, Task
from advisor.questions import ReadTemplate

_CREATE = re.compile(r"(?:\s+|--[^\n]*\n|//[^\n]*\n|/\*.*?\*/)*CREATE\b", re.IGNORECASE | re.DOTALL)


def owners(
    known: Catalog,
    templates: Sequence[ReadTemplate],
    models: Mapping[TableName, DbtModel],
    tasks: Sequence[Task],
    days: float,
) -> dict[TableName, Owner]:
    """By table of the catalog, whoever makes it; a table that an ALTER changes for good isn't among them."""
    makers, writers = _by_table(templates)
    found = {}
    for name, table in known.tables.items():
        owner = _dbt(name, makers.get(name, []), writers.get(name, []), models.get(name), days)
        if "dynamic" in table.traits:
            owner = Owner(Maker.DYNAMIC_TABLE, False, model=owner.model if owner else None)
        owner = owner or _job(makers.get(name, []), tasks, days)
        if owner is not None:
            found[name] = owner
    return found


def _by_table(
    templates: Iterable[ReadTemplate],
) -> tuple[dict[TableName, list[QueryTemplate]], dict[TableName, list[QueryTemplate]]]:
    """The templates that create each table anew, and those that write into it, the most frequent first."""
    makers: dict[TableName, list[QueryTemplate]] = {}
    writers: dict[TableName, list[QueryTemplate]] = {}
    for read in sorted(templates, key=lambda read: (-read.template.executions, read.template.fingerprint)):
        # INSERT OVERWRITE empties a table and fills it: what was set on it stays.
        anew = _CREATE.match(read.template.text) is not None
        for name in read.reading.creates:
            (makers if anew else writers).setdefault(name, []).append(read.template)
        for name in read.reading.writes:
            writers.setdefault(name, []).append(read.template)
    return makers, writers


def _dbt(
    name: TableName,
    makers: Sequence[QueryTemplate],
    writers: Sequence[QueryTemplate],
    model: DbtModel | None,
    days: float,
) -> Owner | None:
    by_dbt = [(template, node) for template in (*makers, *writers) for told, node in [_node(template)] if told]
    if not by_dbt and model is None:
        return None
    nodes = [node for _, node in by_dbt if node is not None]
    model = model or DbtModel(node=nodes[0] if nodes else None)
    made = sum(template.executions for template in makers)
    rebuilds = _rebuilds(model, made, sum(template.executions for template in writers))
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


def _node(template: QueryTemplate) -> tuple[bool, str | None]:
    texts = dict.fromkeys((template.text, *(sample.text for sample in template.samples)))
    told = [node_of(text) for text in texts]
    return max(told, key=lambda each: (each[0], each[1] is not None))


def _job(makers: Sequence[QueryTemplate], tasks: Sequence[Task], days: float) -> Owner | None:
    """Who creates the table again and again; a table that was created once is nobody's."""
    made = sum(template.executions for template in makers)
    if made < 2:
        return None
    first = makers[0]
    owner = Owner(Maker.JOB, True, _monthly(made, days), fingerprint=first.fingerprint, statement=first.text)
    task = next((task for task in tasks if task.hash in first.hashes or task.text.strip() == first.text.strip()), None)
    return owner if task is None else replace(owner, maker=Maker.TASK, task=task.name)


def _monthly(runs: int, days: float) -> float:
    return runs / days * DAYS_PER_MONTH
