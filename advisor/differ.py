"""Two runs' advice side by side: which is new, gone or changed, and which recorded input tells why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from advisor.figures import between, count, many, number, size
from advisor.model import Inputs, TableFacts
from advisor.published import Dropped, Publication, Published

TOLERANCE = 0.1
"""A figure that moved by less than this share of itself has not changed: every week's history differs a little."""
WORKLOAD_TOLERANCE = 0.25
SHOWN = 5


@dataclass(frozen=True)
class Cause:
    what: str
    """settings, table, workload, evidence, advisor or unknown."""
    text: str
    """One clause, unescaped."""


@dataclass(frozen=True)
class Item:
    """One recommendation that isn't in both runs as it was."""

    old: Published | None
    new: Published | None
    changes: tuple[str, ...]
    """What of it differs, for one that both runs have."""
    causes: tuple[Cause, ...]

    @property
    def present(self) -> Published:
        """The newer of its two sides."""
        side = self.new or self.old
        assert side is not None
        return side


@dataclass(frozen=True)
class Difference:
    """Nothing in it: the advice is the same."""

    new: tuple[Item, ...] = ()
    gone: tuple[Item, ...] = ()
    changed: tuple[Item, ...] = ()
    """The same change with other figures or statements, or another change to the same object in its place."""

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)


def compare(old: Publication, new: Publication) -> Difference:
    """Recommendations are matched by id; a new one of the same kind on the same object replaces one that is gone."""
    before = {each.id: each for each in old.recommendations}
    after = {each.id: each for each in new.recommendations}
    gone = [each for each in old.recommendations if each.id not in after]
    fresh = [each for each in new.recommendations if each.id not in before]
    pairs = [(before[each.id], each) for each in new.recommendations if each.id in before]
    for each in list(fresh):
        replaced = next((other for other in gone if (other.kind, other.target) == (each.kind, each.target)), None)
        if replaced is not None:
            fresh.remove(each)
            gone.remove(replaced)
            pairs.append((replaced, each))
    order = {each.id: position for position, each in enumerate(new.recommendations)}
    changed = [(a, b, differences(a, b)) for a, b in sorted(pairs, key=lambda pair: order[pair[1].id])]
    return Difference(
        new=tuple(Item(None, each, (), _causes(old, new, each)) for each in fresh),
        gone=tuple(Item(each, None, (), (*_outcome(each, new), *_causes(old, new, each))) for each in gone),
        changed=tuple(Item(a, b, said, _causes(old, new, a, b)) for a, b, said in changed if said),
    )


def differences(old: Published, new: Published) -> tuple[str, ...]:
    """What of a recommendation differs so much that a reader should look again."""
    said = [] if old.id == new.id else [f"“{old.title}” became “{new.title}”"]
    if old.id == new.id and old.apply != new.apply:
        said.append("its statements differ")
    if _moved(old.net.expected, new.net.expected):
        said.append(f"net {between(old.net)} → {between(new.net)} credits a month")
    build = (old.cost.build_credits, new.cost.build_credits)
    if build[0] and build[1] and _moved(build[0].expected, build[1].expected):
        said.append(f"build {between(build[0])} → {between(build[1])} credits")
    for name, one, other in (
        ("confidence", old.confidence, new.confidence),
        ("grade", old.grade, new.grade),
        ("edition", old.edition, new.edition),
    ):
        if one != other:
            said.append(f"{name} {one} → {other}")
    return tuple(said)


def fresh(recommendations: Iterable[Published], known: Iterable[str], least: float) -> tuple[Published, ...]:
    """Those whose id is not known yet and that bring at least so many net credits a month, expected."""
    ids = frozenset(known)
    return tuple(each for each in recommendations if each.id not in ids and each.net.expected >= least)


def _moved(old: float, new: float, tolerance: float = TOLERANCE) -> bool:
    return abs(new - old) > tolerance * max(abs(old), abs(new))


# ---------------------------------------------------------------- why


def _outcome(gone: Published, new: Publication) -> tuple[Cause, ...]:
    """What the newer run says of a recommendation that it no longer makes: its own rejection, or its table's."""
    about = [each for each in new.rejections if (each.kind, each.target) == (gone.kind, gone.target)]
    same = [each for each in about if _same_change(each, gone)] or about
    return tuple(Cause("rejected", f"now rejected: {each.reason}") for each in same[:1])


def _same_change(dropped: Dropped, gone: Published) -> bool:
    shared = dropped.details.keys() & gone.details.keys()
    return all(dropped.details[name] == gone.details[name] for name in shared)


def _causes(old: Publication, new: Publication, *sides: Published) -> tuple[Cause, ...]:
    if old.inputs is None or new.inputs is None:
        without = new.path if old.inputs is not None else old.path
        return (Cause("unknown", f"{without} records no inputs, so the cause can't be told"),)
    found = [
        *_settings(old.inputs.settings, new.inputs.settings),
        *_versions(old.advisor, new.advisor),
        *_views(old.views_missing, new.views_missing),
        *_tables(old.inputs, new.inputs, sides),
        *_workload(old.inputs, new.inputs, sides),
    ]
    return tuple(found) or (Cause("unknown", "none of the recorded inputs differs much"),)


def _settings(old: Mapping[str, object], new: Mapping[str, object]) -> list[Cause]:
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return [
        Cause("settings", f"setting {name}: {old.get(name, 'its default')} → {new.get(name, 'its default')}")
        for name in names
    ]


def _versions(old: str | None, new: str | None) -> list[Cause]:
    return [] if old == new else [Cause("advisor", f"advisor {old} → {new}")]


def _views(old: Sequence[str], new: Sequence[str]) -> list[Cause]:
    lost, found = sorted(set(new) - set(old)), sorted(set(old) - set(new))
    said = [f"{view} is missing now" for view in lost] + [f"{view} is there now" for view in found]
    return [Cause("evidence", text) for text in said]


def _tables(old: Inputs, new: Inputs, sides: Sequence[Published]) -> list[Cause]:
    before, after = ({facts.name: facts for facts in inputs.tables} for inputs in (old, new))
    found = []
    for name in sorted({table for side in sides for table in side.tables}):
        said = _facts(before.get(name), after.get(name), old, new)
        found += [Cause("table", f"{name}: {text}") for text in said]
    return found


def _facts(old: TableFacts | None, new: TableFacts | None, before: Inputs, after: Inputs) -> list[str]:
    if old is None or new is None:
        if old is new or before.tables_left_out or after.tables_left_out:
            return []
        return ["nothing used it before"] if old is None else ["nothing uses it any more"]
    said = []
    if old.clustering_key != new.clustering_key:
        said.append(f"clustering key {_key(old)} → {_key(new)}")
    if old.kind != new.kind or old.traits != new.traits:
        said.append(f"{_kind(old)} → {_kind(new)}")
    if old.owner != new.owner:
        said.append(f"made by {old.owner or 'nobody known'} → {new.owner or 'nobody known'}")
    if _figure_moved(old.rows, new.rows):
        said.append(f"rows {count(old.rows)} → {count(new.rows)}")
    if _figure_moved(old.bytes, new.bytes):
        said.append(f"size {size(old.bytes)} → {size(new.bytes)}")
    if old.columns != new.columns:
        said.append(f"columns {count(old.columns)} → {count(new.columns)}")
    return said


def _figure_moved(old: int | None, new: int | None) -> bool:
    return old != new and (old is None or new is None or _moved(old, new))


def _key(facts: TableFacts) -> str:
    return f"({', '.join(facts.clustering_key)})" if facts.clustering_key else "none"


def _kind(facts: TableFacts) -> str:
    return " ".join((*facts.traits, facts.kind))


def _workload(old: Inputs, new: Inputs, sides: Sequence[Published]) -> list[Cause]:
    """How often the templates run that the recommendation rests on, in either run."""
    named = sorted({template.fingerprint for side in sides for template in side.templates})
    said = []
    for name in named:
        before, after = old.templates.get(name), new.templates.get(name)
        if before is None and after is None:
            continue
        if before is None or after is None:
            complete = not (old.templates_left_out if before is None else new.templates_left_out)
            where = "not" if complete else "not among the heaviest"
            said.append(
                f"template {name}: {number(after)} executions a day, {where} seen before"
                if before is None
                else f"template {name}: {number(before)} executions a day before, {where} seen now"
            )
        elif _moved(before, after, WORKLOAD_TOLERANCE):
            said.append(f"template {name}: {number(before)} → {number(after)} executions a day")
    more = [f"{many(len(said) - SHOWN, 'more template')} likewise"] if len(said) > SHOWN else []
    return [Cause("workload", text) for text in (*said[:SHOWN], *more)]
