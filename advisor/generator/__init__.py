"""Advice → the output folder: `advice.json`, `plan.md`, `report.html` and `scripts/`. Writes what it is given, computes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from advisor.errors import InputError
from advisor.figures import account_ms, many, number, percent, ratio
from advisor.generator.combined import APPLY, REVERT, combined
from advisor.generator.document import document
from advisor.generator.pages import plan, report
from advisor.generator.scripts import scripts
from advisor.model import Advice, ViewMissing
from advisor.quoting import comment
from advisor.resources import folder

__all__ = ["funnel", "generate"]

_LINTER = ".sqlfluff"
_PAGES = ("advice.json", "plan.md", "report.html", APPLY, REVERT, _LINTER)
_KEPT = ("snapshot", ".snapshot.collecting", ".snapshot.replaced")
"""What the collector keeps in the folder: never deleted, so it may be there whatever it holds."""


def generate(advice: Advice, out: Path) -> tuple[Path, ...]:
    """Writes the folder `out` whole or not at all, and returns the paths of its files; equal advice gives equal bytes.

    An older output in `out` is replaced; a snapshot that was collected into it stays. Raises InputError where `out`
    can't be written, or holds anything else.
    """
    files = _files(advice)
    target = out.resolve()
    try:
        _refuse_foreign(target)
        _replace(target, files)
    except OSError as error:
        where = error.filename or target
        raise InputError(
            f"cannot write the output folder {out}: {error.strerror} ({where}); name another --out"
        ) from error
    return tuple(out / path for path in files)


def _files(advice: Advice) -> dict[str, bytes]:
    """Every file of the output folder, by its path in it."""
    written = scripts(advice)
    made = [script for script in written if script]
    texts = {
        "advice.json": document(advice, written),
        "plan.md": plan(advice, written),
        "report.html": report(advice, written),
        _LINTER: (folder("templates") / "sqlfluff.cfg").read_text(encoding="utf-8"),
        **combined(advice, written),
        **{script.path: script.text for script in made},
        **dict(script.patch for script in made if script.patch),
    }
    return {path: text.encode() for path, text in texts.items()}


def _refuse_foreign(target: Path) -> None:
    """Whatever stands in `target` will be deleted: it must be nothing, or an output of ours and nothing but that."""
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"cannot write the output folder {target}: a file of that name is there; name another --out")
    found = {
        path.relative_to(target).as_posix()
        for path in target.rglob("*")
        if (not path.is_dir() or path.is_symlink()) and path.relative_to(target).parts[0] not in _KEPT
    }
    foreign = sorted(found - _listed(target))
    if foreign:
        raise InputError(
            f"cannot replace {target}: it holds what no earlier run wrote ({', '.join(foreign[:3])}"
            f"{', …' if len(foreign) > 3 else ''}); move that away or name another --out"
        )


def _listed(target: Path) -> set[str]:
    """The files that the `advice.json` in `target` speaks of; none where there is no such file."""
    try:
        content = json.loads((target / "advice.json").read_text(encoding="utf-8"))
        scripts = [entry["script"] for entry in content["recommendations"] if entry["script"]]
        return {
            *_PAGES,
            "scripts/",
            *scripts,
            *(str(PurePosixPath(script).with_suffix(".patch")) for script in scripts),
        }
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return set()


def _replace(target: Path, files: dict[str, bytes]) -> None:
    """Builds beside `target`, then renames: a failure on the way leaves what was there before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as workshop:
        new, old = Path(workshop, "new"), Path(workshop, "old")
        for path, content in files.items():
            file = new / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            if target.exists():
                target.rename(old)
                _move_kept(old, new)
            new.rename(target)
        finally:
            if old.exists() and not target.exists():
                _move_kept(new, old)
                old.rename(target)


def _move_kept(source: Path, target: Path) -> None:
    for name in _KEPT:
        if (source / name).is_dir():
            (source / name).rename(target / name)


MISSING_SHOWN = 5


def _missing(views: Sequence[ViewMissing]) -> list[str]:
    """One line each while they are few: an export of the needed views alone lacks a score of others."""
    if len(views) <= MISSING_SHOWN:
        return [f"missing: {missing.view}: {missing.effect}" for missing in views]
    return [f"missing: {len(views)} views that the advice could use; plan.md says what each would add"]


def funnel(advice: Advice) -> str:
    """How the history narrowed to the advice, one step a line, and what was left out: for the terminal."""
    coverage = advice.coverage
    lines = [
        f"{many(coverage.queries, 'query', 'queries')} -> {many(coverage.templates, 'template')} "
        f"({coverage.templates_parsed:,} understood, {percent(coverage.execution_time_understood_share)} of the execution time)"
        f" -> {many(advice.candidates, 'candidate')} -> {many(len(advice.recommendations), 'recommendation')}"
        f" ({len(advice.rejections):,} rejected)"
    ]
    total = account_ms(advice.workload)
    lines += [
        f"skipped: {skipped.reason}: {many(skipped.queries, 'query', 'queries')}, {percent(ratio(skipped.execution_ms, total))} of the execution time"
        for skipped in coverage.skipped
    ]
    lines += _missing(coverage.views_missing)
    if advice.back_test is not None:
        tested = advice.back_test
        lines.append(
            f"back-test: {many(tested.changes, 'change')} chosen before {tested.since:%Y-%m-%d} promised {number(tested.promised)} "
            f"credits a month; by the executions since, they bring {number(tested.kept)}"
        )
    return "\n".join(map(comment, lines))
