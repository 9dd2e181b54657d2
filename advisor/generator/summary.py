"""The advice in one screen of a terminal, and the same for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from advisor.figures import UNKNOWN, expected, many, number, percent, span
from advisor.generator.document import Json, plain, ranged, targeted
from advisor.generator.headline import Headline, headline, payback_days
from advisor.generator.scripts import Script, scripts
from advisor.model import Advice, Range, Recommendation
from advisor.quoting import comment

NARROWEST, LINES_AROUND = 60, 12
SHORTEST_TITLE = 20
BOLD, GREEN, YELLOW, RED, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
_COLOURS = {"high": GREEN, "medium": YELLOW, "low": RED}
_HEADERS = ("#", "change", "net a month", "build", "payback", "sure")


def screen(advice: Advice, folder: Path, columns: int, lines: int, coloured: bool) -> str:
    """What `advisor analyze` prints: at most that many lines of that many columns, colours only where wanted."""
    head = headline(advice)
    parts = [_total(advice, head, coloured), _table(advice.recommendations, columns, lines, coloured)]
    where = "\n".join(f"{name:<8}{folder / file}" for name, file in (("plan", "plan.md"), ("report", "report.html")))
    return "\n\n".join(part for part in (*parts, where) if part)


def _total(advice: Advice, head: Headline, coloured: bool) -> str:
    coverage = advice.coverage
    speaks = (
        f"This speaks for {percent(coverage.execution_time_understood_share)} of the execution time of "
        f"{many(coverage.queries, 'query', 'queries')}."
    )
    if not advice.recommendations:
        return f"{_styled('No change is recommended.', BOLD, coloured)}\n{speaks}"
    net = f"{head.lead} {_figure(head.net)} credits a month, net, with {many(len(advice.recommendations), 'change')}; {head.payback}."
    price = f"Build {_figure(head.build)} once, upkeep {_figure(head.upkeep)} a month. Confidence: {comment(head.confidences)}."
    return "\n".join(part for part in (_styled(net, BOLD, coloured), head.beside, price, speaks) if part)


def _table(changes: Sequence[Recommendation], columns: int, lines: int, coloured: bool) -> str:
    if not changes:
        return ""
    shown = changes[: max(3, lines - LINES_AROUND)]
    rows = [_row(position, change) for position, change in enumerate(shown, 1)]
    # tabulate sets each column two characters wider than its header, and two apart.
    others = [(0, "#"), *enumerate(_HEADERS[2:], 2)]
    taken = sum(2 + max(len(name) + 2, *(len(row[column]) for row in rows)) for column, name in others)
    cells = [(row[0], _cut(row[1], max(SHORTEST_TITLE, max(NARROWEST, columns) - taken)), *row[2:]) for row in rows]
    text = tabulate(cells, headers=_HEADERS, tablefmt="simple", disable_numparse=True)
    if coloured:
        first, last, *body = text.split("\n")
        text = "\n".join([first, last, *(_tinted(line, row[5]) for line, row in zip(body, rows, strict=True))])
    left = len(changes) - len(shown)
    return f"{text}\n… and {left:,} more in plan.md" if left else text


def _row(position: int, change: Recommendation) -> tuple[str, ...]:
    return (
        str(position),
        comment(change.title),
        _figure(change.net_credits_per_month),
        expected(change.cost.build_credits),
        _days(payback_days(change.benefit.credits, change.cost)),
        comment(change.confidence),
    )


def _days(days: float | None) -> str:
    if days is None:
        return UNKNOWN
    if days == 0:
        return "at once"
    return "never" if days == float("inf") else f"{number(days)} days" if days >= 1 else "<1 day"


def _figure(figure: Range | None) -> str:
    between = span(figure)
    return f"{expected(figure)} ({between})" if between else expected(figure)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _styled(text: str, style: str, coloured: bool) -> str:
    return f"{style}{text}{PLAIN}" if coloured else text


def _tinted(line: str, confidence: str) -> str:
    colour = _COLOURS.get(confidence)
    head, found, tail = line.rpartition(confidence)
    return f"{head}{colour}{found}{PLAIN}{tail}" if colour and found else line


# ---------------------------------------------------------------- for programs


def machine_readable(advice: Advice, folder: Path) -> str:
    """What `advisor analyze --json` prints: the plan's totals and one entry per change, most net benefit first."""
    head = headline(advice)
    content: Json = {
        "out": str(folder),
        "net_credits_per_month": ranged(head.net),
        "saved_credits_per_month": ranged(head.credits),
        "build_credits": ranged(head.build),
        "upkeep_credits_per_month": ranged(head.upkeep),
        "payback_days": head.payback_days if head.payback_days != float("inf") else None,
        "execution_time_understood_share": advice.coverage.execution_time_understood_share,
        "queries": advice.coverage.queries,
        "templates": advice.coverage.templates,
        "candidates": advice.candidates,
        "rejections": len(advice.rejections),
        "changes": [_change(*pair) for pair in zip(advice.recommendations, scripts(advice), strict=True)],
    }
    return json.dumps(plain(content), indent=2, ensure_ascii=True, allow_nan=False)


def _change(change: Recommendation, script: Script | None) -> Json:
    return {
        "id": change.id,
        "kind": change.kind,
        "action": change.action,
        "target": targeted(change.target),
        "title": change.title,
        "net_credits_per_month": ranged(change.net_credits_per_month),
        "confidence": change.confidence,
        "grade": change.grade,
        "script": script.path if script else None,
    }
