"""The advice as SARIF 2.1.0, for code scanning: one result a recommendation, its script as the place."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote

from advisor import explainer
from advisor.figures import between
from advisor.published import Publication, Published
from advisor.quoting import comment

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"high": "warning", "medium": "warning", "low": "note"}


def as_sarif(advice: Publication, known: Collection[str], root: Path) -> str:
    """One run. Places are relative to `root`, a checkout's; ids in `known` are marked as unchanged, the rest as new."""
    used = sorted({each.kind for each in advice.recommendations})
    driver = {
        "name": "advisor",
        "version": advice.advisor or "unknown",
        "rules": [_rule(kind) for kind in used],
    }
    results = [_result(each, used.index(each.kind), each.id in known, advice, root) for each in advice.recommendations]
    content = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _rule(kind: str) -> dict[str, object]:
    text = explainer.documentation(kind) if kind in explainer.kinds() else kind
    return {
        "id": kind,
        "name": "".join(word.capitalize() for word in kind.split("_")),
        "shortDescription": {"text": _plain(text.split("\n", 1)[0])},
        "fullDescription": {"text": _plain(text)},
        "defaultConfiguration": {"level": "warning"},
    }


def _result(each: Published, index: int, old: bool, advice: Publication, root: Path) -> dict[str, object]:
    said = f"{each.title}. {each.reason} Net {between(each.net)} credits a month, confidence {each.confidence}."
    return {
        "ruleId": each.kind,
        "ruleIndex": index,
        "level": LEVELS.get(each.confidence, "note"),
        "baselineState": "unchanged" if old else "new",
        "message": {"text": _plain(comment(said))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(advice.path.parent / (each.script or advice.path.name), root)},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [{"fullyQualifiedName": comment(str(each.target)), "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"adviceId/v1": each.id},
        "properties": {"netCreditsPerMonth": each.net.expected, "confidence": each.confidence, "grade": each.grade},
    }


def _plain(text: str) -> str:
    """A message's text may hold links as `[text](target)`; a backslash keeps a bracket a bracket."""
    return re.sub(r"([\\\[\]])", r"\\\1", text)


def _uri(path: Path, root: Path) -> str:
    """Relative where `root` holds it; viewers show no others beside the code."""
    full = path.resolve()
    if full.is_relative_to(root.resolve()):
        return quote(full.relative_to(root.resolve()).as_posix())
    return full.as_uri()
