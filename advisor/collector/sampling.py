"""Row samples alone, for a proof: the statements that a collection sends for them, within the same budget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from advisor.collector.collect import probe
from advisor.collector.connection import Connector
from advisor.collector.folder import Workshop
from advisor.collector.run import Progress, Run
from advisor.collector.statistics import plans, sample_of
from advisor.figures import many, size
from advisor.model import Wanted

GIB = 2**30


def take_samples(
    connector: Connector, wanted: Sequence[Wanted], folder: Path, say: Callable[[str], None], progress: Progress
) -> Path:
    """Makes `folder` hold a uniform sample of each table that the budget allows; gives the folder of its files.

    `say` is told what it is expected to scan, then what it did and what was refused. Raises SourceError where the account
    can't be reached, InputError where the folder can't be written.
    """
    allowed = connector.settings.statistics_gib * GIB
    workshop = Workshop(folder.resolve())
    workshop.prepare()
    account = probe(connector)
    planned = [plan for plan in plans(wanted, allowed, samples=True) if plan.rows]
    # The plan counts statistics too, which are not asked for here.
    estimated = sum(plan.bytes / (1 + plan.percent / 100) for plan in planned)
    say(
        f"row samples of {many(len(planned), 'table')}: about {many(sum(plan.rows for plan in planned), 'row')}, "
        f"{size(estimated)} to scan of {connector.settings.statistics_gib:g} GiB allowed"
    )
    run = Run(connector, workshop, False, account.name, account.role, account.now, progress, allowed_bytes=allowed)
    run.fetch([sample_of(plan, timedelta(0)) for plan in planned])
    workshop.publish()
    measured = "what was scanned is unknown" if run.scanned_bytes is None else f"{size(run.scanned_bytes)} scanned"
    say(f"{many(run.rows, 'row')} received; {measured}")
    for source, why in sorted(run.refusals.items()):
        say(f"no sample: {source}: {why}")
    return folder / "samples"
