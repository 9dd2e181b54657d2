"""Why a recommendation is what it is, from `advice.json` alone; and what a kind of advice is, from its docstring.

Imports no engine: documentation is read from the source, not from the imported module.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from inspect import cleandoc

from tabulate import tabulate

from advisor.errors import InputError
from advisor.figures import between, count, many, number, percent, ratio, seconds, size
from advisor.model import Change, Range
from advisor.published import Dropped, Publication, Published
from advisor.quoting import comment
from advisor.resources import PACKAGE
from advisor.settings import Settings

GRADES = {
    "estimated": "from statistics and the history",
    "probed": "asked of Snowflake's own estimators",
    "measured": "counted on a sample of the rows",
    "observed": "seen in the history after it was applied",
}
WIDTH = 24
REJECTED = 20
DAYS_PER_MONTH = 30
_SLACK = 1e-4  # advice.json keeps six digits


def kinds() -> tuple[str, ...]:
    """The kinds of advice, by name."""
    found = (path.name.removesuffix(".py") for path in (PACKAGE / "recommenders").iterdir())
    return tuple(sorted(name for name in found if not name.startswith("_")))


def documentation(kind: str) -> str:
    """The docstring of a kind's module."""
    module = PACKAGE / "recommenders" / f"{kind}.py"
    path = module if module.is_file() else PACKAGE / "recommenders" / kind / "__init__.py"
    return cleandoc(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")


def unknown(name: str, advice: Publication | None) -> InputError:
    """What to say where nothing goes by that name."""
    ids, objects = [each.id for each in advice.recommendations] if advice else [], _objects(advice) if advice else []
    meant = [each for each in objects if f".{each}".lower().endswith(f".{name}".lower())]
    near = meant[:1] if len(meant) == 1 else get_close_matches(name, [*kinds(), *ids, *objects], n=1, cutoff=0.5)
    where = f"{advice.path} says nothing of {name}" if advice else f"there is no kind of advice {name}"
    return InputError(f"{where}; " + (f"did you mean {comment(near[0])}?" if near else f"kinds: {', '.join(kinds())}"))


def _objects(advice: Publication) -> list[str]:
    """What `about_object` has something to say of."""
    made, left = advice.recommendations, advice.rejections
    targets = {str(each.target) for each in made} | {str(each.target) for each in left}
    return sorted(targets.union(*(each.tables for each in made)))


def reasoning(advice: Publication, about: Published) -> str:
    """The whole of a recommendation: evidence, figures and the formulas that join them."""
    parts = [
        f"{about.id}\n{comment(about.title)}\n\n{comment(about.reason)}",
        _section("Rests on", _ground(advice, about)),
        _section("Templates", _templates(about)),
        _section("Figures, a month", _figures(about)),
        _section("Net", _net(advice, about)),
        _section(
            "Details",
            [f"{comment(key):{WIDTH}}{_shown(value)}" for key, value in about.details.items() if key != "owner"],
        ),
        _section("Mind", [f"- {comment(warning)}" for warning in about.warnings]),
        _section("Owner", _owner(about)),
        _section("Apply", _statements(about.apply)),
        _section("Verify", _statements(about.verify)),
        _section("Revert", _statements(about.revert)),
        f"What this kind of advice is: advisor explain {about.kind}",
    ]
    return "\n\n".join(part for part in parts if part)


def about_object(advice: Publication, name: str) -> str | None:
    """What the advice says of one object: its recommendations and rejections; None where it is silent."""
    made = [each for each in advice.recommendations if name == str(each.target) or name in each.tables]
    left = [each for each in advice.rejections if name == str(each.target)]
    if not made and not left:
        return None
    shown = [f"- {each.kind}: {_label(each)}{comment(each.reason)}" for each in left[:REJECTED]]
    shown += [f"- and {many(len(left) - REJECTED, 'more rejection')} in {advice.path}"] if len(left) > REJECTED else []
    parts = [
        comment(name),
        _section("Recommended", [f"- {each.id}: {comment(each.title)}" for each in made]),
        _section("Rejected", shown),
    ]
    return "\n\n".join(part for part in parts if part)


def _label(dropped: Dropped) -> str:
    key = dropped.details.get("clustering_key")
    return f"({comment(', '.join(map(str, key)))}): " if isinstance(key, list) and key else ""


def _section(heading: str, lines: Sequence[str]) -> str:
    return "\n".join((heading, "-" * len(heading), *lines)) if lines else ""


def _ground(advice: Publication, about: Published) -> list[str]:
    days = (advice.window_end - advice.window_start).total_seconds() / 86_400
    said = [
        f"{number(days)} days of history to {advice.window_end:%Y-%m-%d %H:%M} UTC, {many(advice.queries, 'query', 'queries')},"
        f" {percent(advice.understood_share)} of their execution time understood",
        f"Grade {about.grade}: {GRADES.get(about.grade, 'unknown')}. Confidence {about.confidence}.",
    ]
    if advice.views_missing:
        said.append(f"Without {', '.join(map(comment, advice.views_missing))}.")
    return said


def _templates(about: Published) -> list[str]:
    rows = [
        (
            comment(each.fingerprint),
            count(each.executions),
            percent(each.before),
            percent(each.after),
            comment(each.example_query_id or "unknown"),
        )
        for each in about.templates
    ]
    if not rows:
        return ["None is recorded."]
    headers = ("template", "executions", "partitions before", "after", "example query")
    known = [each for each in about.templates if each.before is not None and each.after is not None]
    executions = sum(each.executions for each in known)
    mean = (
        ratio(sum((getattr(each, side) or 0.0) * each.executions for each in known), executions)
        for side in ("before", "after")
    )
    lines = tabulate(rows, headers=headers, disable_numparse=True).split("\n")
    return [*lines, "", f"Mean over {many(executions, 'execution')}: {' → '.join(map(percent, mean))}"]


def _figures(about: Published) -> list[str]:
    benefit, cost = about.benefit, about.cost
    changes: tuple[tuple[str, Change | None, Callable[[float], str]], ...] = (
        ("partitions scanned", benefit.partitions_scanned, number),
        ("bytes scanned", benefit.bytes_scanned, size),
        ("execution time", benefit.execution_seconds, seconds),
    )
    said = [f"{name:{WIDTH}}{form(c.before)} → {between(c.after, form)}" for name, c, form in changes if c is not None]
    ranges: tuple[tuple[str, Range | None, Callable[[float], str]], ...] = (
        ("credits saved", benefit.credits, number),
        ("storage saved", benefit.storage_bytes, size),
        ("upkeep, credits", cost.upkeep_credits_per_month, number),
        ("storage taken", cost.storage_bytes, size),
        ("build, credits, once", cost.build_credits, number),
    )
    return said + [f"{name:{WIDTH}}{between(figure, form)}" for name, figure, form in ranges if figure is not None]


def _net(advice: Publication, about: Published) -> list[str]:
    """`saved − upkeep − build / months`, for the low, the expected and the high end; the low end takes the high costs."""
    saved, upkeep, build = about.benefit.credits, about.cost.upkeep_credits_per_month, about.cost.build_credits
    stated = f"{between(about.net)} credits a month"
    if saved is None or upkeep is None or build is None:
        return [stated, "A part of it is unknown, so it can't be taken apart."]
    months = _payback_months(advice)
    ends = (
        ("low", saved.low, upkeep.high, build.high, about.net.low),
        ("expected", saved.expected, upkeep.expected, build.expected, about.net.expected),
        ("high", saved.high, upkeep.low, build.low, about.net.high),
    )
    if any(abs(s - u - b / months - net) > _SLACK * max(abs(s), abs(u), abs(b), abs(net)) for _, s, u, b, net in ends):
        return [stated, "This kind nets it in a way of its own: see its documentation."]
    lines = [f"saved − upkeep − build / {months:g} months (setting payback_months)"]
    lines += [
        f"{name:{WIDTH}}{number(s)} − {number(u)} − {number(b)} / {months:g} = {number(net)}"
        for name, s, u, b, net in ends
    ]
    return lines + _pay_back(saved, upkeep, build)


def _pay_back(saved: Range, upkeep: Range, build: Range) -> list[str]:
    monthly = saved.expected - upkeep.expected
    if build.expected <= 0 or monthly <= 0:
        return []
    days = build.expected / monthly * DAYS_PER_MONTH
    return [
        f"pays back in{'':{WIDTH - 12}}{number(build.expected)} / ({number(saved.expected)} − {number(upkeep.expected)}) × {DAYS_PER_MONTH} days = {number(days)} days"
    ]


def _payback_months(advice: Publication) -> float:
    given = advice.inputs.settings.get("payback_months") if advice.inputs else None
    return float(given) if isinstance(given, int | float) else Settings().payback_months


def _owner(about: Published) -> list[str]:
    """Who makes the table, and what to change there."""
    owner = about.details.get("owner")
    if not isinstance(owner, Mapping):
        return []
    file, config, patch = (owner.get(name) for name in ("file", "config", "patch"))
    lost = "An ALTER alone is lost with its next run." if owner.get("rebuilds") else "An ALTER alone doesn't last."
    said = [comment(f"{owner.get('name')}{f', {file}' if file else ''}"), lost]
    return [*said, *(comment(line) for line in str(patch or config or "").split("\n"))]


def _shown(value: object) -> str:
    return comment(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _statements(statements: Sequence[str]) -> list[str]:
    return [comment(line) for statement in statements for line in f"{statement};".split("\n")]
