"""`advisor prove`: the advised keys on samples of their tables, before anything is applied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli.terminal import progress, say
from advisor.errors import InputError

if TYPE_CHECKING:
    from advisor.model import Advice, KeyPart
    from advisor.prover import Proof, Proven, Results
    from advisor.settings import Settings

HELP = """Sort a sample of each table by its candidate keys and measure what the queries would scan.

The sample keeps the table's number of partitions. The embedded engine sorts it by the key, and holds the literals of the
templates' own executions against what each partition spans. What is measured takes the place of what was predicted; a
recommendation that the measurement contradicts is rejected. Nothing is changed in the account: --on-clone prints a script
for you to read and run.

\b
Exit status: 0 done, 2 something to fix, 3 source out of reach.

\b
Example:
  advisor prove --snapshot export/ --advice reports/today/advice.json
"""


@click.command(help=HELP, short_help="Measure the advised keys on samples of their tables.")
@click.option(
    "--snapshot",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder of exported views.",
)
@click.option(
    "--samples", type=click.Path(path_type=Path), help="Folder of row samples.  [default: samples/ in the snapshot]"
)
@click.option(
    "--advice", type=click.Path(path_type=Path), help="advice.json of an earlier run, whose folder is renewed."
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
    snapshot: Path,
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
    settings = load(config, {"budget_credits": budget_credits})
    if on_clone:
        click.echo(_clone_scripts(snapshot, settings, table, _key(key)), nl=False)
        return
    found, predicted, renewed = _proven(snapshot, samples or snapshot / "samples", settings, advice, table, _key(key))
    window_end = renewed.snapshot.window_end.date().isoformat()
    folder = advice.parent if advice is not None else out or Path("reports") / window_end
    generate(renewed, folder)
    _show(found.proofs if table else _of(found.proofs, renewed))
    _show_withdrawn(predicted, renewed)
    click.echo(f"\nThe optimization plan: {folder / 'plan.md'}")


def _proven(
    folder: Path,
    samples: Path,
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
        found = proved(snapshot, account, proposed, samples, wanted(proposed, table, key), settings, progress())
        renewed = advise(snapshot, account, found.proposed, settings)
    said = [f"{name}: {why}" for name, why in found.unproven]
    if not found.proofs:
        raise InputError(f"nothing could be measured: {'; '.join(said) or 'no key is a candidate'}")
    for line in said:
        say(f"not measured: {line}")
    return found, predicted, renewed


def _clone_scripts(folder: Path, settings: Settings, table: str | None, key: tuple[KeyPart, ...]) -> str:
    """What an administrator would run to prove the advised keys on clones."""
    from advisor.account import read_account
    from advisor.analyzer import advise, propose
    from advisor.prover import key_of, table_of
    from advisor.prover.clone import script
    from advisor.snapshot import open_snapshot

    with open_snapshot(folder, settings) as snapshot:
        account = read_account(snapshot, settings, progress())
        advice = advise(snapshot, account, propose(account, settings), settings)
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
    from advisor.prover import key_of, table_of
    from advisor.quoting import comment

    reasons = {(r.kind, table_of(r.target), key_of(r.details)): r.reason for r in renewed.rejections}
    standing = {each.id for each in renewed.recommendations}
    for each in predicted.recommendations:
        if each.id not in standing:
            why = reasons[each.kind, table_of(each.target), key_of(each.details)]
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
