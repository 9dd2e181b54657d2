"""`advisor prove`: the advised keys on samples of their tables, before anything is applied."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.terminal import progress, say
from advisor.errors import InputError

if TYPE_CHECKING:
    from advisor.model import Advice, KeyPart, TableName
    from advisor.prover import Proof, Proven, Results
    from advisor.settings import Settings

    Rows = Callable[[Collection[TableName]], Path]
    """The folder that holds samples of these tables."""

HELP = """Sort a sample of each table by its candidate keys and measure what the queries would scan.

The sample keeps the table's number of partitions. The embedded engine sorts it by the key, and holds the literals of the
templates' own executions against what each partition spans. What is measured takes the place of what was predicted; a
recommendation that the measurement contradicts is rejected. Nothing is changed in the account: --on-clone prints a script
for you to read and run. With --connection the samples are read from the account by SELECT alone, and not kept unless you say so.

\b
Exit status: 0 done, 2 something to fix, 3 source out of reach.

\b
Example:
  advisor prove --snapshot export/ --advice reports/today/advice.json
  advisor prove --connection prod --snapshot snapshots/prod --out reports/today
"""


@click.command(help=HELP, short_help="Measure the advised keys on samples of their tables.")
@click.option("--snapshot", type=click.Path(path_type=Path), help="Folder of exported views.")
@click.option(
    "--connection",
    help="Entry of connections.toml: sample that account's tables, and without --snapshot collect from it.",
)
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 365), help="How far back to collect.")
@click.option("--statistics-gib", type=click.FloatRange(min=0), help="Most that sampling may scan.  [default: 20]")
@click.option("--keep-samples", is_flag=True, help="Leave the sampled rows in the snapshot.")
@click.option(
    "--samples", type=click.Path(path_type=Path), help="Folder of row samples.  [default: samples/ in the snapshot]"
)
@click.option(
    "--advice",
    type=click.Path(path_type=Path),
    help="Output folder of an earlier run, or its advice.json: it is renewed.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Output folder.  [default: reports/<window end date>]")
@click.option("--table", help="Prove the keys of this table only: DATABASE.SCHEMA.NAME, or its name.")
@click.option("--key", help="Prove this key only, written as in CLUSTER BY: 'TENANT_ID, TO_DATE(EVENT_TS)'.")
@click.option(
    "--on-clone", is_flag=True, help="Print the script that proves the advised keys on clones in the account."
)
@click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file.  [default: advisor.toml, if there is one]"
)
@click.option("--budget-credits", type=click.FloatRange(min=0), help="Most credits that all builds together may take.")
def prove(
    snapshot: Path | None,
    connection: str | None,
    days: int,
    statistics_gib: float | None,
    keep_samples: bool,
    samples: Path | None,
    advice: Path | None,
    out: Path | None,
    table: str | None,
    key: str | None,
    on_clone: bool,
    config: Path | None,
    budget_credits: float | None,
) -> None:
    from advisor.generator import generate
    from advisor.settings import load

    if advice is not None and out is not None:
        raise InputError("name --advice, whose folder is renewed, or --out, not both")
    if samples is not None and connection is not None:
        raise InputError("say where the rows are: --samples DIR or --connection NAME, not both")
    if samples is not None and not samples.is_dir():
        raise InputError(f"--samples {samples} is not a folder; name the one that holds a file of rows for each table")
    settings = load(config, {"budget_credits": budget_credits, "statistics_gib": statistics_gib})
    if snapshot is None:
        out = (
            out
            or (None if advice is None else _renewed(advice))
            or Path("reports") / datetime.now(UTC).date().isoformat()
        )
        snapshot = _collected(connection, settings, out / "snapshot", days)
    if on_clone:
        click.echo(_clone_scripts(snapshot, settings, advice, table, _key(key)), nl=False)
        return
    with tempfile.TemporaryDirectory(prefix="advisor-") as scratch:
        rows: Rows = partial(_given, samples or snapshot / "samples")
        if connection is not None:
            rows = partial(_sampled, connection, settings, snapshot, Path(scratch), keep_samples)
        found, predicted, renewed = _proven(snapshot, rows, settings, advice, table, _key(key))
    window_end = renewed.snapshot.window_end.date().isoformat()
    folder = _renewed(advice) if advice is not None else out or Path("reports") / window_end
    generate(renewed, folder)
    _show(found.proofs if table else _of(found.proofs, renewed))
    _show_withdrawn(predicted, renewed)
    click.echo(f"\nThe optimization plan: {folder / 'plan.md'}")


def _proven(
    folder: Path,
    rows: Rows,
    settings: Settings,
    earlier: Path | None,
    table: str | None,
    key: tuple[KeyPart, ...],
) -> tuple[Proven, Advice, Advice]:
    """The proofs, the advice as predicted, and the advice that follows from the proofs."""
    from advisor.account import read_account
    from advisor.analyzer import advise, propose
    from advisor.prover import prove as proved
    from advisor.prover import wanted
    from advisor.snapshot import open_snapshot

    with open_snapshot(folder, settings) as snapshot:
        account = read_account(snapshot, settings, progress())
        proposed = propose(account, settings)
        predicted = advise(snapshot, account, proposed, settings)
        if earlier is not None:
            _check_same(earlier, predicted)
        chosen = wanted(proposed, table, key)
        samples = rows({each.table for each in chosen})
        found = proved(snapshot, account, proposed, samples, chosen, settings, progress())
        renewed = advise(snapshot, account, found.proposed, settings)
    said = [f"{name}: {why}" for name, why in found.unproven]
    if not found.proofs:
        raise InputError(f"nothing could be measured: {'; '.join(said) or 'no key is a candidate'}")
    for line in said:
        say(f"not measured: {line}")
    return found, predicted, renewed


def _collected(connection: str | None, settings: Settings, folder: Path, days: int) -> Path:
    from advisor.cli.collect import collected_into

    if connection is None:
        raise InputError("say where the history is: --snapshot DIR, or --connection NAME")
    collected_into(connection, settings, folder, days)
    return folder


def _renewed(advice: Path) -> Path:
    """The output folder that an earlier run's advice is named by, itself or its file."""
    return advice if advice.is_dir() else advice.parent


def _given(folder: Path, tables: Collection[TableName]) -> Path:
    return folder


def _sampled(
    connection: str, settings: Settings, snapshot: Path, scratch: Path, keep: bool, tables: Collection[TableName]
) -> Path:
    """Samples of the tables, read from the account; left in the snapshot only where that was asked for."""
    from advisor.cli.collect import counted
    from advisor.collector.connection import Connector
    from advisor.collector.sampling import take_samples
    from advisor.needs import needs
    from advisor.snapshot import add_samples

    needed = needs(snapshot, settings)
    for note in needed.notes:
        say(note)
    chosen = [each for each in needed.tables if each.table.name in tables]
    taken = take_samples(Connector(connection, settings, os.environ), chosen, scratch / "taken", say, counted)
    if keep:
        add_samples(snapshot, taken)
    return taken


def _clone_scripts(
    folder: Path, settings: Settings, earlier: Path | None, table: str | None, key: tuple[KeyPart, ...]
) -> str:
    """What an administrator would run to prove the advised keys on clones."""
    from advisor.account import read_account
    from advisor.analyzer import advise, propose
    from advisor.prover import key_of, table_of
    from advisor.prover.clone import script
    from advisor.snapshot import open_snapshot

    with open_snapshot(folder, settings) as snapshot:
        account = read_account(snapshot, settings, progress())
        advice = advise(snapshot, account, propose(account, settings), settings)
        if earlier is not None:
            _check_same(earlier, advice)
    chosen = [
        each
        for each in advice.recommendations
        if key_of(each.details)
        and table in (None, str(table_of(each.target)), each.target.name)
        and key in ((), key_of(each.details))
    ]
    if not chosen:
        raise InputError("no clustering key is advised there: analyze says what is, and why the others aren't")
    return "\n\n".join(script(each, account) for each in chosen)


def _check_same(file: Path, advice: Advice) -> None:
    """The advice to be proven is what this snapshot gives with these settings."""
    from advisor.published import read

    other = sorted({each.id for each in read(file).recommendations} ^ {each.id for each in advice.recommendations})
    if other:
        raise InputError(
            f"{file} doesn't recommend what this snapshot gives with these settings ({', '.join(other[:3])}): "
            f"run advisor analyze again, or name the settings that it was made with"
        )


def _key(text: str | None) -> tuple[KeyPart, ...]:
    from advisor.keys import parse_key

    if text is None:
        return ()
    parts = parse_key(text)
    if parts is None:
        raise InputError(
            f"--key {text!r} is no list of columns, bare or inside TO_DATE, DATE_TRUNC, TRUNC or SUBSTRING; "
            f"write it as in CLUSTER BY"
        )
    return parts


# ---------------------------------------------------------------- the terminal


def _of(proofs: Sequence[Proof], advice: Advice) -> list[Proof]:
    """Those of the recommended keys."""
    from advisor.prover import key_of, table_of

    recommended = {(table_of(each.target), key_of(each.details)) for each in advice.recommendations}
    return [proof for proof in proofs if (proof.table, proof.key) in recommended]


def _show(proofs: Sequence[Proof]) -> None:
    from tabulate import tabulate

    headers = ("table", "key", "rows", "now", "predicted", "measured", "ratio", "net credits", "within 1.5", "results")
    click.echo("Partitions scanned and net credits, a month; executions predicted within a factor of 1.5:\n")
    click.echo(tabulate([_row(proof) for proof in proofs], headers=headers, disable_numparse=True))


def _show_withdrawn(predicted: Advice, renewed: Advice) -> None:
    """What was recommended and isn't any more, with the reason."""
    from advisor.prover import why_withdrawn
    from advisor.quoting import comment

    standing = {each.id for each in renewed.recommendations}
    for each in predicted.recommendations:
        if each.id not in standing:
            why = why_withdrawn(each, renewed.rejections)
            click.echo(comment(f"\nNo longer recommended: {each.title}. {why}".lstrip("\n")))


def _row(proof: Proof) -> tuple[str, ...]:
    from advisor.figures import number, percent
    from advisor.keys import render
    from advisor.quoting import comment

    predicted, measured = proof.predicted.partitions.after.expected, proof.measured.partitions.after.expected
    return (
        comment(str(proof.table)),
        comment(", ".join(render(part) for part in proof.key)),
        f"{proof.sampled_rows:,}",
        number(proof.measured.partitions.before),
        number(predicted),
        number(measured),
        f"{max(1, measured) / max(1, predicted):.2f}",
        number(proof.measured.net.expected),
        percent(proof.within(1.5)),
        _told(proof.results),
    )


def _told(results: Results | None) -> str:
    if results is None:
        return "not compared"
    return f"{results.differing} of {results.scans} differ" if results.differing else f"{results.scans} the same"
