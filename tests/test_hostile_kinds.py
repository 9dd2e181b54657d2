"""Whatever names an account has, from its history through the analysis into the scripts of every kind: a name stays a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
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
from advisor.model import Advice, Recommendation
from advisor.quoting import LONGEST_NAME
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.generator.test_names import no_log
from tests.owners import test_makers as owned
from tests.owners import test_redefinitions as redefined
from tests.owners.test_hostile_patches import applied, configured
from tests.recommenders import test_dynamic_table as dynamic
from tests.recommenders import test_query_acceleration as acceleration
from tests.recommenders import test_query_rewrite as rewrites
from tests.recommenders import test_result_cache as cache
from tests.recommenders import test_tables_of_dbt as plants
from tests.recommenders import test_warehouse_setting as warehouses
from tests.recommenders.test_clustering_key import ORDERS, loads
from tests.snapshots import START

__all__ = ["no_log"]

Rows = list[dict[str, Any]]
Plant = Callable[[Path, Settings], Advice]
MARK = "PWNED"
NAMES = (
    "DB", "PUBLIC", "ORDERS", "CUSTOMERS", "EVENTS", "SESSIONS", "STAGING", "STOCK", "ORDERS_NEW", "RAW", "OPS", "REBUILD", "T", "WH", "COMPUTE_WH", "BI", "READER",
    "CUSTOMER_ID", "REGION", "SEGMENT", "ID", "TS", "LEVEL", "MAIL", "CARD", "SITE", "QTY", "AT", "DAY", "NAME", "AMOUNT",
)  # fmt: skip
ENDING = "{}\"'; DROP TABLE PWNED; --\n$$ PWNED; */ PWNED }}}} {{{{ PWNED {{% PWNED %}}.PWNED\\"
OPENING = "{}é💥\u2028\u202e\u0085{{# PWNED #}} // PWNED /* PWNED ; ''PWNED $PWNED$ \\' \r\n"
"""What ends that in which a name stands, and what begins something: of all characters, and as long as a name may be."""
HOSTILE = {
    "ending": {name: ENDING.format(name) for name in NAMES},
    "opening": {name: (OPENING.format(name) + '"PWNED' * LONGEST_NAME)[:LONGEST_NAME] for name in NAMES},
}
# SUM(ID) and AVG(CUSTOMER_ID) are named for their texts, which no name could hold otherwise.
HOSTILE["opening"] |= {name: OPENING.format(name) for name in ("ID", "CUSTOMER_ID")}


def joined(folder: Path, settings: Settings) -> Advice:
    return dynamic.advise(folder, dynamic.asked(dynamic.JOINED) + loads(100_000))


def one_text(folder: Path, settings: Settings) -> Advice:
    return cache.advice(folder, cache.asked(cache.noisy) + cache.answered())


def clock(folder: Path, settings: Settings) -> Advice:
    return cache.advice(folder, cache.asked(cache.now))


def user(folder: Path, settings: Settings) -> Advice:
    return cache.advice(folder, cache.asked(lambda i, at: cache.ONE))


def schedule(folder: Path, settings: Settings) -> Advice:
    history = cache.at_eight() + cache.answered()
    return cache.advice(folder, history, settings=settings, table_dml_history=cache.loaded_at(2))


def accelerated(folder: Path, settings: Settings) -> Advice:
    return acceleration.advice(folder, settings, query_acceleration_eligible=acceleration.eligible())


def suspended(folder: Path, settings: Settings) -> Advice:
    return warehouses.advice(
        folder, warehouses.work(30), settings, warehouse_metering_history=warehouses.metered(96.0, 1.6)
    )


def year(folder: Path, settings: Settings) -> Advice:
    text = "SELECT id, name FROM orders WHERE YEAR(day) = 2023"
    return rewrites.advise(folder, rewrites.asked(text) + rewrites.IN_ORDER)


def _owned(folder: Path, makers: Rows, settings: Settings, **views: Any) -> Advice:
    owned.account(folder.parent, makers, **views).rename(folder)
    with open_snapshot(folder, settings) as snapshot:
        return analyze(snapshot, settings)


def of_job(folder: Path, settings: Settings) -> Advice:
    return _owned(folder, owned.made("CREATE OR REPLACE TABLE orders COPY GRANTS AS\nSELECT * FROM raw", 28), settings)


def of_definition(folder: Path, settings: Settings) -> Advice:
    return _owned(folder, redefined.defined(redefined.DEFINED) + redefined.filled(), settings)


def of_swap(folder: Path, settings: Settings) -> Advice:
    swaps = redefined.defined("ALTER TABLE orders SWAP WITH orders_new")
    return _owned(folder, owned.made(redefined.NEW, 28) + swaps, settings)


def of_task(folder: Path, settings: Settings) -> Advice:
    text = "CREATE OR REPLACE TABLE orders AS SELECT * FROM raw"
    place = {"DATABASE_NAME": "DB", "SCHEMA_NAME": "OPS", "NAME": "REBUILD"}
    task = {**place, "QUERY_TEXT": text, "QUERY_START_TIME": START}
    return _owned(folder, owned.made(text, 28), settings, task_history=[task])


def of_dbt(folder: Path, settings: Settings) -> Advice:
    return _owned(folder, owned.made(f"{owned.BUILD}\n{owned.COMMENT}", 28), settings)


def of_dynamic(folder: Path, settings: Settings) -> Advice:
    return _owned(folder, [], settings, table={**ORDERS, "IS_DYNAMIC": "YES"})


FEW = Settings(proof_databases=8)
"""Proofs are about values, not names."""
PLANTS: list[tuple[Plant, str, Settings]] = [
    (plants.view, "materialized_view", FEW),
    (joined, "dynamic_table", FEW),
    (plants.split, "history_partitioning", FEW),
    (plants.policy, "history_partitioning", FEW),
    (plants.paths, "search_optimization", FEW),
    (plants.retention, "storage_retention", FEW),
    (plants.unread, "storage_retention", FEW),
    (one_text, "result_cache", FEW),
    (clock, "result_cache", FEW),
    (user, "result_cache", FEW),
    (schedule, "result_cache", replace(cache.WORTH, proof_databases=8)),
    (accelerated, "query_acceleration", replace(FEW, credits_per_second_saved=0.002)),
    (suspended, "warehouse_setting", FEW),
    (year, "query_rewrite", FEW),
    (of_job, "clustering_key", FEW),
    (of_definition, "clustering_key", FEW),
    (of_swap, "clustering_key", FEW),
    (of_task, "clustering_key", FEW),
    (of_dbt, "clustering_key", FEW),
    (of_dynamic, "clustering_key", FEW),
]


def renamed_text(text: str, names: Mapping[str, str]) -> str:
    """The statement with its names quoted and hostile."""
    found, end = "", 0
    for token in sqlglot.tokenize(text, read="snowflake"):
        if token.token_type is not TokenType.STRING and token.text.upper() in names:
            hostile = names[token.text.upper()].replace('"', '""')
            found += f'{text[end : token.start]}"{hostile}"'
            end = token.end + 1
    return found + text[end:]


def renamed(source: Path, target: Path, names: Mapping[str, str]) -> Path:
    """The same account under other names."""
    target.mkdir()
    for file in source.glob("*.parquet"):
        rows = pq.read_table(file).to_pylist()
        held = {name: _values(name, [row[name] for row in rows], names) for name in (rows[0] if rows else {})}
        pq.write_table(pa.table(held), target / file.name)
    return target


def _values(column: str, values: list[Any], names: Mapping[str, str]) -> list[Any]:
    texts = {value for value in values if isinstance(value, str)}
    written = column in ("QUERY_TEXT", "CLUSTERING_KEY")
    other = {text: renamed_text(text, names) if written else names.get(text, text) for text in texts}
    return [other[value] if isinstance(value, str) else value for value in values]


def loose(text: str) -> Iterator[Token]:
    """Tokens with the mark that are neither a name nor a string, in the text and in the blocks that it runs."""
    for token in sqlglot.tokenize(text, read="snowflake"):
        if token.token_type in (TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.RAW_STRING):
            if token.text.startswith("\nDECLARE"):
                yield from loose(token.text)
        elif token.text == MARK and token.token_type is not TokenType.IDENTIFIER:
            yield token


@pytest.mark.parametrize(("plant", "kind", "settings"), PLANTS, ids=[plant.__name__ for plant, *_ in PLANTS])
def test_hostile_names_are_names_in_every_statement_of_every_kind(
    tmp_path: Path, plant: Plant, kind: str, settings: Settings
) -> None:
    plain = plant(tmp_path / "plain", settings)
    for form, names in HOSTILE.items():
        _survive(tmp_path, form, names, plain, kind, settings)


def _survive(tmp_path: Path, form: str, names: Mapping[str, str], plain: Advice, kind: str, settings: Settings) -> None:
    with open_snapshot(renamed(tmp_path / "plain", tmp_path / form, names), settings) as snapshot:
        advice = analyze(snapshot, settings)
    assert kind in {change.kind for change in advice.recommendations}
    assert {r.kind for r in advice.recommendations} == {r.kind for r in plain.recommendations}
    generate(advice, tmp_path / f"{form} out")
    files = sorted((tmp_path / f"{form} out").rglob("*.sql"))
    texts = [file.read_bytes().decode() for file in files]
    assert any(MARK in text for text in texts)
    assert [token for text in texts for token in loose(text)] == []
    both = sorted(zip(_all(advice, tmp_path / form), _all(plain, tmp_path / "plain"), strict=True), key=repr)
    for ours, theirs in both:
        for one, other in zip(ours, theirs, strict=True):
            assert _shape(one) == _shape(other)
            assert [name for name in _names(one) if len(name) > LONGEST_NAME] == []


def _all(advice: Advice, folder: Path) -> list[list[str]]:
    """The statements of each change, and what it writes into its owner's definition."""
    ran = dict.fromkeys(row["QUERY_TEXT"] for row in pq.read_table(folder / "query_history.parquet").to_pylist())
    found = []
    for change, script in zip(advice.recommendations, scripts(advice), strict=True):
        assert script is not None
        found.append([*script.apply, *script.verify, *script.revert, *_owners(change, list(ran))])
    return found


def _owners(change: Recommendation, ran: list[str]) -> list[str]:
    owner = change.details.get("owner")
    if not isinstance(owner, Mapping) or not (owner["config"] or owner["patch"]):
        return []
    if owner["config"]:
        (key,) = configured(f"{{{{ config({owner['config']}) }}}}").values()
        assert isinstance(key, list)
        return [f"SELECT {', '.join(key)}"]
    patch = str(owner["patch"])
    old = "\n".join(line[1:] for line in patch.split("\n")[3:] if not line.startswith("+"))
    (before,) = [text for text in ran if f"{old}\n" in f"{text}\n"]
    return [before, applied(patch, before)]


def _names(statement: str) -> Iterator[str]:
    return (
        token.text
        for token in sqlglot.tokenize(statement, read="snowflake")
        if token.token_type is TokenType.IDENTIFIER
    )


def _shape(statement: str) -> list[TokenType]:
    """Its tokens by their types: a quoted name stands where a bare one did."""
    names = (TokenType.IDENTIFIER, TokenType.VAR)
    return [
        TokenType.VAR if token.token_type in names else token.token_type
        for token in sqlglot.tokenize(statement, read="snowflake")
    ]
