"""The published anchor: Snowflake's cluster-key quickstart, three queries over TPC-DS catalog_sales of 67,271 micro-partitions.

Theirs: the table's size, the queries' form, five layouts and the seconds measured under each. Assumed, because they aren't
published: sales spread evenly over five years, 402,000 items and 1.6 billion orders; order numbers follow the time within
0.0015 of their range (they state a correlation of 0.9987); Q1's price leaves a tenth of the items, Q2 asks for 5 items that lie
anywhere (80 scattered ones would hit every group of 10,000 and contradict their own measurement); the base layout prunes
nothing. The row sample is drawn from such a table, 8 rows a partition.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import numpy as np

from advisor.clustering.candidates import candidates
from advisor.clustering.judge import Judge
from advisor.keys import render
from advisor.model import (
    Catalog,
    Churn,
    Column,
    ColumnStatistics,
    KeyPart,
    ReadTemplate,
    Table,
    TableHistory,
    TableName,
)
from advisor.profile import TableProfile, profile
from advisor.pruning.axes import EPOCH, Axis
from advisor.pruning.sample import Sample
from advisor.readers import Templates
from advisor.settings import Settings
from advisor.usage.names import Directory, Session
from advisor.usage.reading import read_with
from benchmarks.worlds.cases import NOW
from benchmarks.worlds.told import Told, template_of, workload_of
from benchmarks.worlds.truth import Executed

PARTITIONS, ROWS, ITEMS, ORDERS = 67_271, 14_400_000_000, 402_000, 1_600_000_000
FIRST, YEARS, FOLLOWS = date(1998, 1, 1), 5, 0.0015
ASKED, SAMPLED, LITERALS = 5, 8, 12
SALES, ITEM = TableName("DB", "PUBLIC", "CATALOG_SALES"), TableName("DB", "PUBLIC", "ITEM")
PUBLISHED: Mapping[tuple[KeyPart, ...], float] = {
    (): 97.0,
    (KeyPart("SOLD_TS", unit="HOUR"),): 23.0,
    (KeyPart("ITEM_SK", digits=1),): 83.5,
    (KeyPart("ORDER_NUMBER", digits=5),): 27.4,
    (KeyPart("SOLD_TS", unit="WEEK"), KeyPart("ITEM_SK", digits=4)): 12.9,
}
"""Seconds that the three queries took in all."""


def rows() -> list[tuple[str, ...]]:
    """Per published key: measured seconds and predicted partitions, both also as a share of today's; and our own first key."""
    told = _told()
    judge = Judge.of(told.profile, told.prices, told.settings, told.workload.days)
    scanned = {key: float((judge.estimate(key).after if key else judge.before).sum()) for key in PUBLISHED}
    ours = candidates(told.profile, told.prices, told.settings, told.workload.days)[0]
    ranks = {key: rank for rank, key in enumerate(sorted(scanned, key=lambda key: scanned[key]), 1)}
    best = {key: rank for rank, key in enumerate(sorted(PUBLISHED, key=lambda key: PUBLISHED[key]), 1)}
    found = [
        (
            _shown(key), f"{seconds:.1f}", f"{seconds / PUBLISHED[()]:.1%}", str(best[key]),
            f"{scanned[key]:,.0f}", f"{scanned[key] / scanned[()]:.1%}", str(ranks[key]),
        )
        for key, seconds in PUBLISHED.items()
    ]  # fmt: skip
    after = float(ours.after.sum())
    return [*found, (f"advised: {_shown(ours.key)}", "", "", "", f"{after:,.0f}", f"{after / scanned[()]:.1%}", "")]


def _shown(key: tuple[KeyPart, ...]) -> str:
    return ", ".join(render(part) for part in key) or "as loaded"


def _told() -> Told:
    rng = np.random.default_rng(2026)
    tables = {SALES: _sales(), ITEM: _item()}
    session = Session(Directory.of(Catalog(tables)), "DB", "PUBLIC")
    executed = [
        Executed(number, text, NOW, read_with(session, text, NOW), (), ())
        for number, texts in enumerate(_texts(rng))
        for text in texts
    ]
    templates = []
    for number in range(3):
        mine = [one for one in executed if one.template == number]
        template = template_of(number, 300, mine, float(PARTITIONS), [PARTITIONS] * len(mine))
        templates.append(ReadTemplate(template, mine[0].reading, tuple(one.reading for one in mine)))
    workload, settings = workload_of([read.template for read in templates], NOW), Settings()
    return Told(_profile(tables, templates, _sample(rng)), workload, settings)


def _profile(
    tables: Mapping[TableName, Table], templates: list[ReadTemplate], sample: Mapping[str, np.ndarray]
) -> TableProfile:
    def sampled(name: TableName, axes: Mapping[str, Axis]) -> Sample | None:
        return Sample({column: sample[column] for column in axes}) if name == SALES else None

    workload = workload_of([read.template for read in templates], NOW)
    history = TableHistory(Churn(0, 0, 0))
    return profile(
        tables[SALES], {SALES: PARTITIONS, ITEM: 1}, Templates.of(templates), history, workload, sampled, tables
    )


def _sales() -> Table:
    last = datetime(FIRST.year + YEARS, 1, 1) - timedelta(seconds=1)
    columns = (
        _column("SOLD_TS", "TIMESTAMP_NTZ", 1, YEARS * 365.25 * 86_400, str(datetime(FIRST.year, 1, 1)), str(last)),
        _column("ITEM_SK", "NUMBER", 2, ITEMS, "1", str(ITEMS)),
        _column("ORDER_NUMBER", "NUMBER", 3, ORDERS, "1", str(ORDERS)),
    )
    return Table(SALES, "BASE TABLE", ROWS, PARTITIONS * 16 * 2**20, columns)


def _item() -> Table:
    columns = (
        _column("ITEM_ID", "NUMBER", 1, ITEMS, "1", str(ITEMS)),
        _column("PRICE", "NUMBER", 2, 1000, "0", "1000"),
        _column("MAKER", "NUMBER", 3, ITEMS / ASKED, "1", str(ITEMS // ASKED)),
    )
    return Table(ITEM, "BASE TABLE", ITEMS, 16 * 2**20, columns)


def _column(name: str, kind: str, place: int, distinct: float, low: str, high: str) -> Column:
    return Column(name, kind, place, ColumnStatistics(distinct, low, high, 0.0))


def _texts(rng: np.random.Generator) -> list[list[str]]:
    joined = "FROM catalog_sales JOIN item ON item_sk = item_id WHERE"
    days = [FIRST + timedelta(days=int(d)) for d in rng.integers(0, YEARS * 365 - 60, LITERALS)]
    return [
        [
            f"SELECT COUNT(*) {joined} sold_ts >= '{d}' AND sold_ts < '{d + timedelta(days=60)}' AND price < 100"
            for d in days
        ],
        [f"SELECT COUNT(*) {joined} maker = {maker}" for maker in rng.integers(1, ITEMS // ASKED, LITERALS)],
        [
            f"SELECT COUNT(*) FROM catalog_sales WHERE order_number IN ({', '.join(map(str, rng.integers(1, ORDERS, 5)))})"
            for _ in range(LITERALS)
        ],
    ]


def _sample(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Columns as positions on their axes."""
    n = PARTITIONS * SAMPLED
    moment = rng.random(n)
    start = (datetime(FIRST.year, 1, 1) - EPOCH).days
    order = np.clip(moment + rng.uniform(-FOLLOWS / 2, FOLLOWS / 2, n), 0, 1)
    return {
        "SOLD_TS": start + moment * YEARS * 365.25,
        "ITEM_SK": np.floor(rng.random(n) * ITEMS) + 1,
        "ORDER_NUMBER": np.floor(order * (ORDERS - 1)) + 1,
    }
