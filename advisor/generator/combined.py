"""`apply.sql` and `revert.sql`: the statements of all scripts in the order in which they can be run, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.generator.scripts import Script, environment
from advisor.model import Advice, Recommendation

APPLY, REVERT = "apply.sql", "revert.sql"

# What reads a table's layout, or is invalid once the table changes, comes after what sets it.
_PHASES = {
    "clustering_key": 1,
    "history_partitioning": 1,
    "storage_retention": 1,
    "search_optimization": 2,
    "materialized_view": 2,
    "dynamic_table": 2,
}
_SETTINGS = 3


@dataclass(frozen=True)
class Step:
    """One script's part of a combined file."""

    number: str
    path: str
    title: str
    guard: str
    statements: tuple[str, ...]


def combined(advice: Advice, scripts: Sequence[Script | None]) -> dict[str, str]:
    """The texts of both files, by name."""
    made = [(r, s) for r, s in zip(advice.recommendations, scripts, strict=True) if s is not None]
    ordered = [pair for _, pair in sorted(enumerate(made), key=lambda each: (_phase(each[1][0]), each[0]))]
    run = [(r, s) for r, s in ordered if _idle(r, s) is None]
    left = [(s.path, why) for r, s in ordered for why in [_idle(r, s)] if why is not None]
    forth = [_step(r, s, s.guard, s.apply) for r, s in run]
    back = [_step(r, s, s.undo_guard, s.revert) for r, s in reversed(run) if s.revert]
    unknown = [
        (s.path, "what was in force is not known: the script has a line to fill in") for _, s in run if not s.revert
    ]
    return {APPLY: _text(forth, left, False), REVERT: _text(back, [*left, *unknown], True)}


def _phase(recommendation: Recommendation) -> int:
    return 0 if recommendation.action in ("drop", "disable") else _PHASES.get(recommendation.kind, _SETTINGS)


def _idle(recommendation: Recommendation, script: Script) -> str | None:
    """Why there is nothing to run; None where there is."""
    if recommendation.action == "rewrite":
        return "the change is where the query is written"
    if not script.apply:
        return "the change is where the table is defined"
    return "its writers must stand still meanwhile: run it by itself" if _moves_rows(recommendation) else None


def _moves_rows(recommendation: Recommendation) -> bool:
    cut = recommendation.details.get("cut")
    return isinstance(cut, Mapping) and cut.get("method") == "split"


def _step(recommendation: Recommendation, script: Script, guard: str, statements: Sequence[str]) -> Step:
    number = script.path.split("/")[-1].split("_")[0]
    return Step(number, script.path, recommendation.title, guard, tuple(statements))


def _text(steps: Sequence[Step], left_out: Sequence[tuple[str, str]], undo: bool) -> str:
    used = "".join(text for step in steps for text in (step.guard, *step.statements))
    return (
        environment()
        .get_template("combined.sql.j2")
        .render(
            steps=steps,
            left_out=left_out,
            undo=undo,
            exact_names='"' in used,
            variables="&" in used or "<%" in used,
        )
    )
