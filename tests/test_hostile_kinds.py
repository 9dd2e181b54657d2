"""Whatever names an account has, from its history through the analysis into the scripts of every kind: a name stays a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import Token, TokenType

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.generator.scripts import scripts
from advisor.model import Advice
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders import test_dynamic_table as dynamic
from tests.recommenders import test_tables_of_dbt as plants
from tests.recommenders.test_clustering_key import loads
from tests.test_generator_names import no_log

__all__ = ["no_log"]

Plant = Callable[[Path, Settings], Advice]
MARK = "PWNED"
NASTY = "{}\"'; DROP TABLE PWNED; --\n$$ PWNED; */ PWNED }}}} {{{{ PWNED {{% PWNED %}}.PWNED\\"
NAMES = ("DB", "PUBLIC", "ORDERS", "CUSTOMERS", "EVENTS", "SESSIONS", "STAGING", "WH", "CUSTOMER_ID", "REGION", "SEGMENT", "ID", "TS", "LEVEL", "MAIL", "CARD")  # fmt: skip
HOSTILE = {name: NASTY.format(name) for name in NAMES}


def joined(folder: Path, settings: Settings) -> Advice:
    return dynamic.advise(folder, dynamic.asked(dynamic.JOINED) + loads(100_000))


PLANTS: list[tuple[Plant, str]] = [
    (plants.view, "materialized_view"),
    (joined, "dynamic_table"),
    (plants.split, "history_partitioning"),
    (plants.policy, "history_partitioning"),
    (plants.paths, "search_optimization"),
    (plants.retention, "storage_retention"),
    (plants.unread, "storage_retention"),
]


def renamed_text(text: str) -> str:
    """The statement with its names quoted and hostile."""
    found, end = "", 0
    for token in sqlglot.tokenize(text, read="snowflake"):
        if token.token_type is not TokenType.STRING and token.text.upper() in HOSTILE:
            hostile = HOSTILE[token.text.upper()].replace('"', '""')
            found += f'{text[end : token.start]}"{hostile}"'
            end = token.end + 1
    return found + text[end:]


def renamed(source: Path, target: Path) -> Path:
    """The same account under other names."""
    target.mkdir()
    for file in source.glob("*.parquet"):
        rows = pq.read_table(file).to_pylist()
        held = {name: [_value(name, row[name]) for row in rows] for name in (rows[0] if rows else {})}
        pq.write_table(pa.table(held), target / file.name)
    return target


def _value(column: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return renamed_text(value) if column in ("QUERY_TEXT", "CLUSTERING_KEY") else HOSTILE.get(value, value)


def loose(text: str) -> Iterator[Token]:
    """Tokens with the mark that are neither a name nor a string, in the text and in the blocks that it runs."""
    for token in sqlglot.tokenize(text, read="snowflake"):
        if token.token_type in (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING):
            if token.text.startswith("\nDECLARE"):
                yield from loose(token.text)
        elif token.text == MARK and token.token_type is not TokenType.IDENTIFIER:
            yield token


@pytest.mark.parametrize(("plant", "kind"), PLANTS, ids=[plant.__name__ for plant, _ in PLANTS])
def test_hostile_names_are_names_in_every_statement_of_every_kind(tmp_path: Path, plant: Plant, kind: str) -> None:
    plain = plant(tmp_path / "plain", Settings())
    with open_snapshot(renamed(tmp_path / "plain", tmp_path / "hostile"), Settings()) as snapshot:
        advice = analyze(snapshot, Settings())
    assert kind in {change.kind for change in advice.recommendations}
    assert {r.kind for r in advice.recommendations} == {r.kind for r in plain.recommendations}
    generate(advice, tmp_path / "out")
    files = sorted((tmp_path / "out").rglob("*.sql"))
    texts = [file.read_bytes().decode() for file in files]
    assert any(MARK in text for text in texts)
    assert [token for text in texts for token in loose(text)] == []
    both = sorted(zip(scripts(advice), scripts(plain), strict=True), key=repr)
    for ours, theirs in both:
        assert ours is not None
        assert theirs is not None
        for one, other in zip(
            (*ours.apply, *ours.verify, *ours.revert), (*theirs.apply, *theirs.verify, *theirs.revert), strict=True
        ):
            assert _shape(one) == _shape(other)


def _shape(statement: str) -> list[TokenType]:
    """Its tokens by their types: a quoted name stands where a bare one did."""
    names = (TokenType.IDENTIFIER, TokenType.VAR)
    return [
        TokenType.VAR if token.token_type in names else token.token_type
        for token in sqlglot.tokenize(statement, read="snowflake")
    ]
