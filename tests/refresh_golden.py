"""Writes the generator's golden files anew: `python -m tests.refresh_golden`, then read the diff."""

from __future__ import annotations

from pathlib import Path

from advisor.generator.pages import plan, report
from advisor.generator.scripts import scripts
from tests.advices import dynamic_table, empty, materialized_view, one, query_rewrite, rich
from tests.assorted import assorted

GOLDEN = Path(__file__).parent / "golden" / "generator"


def goldens() -> dict[str, str]:
    """What each golden file must hold, by its name."""
    written = scripts(rich())
    texts = {
        f"{recommendation.kind}_{recommendation.action}.sql": script.text
        for advice in (rich(), assorted())
        for recommendation, script in zip(advice.recommendations, scripts(advice), strict=True)
        if script
    }
    for other in (materialized_view(), dynamic_table(), query_rewrite()):
        (script,) = scripts(one(other))
        texts |= {f"{other.kind}_{other.action}.sql": script.text if script else ""}
    return texts | {
        "plan.md": plan(rich(), written),
        "plan_empty.md": plan(empty(), ()),
        "report.html": report(rich(), written),
    }


def refresh() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    texts = goldens()
    for orphan in {path for path in GOLDEN.iterdir() if path.name not in texts}:
        orphan.unlink()
    for name, text in texts.items():
        (GOLDEN / name).write_bytes(text.encode())


if __name__ == "__main__":
    refresh()
