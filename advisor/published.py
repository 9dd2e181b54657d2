"""`advice.json` as a later command reads it back. Imports no engine: `advisor explain` answers at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from advisor.errors import InputError
from advisor.model import Benefit, Change, Cost, Inputs, Range, TableFacts, Target, TemplateEvidence

NAME = "advice.json"
SCHEMA = 1
LIBRARY = Path("reports")


@dataclass(frozen=True)
class Published:
    """One recommendation as it was written."""

    id: str
    kind: str
    action: str
    target: Target
    title: str
    reason: str
    details: Mapping[str, object]
    benefit: Benefit
    cost: Cost
    net: Range
    """Credits a month."""
    confidence: str
    grade: str
    templates: tuple[TemplateEvidence, ...]
    edition: str
    privileges: tuple[str, ...]
    apply: tuple[str, ...]
    verify: tuple[str, ...]
    revert: tuple[str, ...]
    script: str | None
    warnings: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it concerns, `DATABASE.SCHEMA.NAME`."""
        named = self.details.get("tables")
        if isinstance(named, Sequence) and not isinstance(named, str):
            return tuple(map(str, named))
        return (str(self.target),) if self.target.type == "table" else ()


@dataclass(frozen=True)
class Dropped:
    """One candidate that was rejected."""

    kind: str
    target: Target
    details: Mapping[str, object]
    reason: str


@dataclass(frozen=True)
class Publication:
    """One `advice.json`."""

    path: Path
    source: str
    account: str | None
    window_start: datetime
    window_end: datetime
    queries: int
    templates: int
    understood_share: float
    views_missing: tuple[str, ...]
    baseline: Mapping[str, Any]
    totals: Mapping[str, Range]
    """Of the plan as a whole, by name: `net_credits_per_month`, `build_credits`, …; what is unknown is left out."""
    recommendations: tuple[Published, ...]
    rejections: tuple[Dropped, ...]
    advisor: str | None
    """The version that wrote it; None where the file doesn't say."""
    inputs: Inputs | None
    """None where the file records none."""

    def recommendation(self, name: str) -> Published | None:
        return next((each for each in self.recommendations if each.id == name), None)


def read(path: Path) -> Publication:
    """The advice in an output folder, or in the file itself. Raises InputError for one that isn't there or isn't advice."""
    file = path / NAME if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["schema"] != SCHEMA:
            raise InputError(
                f"{file} has schema {content['schema']}; this advisor reads {SCHEMA}: use the one that wrote it"
            )
        return _publication(file, content)
    except FileNotFoundError as error:
        raise InputError(f"there is no {file}; name an output folder of `advisor analyze`") from error
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        detail = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(f"{file} is no advice that this advisor wrote ({detail}); analyze again") from error


def latest(library: Path = LIBRARY) -> Path:
    """The folder of `library` with advice whose name sorts last, as the default `--out` names them by date."""
    found = sorted(library.glob(f"*/{NAME}"))
    if not found:
        raise InputError(
            f"there is no advice under {library}/; name an output folder of `advisor analyze` with --advice"
        )
    return found[-1].parent


def moment(text: str) -> datetime:
    """UTC, without a zone."""
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC).replace(tzinfo=None) if read.tzinfo else read


def _publication(file: Path, content: Mapping[str, Any]) -> Publication:
    snapshot, coverage, inputs = content["snapshot"], content["coverage"], content.get("inputs")
    return Publication(
        path=file,
        source=snapshot["source"],
        account=snapshot.get("account"),
        window_start=moment(snapshot["window_start"]),
        window_end=moment(snapshot["window_end"]),
        queries=coverage["queries"],
        templates=coverage["templates"],
        understood_share=coverage["execution_time_understood_share"],
        views_missing=tuple(str(entry["view"]) for entry in coverage["views_missing"]),
        baseline=content["baseline"],
        totals={
            name: Range(**figure)
            for name, figure in content.get("totals", {}).items()
            if isinstance(figure, dict) and figure.keys() == {"low", "expected", "high"}
        },
        recommendations=tuple(map(_recommendation, content["recommendations"])),
        rejections=tuple(
            Dropped(entry["kind"], _target(entry["target"]), entry["details"], entry["reason"])
            for entry in content["rejections"]
        ),
        advisor=None if inputs is None else inputs.get("advisor"),
        inputs=None if inputs is None else _inputs(inputs),
    )


def _inputs(content: Mapping[str, Any]) -> Inputs:
    return Inputs(
        settings=content["settings"],
        tables=tuple(
            TableFacts(
                **facts | {"clustering_key": tuple(facts["clustering_key"]), "traits": tuple(facts["traits"])},
            )
            for facts in content["tables"]
        ),
        tables_left_out=content["tables_left_out"],
        templates=content["executions_per_day"],
        templates_left_out=content["templates_left_out"],
    )


def _recommendation(entry: Mapping[str, Any]) -> Published:
    benefit, cost, statements = entry["benefit"], entry["cost"], entry["statements"]
    return Published(
        id=entry["id"],
        kind=entry["kind"],
        action=entry["action"],
        target=_target(entry["target"]),
        title=entry["title"],
        reason=entry["reason"],
        details=entry["details"],
        benefit=Benefit(
            **{
                name: _change(benefit.get(name))
                for name in ("partitions_scanned", "bytes_scanned", "execution_seconds")
            },
            credits=_range(benefit.get("credits")),
            storage_bytes=_range(benefit.get("storage_bytes")),
        ),
        cost=Cost(**{name: _range(cost.get(name)) for name in Cost.__dataclass_fields__}),
        net=Range(**entry["net_credits_per_month"]),
        confidence=entry["confidence"],
        grade=entry["evidence"]["grade"],
        templates=tuple(map(_template, entry["evidence"]["templates"])),
        edition=entry["requires"]["edition"],
        privileges=tuple(entry["requires"]["privileges"]),
        apply=tuple(statements["apply"]),
        verify=tuple(statements["verify"]),
        revert=tuple(statements["revert"]),
        script=entry["script"],
        warnings=tuple(entry["warnings"]),
    )


def _target(entry: Mapping[str, Any]) -> Target:
    return Target(entry["type"], entry["name"], entry.get("database"), entry.get("schema"))


def _template(entry: Mapping[str, Any]) -> TemplateEvidence:
    share = entry.get("partitions_scanned_share", {})
    shares = map(share.get, ("before", "after", "after_low", "after_high"))
    return TemplateEvidence(entry["fingerprint"], entry["executions"], entry["example_query_id"], *shares)


def _change(entry: Mapping[str, Any] | None) -> Change | None:
    return None if entry is None else Change(entry["before"], Range(**entry["after"]))


def _range(entry: Mapping[str, Any] | None) -> Range | None:
    return None if entry is None else Range(**entry)
