"""A difference as people and programs read it: Markdown for a pull request's comment, JSON for the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence

from advisor.differ import Difference, Item
from advisor.figures import between, many
from advisor.generator.document import ranged
from advisor.generator.listings import Listing
from advisor.generator.pages import markdown, table

SCHEMA = 1


def as_markdown(difference: Difference) -> str:
    """Nothing at all for no difference, so that a job can tell by the size of the file whether there is news."""
    if not difference:
        return ""
    parts = [f"### What changed in the advice\n\n{_headline(difference)}"]
    for heading, items in (
        ("New", difference.new),
        ("Changed", difference.changed),
        ("Gone", difference.gone),
    ):
        if items:
            parts += [f"#### {heading}", str(table(_listing(items))), *map(_why, items)]
    return "\n\n".join(parts) + "\n"


def as_json(difference: Difference) -> str:
    """One object: `new`, `gone` and `changed` hold an entry a recommendation; all three are empty for no difference."""
    content = {
        "schema": SCHEMA,
        "new": [_entry(item) for item in difference.new],
        "gone": [_entry(item) for item in difference.gone],
        "changed": [_entry(item) for item in difference.changed],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _headline(difference: Difference) -> str:
    counted = ((difference.new, "new"), (difference.changed, "changed"), (difference.gone, "gone"))
    return ", ".join(f"{many(len(items), 'recommendation')} {word}" for items, word in counted if items) + "."


def _listing(items: Sequence[Item]) -> Listing:
    return Listing(
        ("Id", "Change", "Net, credits a month", "Confidence"),
        tuple(
            (item.present.id, item.present.title, between(item.present.net), item.present.confidence) for item in items
        ),
    )


def _why(item: Item) -> str:
    said = [f"- {markdown(item.present.id)}"]
    said += [f"  - {markdown(change)}" for change in item.changes]
    said += [f"  - why: {markdown(cause.text)}" for cause in item.causes]
    return "\n".join(said)


def _entry(item: Item) -> dict[str, object]:
    side = item.present
    return {
        "id": side.id,
        "previous_id": item.old.id if item.old and item.new and item.old.id != item.new.id else None,
        "kind": side.kind,
        "action": side.action,
        "target": {
            "type": side.target.type,
            "database": side.target.database,
            "schema": side.target.schema,
            "name": side.target.name,
        },
        "title": side.title,
        "net_credits_per_month": {
            "before": ranged(item.old.net if item.old else None),
            "after": ranged(item.new.net if item.new else None),
        },
        "changes": list(item.changes),
        "causes": [{"what": cause.what, "text": cause.text} for cause in item.causes],
    }
