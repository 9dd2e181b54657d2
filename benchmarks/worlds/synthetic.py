"""Worlds that are drawn: independent; skewed, correlated and late; every form that prunes; the latest rows beside rare
ones; and what prunes unheard.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from advisor.model import Churn
from benchmarks.columns import Column
from benchmarks.worlds.cases import TODAY, Case, Rows, Statement, Template, dates, day, number, texts, times, with_nulls

ROWS, PARTITIONS = 600_000, 200
DAYS = 730
FIRST = TODAY - DAYS
YEAR = 365

Rng = np.random.Generator
Array = NDArray[np.float64]


def span(seed: int) -> tuple[int, int]:
    """A world's first day and its last, since 1970: another of a year with each seed, so that no result hangs on how far a week,
    a month or a quarter has come when the window ends.
    """
    today = TODAY - int(np.random.default_rng([28, seed]).integers(0, YEAR))
    return today - DAYS, today


def uniform(seed: int) -> Case:
    rng = np.random.default_rng([1, seed])
    first, today = span(seed)
    rows = Rows("T", {
        "DAY": dates("DAY", first + rng.integers(0, DAYS, ROWS)), "TENANT": number("TENANT", rng.integers(0, 60, ROWS)),
        "ITEM": number("ITEM", rng.integers(0, 20_000, ROWS)),
    }, PARTITIONS)  # fmt: skip
    return Case("uniform", (rows,), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {some_days(r, first, 14)}", weight(rng, 300)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE tenant = {r.integers(60)}", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE tenant = {r.integers(60)} AND {some_days(r, first, 60)}", weight(rng, 300)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE item = {r.integers(20_000)}", weight(rng, 150)),
    ), today)  # fmt: skip


def correlated(seed: int) -> Case:
    """Loaded by arrival; events up to weeks older; tenants by Zipf; users belong to tenants; shipping follows ordering."""
    rng = np.random.default_rng([2, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    late = rng.exponential(1.0, ROWS) + np.where(rng.random(ROWS) < 0.02, rng.uniform(0, 30, ROWS), 0)
    tenant = np.minimum(rng.zipf(1.3, ROWS), 300).astype(float)
    event = np.maximum(first, np.floor(arrival - late))
    user = tenant * 1000 + rng.integers(0, 400, ROWS).astype(float)
    columns = {
        "DAY": dates("DAY", event), "SHIPPED": dates("SHIPPED", event + rng.integers(1, 60, ROWS)),
        "TENANT": number("TENANT", tenant), "USER_ID": number("USER_ID", user),
    }  # fmt: skip

    def hot(values: Array) -> Statement:
        return lambda r, at: str(int(r.choice(values)))

    one, who = hot(tenant[rng.integers(0, ROWS, 4000)]), hot(user[rng.integers(0, ROWS, 4000)])
    return Case("skewed, correlated, late", (growing(columns, arrival),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE tenant = {one(r, at)}", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE tenant = {one(r, at)} AND {last_days(at, 90)}", weight(rng, 250)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE user_id = {who(r, at)}", weight(rng, 250)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {some_days(r, first, 10, 'shipped')}", weight(rng, 60)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE user_id = {who(r, at)} AND {last_days(at, 180)}", weight(rng, 100)),
    ), today)  # fmt: skip


def forms(seed: int) -> Case:
    """Text, prefixes, lists, NULLs, wrapped timestamps, a joined dimension, a top-k: all that prunes."""
    rng = np.random.default_rng([3, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    moved = rng.permutation(ROWS)  # the last rewrite left it in no order
    product = np.minimum(rng.zipf(1.15, ROWS), 3000).astype(float)
    region = rng.choice(
        np.array(["EU-NORTH", "EU-SOUTH", "US-EAST", "US-WEST", "APAC", "LATAM", "MEA"]), ROWS, p=SHARES
    )
    code = np.char.add("SKU-", np.char.zfill((product * 37 % 9973).astype(int).astype(str), 5))
    closed = times("CLOSED_AT", arrival[moved] + rng.exponential(20, ROWS))
    fact = Rows("EVENTS", {
        "AT": times("AT", arrival[moved]), "CLOSED_AT": with_nulls(closed, rng.random(ROWS) < 0.03),
        "REGION": texts("REGION", region), "CODE": texts("CODE", code), "PRODUCT_ID": number("PRODUCT_ID", product),
        "AMOUNT": number("AMOUNT", np.round(rng.lognormal(3, 1, ROWS), 2)),
    }, PARTITIONS)  # fmt: skip
    ids = np.arange(1, 3001)
    dimension = Rows("PRODUCTS", {
        "ID": number("ID", ids), "BRAND": number("BRAND", rng.integers(0, 120, 3000)), "LAUNCHED": number("LAUNCHED", ids // 30),
    }, 1)  # fmt: skip
    codes = fact.columns["CODE"].texts
    regions = np.array(sorted(set(region)))
    return Case("every form that prunes", (fact, dimension), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM events WHERE TO_DATE(at) = '{any_day(r, first)}'", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM events WHERE code = '{r.choice(codes)}'", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM events WHERE code LIKE '{str(r.choice(codes))[:7]}%'", weight(rng, 60)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM events WHERE region = '{r.choice(regions)}' AND {last_days(at, 30, 'at')}", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM events WHERE product_id IN ({listed(r, 3000, 4)})", weight(rng, 60)),
        Template(lambda r, at: "SELECT COUNT(*) FROM events WHERE closed_at IS NULL", weight(rng, 40)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM events JOIN products ON product_id = id WHERE brand = {r.integers(120)}", weight(rng, 80)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM events JOIN products ON product_id = id WHERE launched = {r.integers(40, 100)}", weight(rng, 80)),
        Template(lambda r, at: f"SELECT * FROM events WHERE region = '{r.choice(regions)}' ORDER BY at DESC LIMIT 100", weight(rng, 120)),
        Template(lambda r, at: "SELECT COUNT(*) FROM events WHERE amount > 1000", weight(rng, 20)),
    ), today)  # fmt: skip


SHARES = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.06, 0.04])


def growing(columns: Mapping[str, Column], arrival: Array) -> Rows:
    """As many rows a day as ever."""
    return Rows("T", columns, PARTITIONS, arrival, Churn(ROWS / DAYS, 0, 0))


def latest(seed: int) -> Case:
    """Plays as they come: mostly the latest are asked for, of all games or of one, and sometimes the best."""
    rng = np.random.default_rng([21, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    columns = {
        "AT": times("AT", arrival), "SCORE": number("SCORE", rng.normal(0, 1000, ROWS)),
        "GAME": number("GAME", np.minimum(rng.zipf(1.4, ROWS), 500)),
    }  # fmt: skip

    def game(r: Rng) -> int:
        return int(min(500, r.zipf(1.4)))

    return Case("latest and best", (growing(columns, arrival),), (
        Template(lambda r, at: "SELECT * FROM t ORDER BY at DESC LIMIT 20", weight(rng, 600)),
        Template(lambda r, at: f"SELECT * FROM t WHERE game = {game(r)} ORDER BY at DESC LIMIT 50", weight(rng, 400)),
        Template(lambda r, at: "SELECT * FROM t ORDER BY score DESC LIMIT 10", weight(rng, 100)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE game = {game(r)}", weight(rng, 100)),
    ), today)  # fmt: skip


def looked_up(seed: int) -> Case:
    """In the order of days, which are asked for most; rows are looked up by ids that are in no order."""
    rng = np.random.default_rng([22, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    ids = np.array([f"{n:016x}" for n in rng.integers(0, 2**62, ROWS)])
    columns = {"ID": texts("ID", ids), "DAY": dates("DAY", arrival)}
    return Case("days, and look-ups", (growing(columns, arrival),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {last_days(at, 2)}", weight(rng, 900)),
        Template(lambda r, at: f"SELECT * FROM t WHERE id = '{r.choice(ids)}'", weight(rng, 150)),
        Template(lambda r, at: f"SELECT * FROM t WHERE id = '{r.choice(ids)}' AND {last_days(at, 100)}", weight(rng, 150)),
    ), today)  # fmt: skip


def rare(seed: int) -> Case:
    """A log in the order of days, of which one row in two hundred tells of an error; the rest has none."""
    rng = np.random.default_rng([23, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    error = with_nulls(number("ERROR", rng.integers(0, 300, ROWS)), rng.random(ROWS) < 0.995)
    columns = {"DAY": dates("DAY", arrival), "ERROR": error, "HOST": number("HOST", rng.integers(0, 200, ROWS))}
    return Case("rare errors", (growing(columns, arrival),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE host = {r.integers(200)} AND {last_days(at, 3)}", weight(rng, 500)),
        Template(lambda r, at: f"SELECT * FROM t WHERE error IS NOT NULL AND {last_days(at, 30)}", weight(rng, 300)),
        Template(lambda r, at: f"SELECT * FROM t WHERE error = {r.integers(300)}", weight(rng, 100)),
    ), today)  # fmt: skip


def alternatives(seed: int) -> Case:
    """In the order of days, which are asked for by alternatives on two columns; devices are looked up too."""
    rng = np.random.default_rng([26, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    columns = {
        "DAY": dates("DAY", arrival), "CHANGED": dates("CHANGED", arrival + rng.integers(0, 3, ROWS)),
        "DEVICE": number("DEVICE", rng.integers(0, 400, ROWS)),
    }  # fmt: skip

    def late(at: date) -> str:
        return f"(day >= '{at - timedelta(days=3)}' OR changed >= '{at - timedelta(days=3)}')"

    return Case("alternatives", (growing(columns, arrival),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {late(at)}", weight(rng, 600)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE device = {r.integers(400)} AND {late(at)}", weight(rng, 250)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE device = {r.integers(400)}", weight(rng, 200)),
    ), today)  # fmt: skip


WORLDS = (uniform, correlated, forms, latest, looked_up, rare, alternatives)


# ---------------------------------------------------------------- conditions


def weight(rng: Rng, executions: int) -> int:
    """Each seed's workload has other proportions."""
    return max(5, round(executions * float(rng.lognormal(0, 0.5))))


def some_days(rng: Rng, first: int, length: int, column: str = "day") -> str:
    low = first + int(rng.integers(0, DAYS - length))
    return f"{column} >= '{day(low)}' AND {column} < '{day(low + length)}'"


def last_days(at: date, length: int, column: str = "day") -> str:
    return f"{column} >= '{at - timedelta(days=length)}'"


def any_day(rng: Rng, first: int) -> date:
    return day(first + int(rng.integers(0, DAYS)))


def listed(rng: Rng, distinct: int, count: int) -> str:
    return ", ".join(str(value) for value in sorted(rng.choice(distinct, count, replace=False) + 1))
