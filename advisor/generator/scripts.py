"""The scripts: one per recommendation, from `templates/scripts/<kind>.sql.j2`.

A template calls `apply`, `verify` and `revert` around each of its statements. What they wrap goes into the script and,
the very same text, into `statements` of `advice.json`. Its macro `check` is what its guard asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from advisor import figures, keys, quoting
from advisor.generator import columns
from advisor.model import Advice, Recommendation, TableName
from advisor.resources import folder


@dataclass(frozen=True)
class Script:
    """One file under `scripts/`, and the statements that it holds, without comments and semicolons."""

    path: str
    text: str
    apply: tuple[str, ...]
    verify: tuple[str, ...]
    revert: tuple[str, ...]
    guard: str = ""
    """What the apply part begins with, and what the revert part may begin with: statements that put their answer into
    :verdict.
    """
    undo_guard: str = ""
    patch: tuple[str, str] | None = None
    """Path and text of a patch for whoever makes the table."""


def scripts(advice: Advice) -> tuple[Script | None, ...]:
    """The script of each recommendation, in order; None for a kind that has no template."""
    return tuple(
        _script(recommendation, number, advice) if _template_name(recommendation.kind) else None
        for number, recommendation in enumerate(advice.recommendations, 1)
    )


def _script(recommendation: Recommendation, number: int, advice: Advice) -> Script:
    applied: list[str] = []
    verified: list[str] = []
    reverted: list[str] = []
    path = _path(recommendation, number)
    patch = _patch(recommendation, path)
    module = (
        environment()
        .get_template(f"{recommendation.kind}.sql.j2")
        .make_module(
            {
                "recommendation": recommendation,
                "details": recommendation.details,
                "table": _table(recommendation),
                "advice": advice,
                "patch_path": patch[0] if patch else None,
                "apply": _recorder(applied, lambda statement: f"{statement};"),
                "verify": _recorder(verified, lambda statement: f"{statement};"),
                "revert": _recorder(reverted, quoting.commented_out),
            }
        )
    )
    guard, undo_guard = (
        str(getattr(module, name)(True)) if hasattr(module, name) else "" for name in ("check", "undo_check")
    )
    text = f"{str(module).rstrip()}\n"
    return Script(path, text, tuple(applied), tuple(verified), tuple(reverted), guard, undo_guard, patch)


def _patch(recommendation: Recommendation, path: str) -> tuple[str, str] | None:
    """Where the owner's file is known, the patch of it, to be applied in its project's folder."""
    owner = recommendation.details.get("owner")
    if not isinstance(owner, Mapping) or not owner.get("file") or not owner.get("patch"):
        return None
    return str(PurePosixPath(path).with_suffix(".patch")), f"{owner['patch']}\n"


def _recorder(statements: list[str], shown: Callable[[str], str]) -> Callable[..., str]:
    """A block for the template: keeps the statement that it wraps, and puts `shown` of it into the script."""

    def record(caller: Callable[[], str]) -> str:
        statement = caller().strip("\n ")
        statements.append(statement)
        return shown(statement)

    return record


def _table(recommendation: Recommendation) -> TableName | None:
    target = recommendation.target
    if target.type != "table" or target.database is None or target.schema is None:
        return None
    return TableName(target.database, target.schema, target.name)


def _path(recommendation: Recommendation, number: int) -> str:
    target = recommendation.target
    names = [part for part in (target.database, target.schema, target.name) if part is not None]
    return "scripts/" + "_".join((f"{number:03d}", recommendation.kind, *map(quoting.file_part, names))) + ".sql"


def _template_name(kind: str) -> str | None:
    name = f"{kind}.sql.j2"
    return name if (folder("templates") / "scripts" / name).is_file() else None


@cache
def environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader([folder("templates") / "scripts", folder("templates")]),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= figures.FILTERS | {
        "identifier": quoting.identifier,
        "qualified": quoting.qualified,
        "expression": quoting.expression,
        "literal": quoting.literal,
        "pattern": quoting.pattern,
        "comment": quoting.comment,
        "comment_lines": quoting.comment_lines,
        "commented_out": quoting.commented_out,
        "timestamp": quoting.timestamp,
        "dollar_quoted": quoting.dollar_quoted,
        "without_blanks": quoting.without_blanks,
        "stored_forms": keys.stored_forms,
        "columns_named": columns.named,
        "columns_read": columns.read,
        "table_name": lambda place: TableName(place["database"], place["schema"], place["name"]),
    }
    return environment
