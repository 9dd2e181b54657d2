"""Tables where nothing should be done."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from advisor.model import Churn
from benchmarks.worlds.cases import Case, Rows, Template, dates, day, number, texts
from benchmarks.worlds.synthetic import DAYS, PARTITIONS, ROWS, growing, last_days, some_days, span, weight


def ordered(seed: int) -> Case:
    rng = np.random.default_rng([4, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    rows = Rows(
        "T", {"DAY": dates("DAY", arrival), "KIND": number("KIND", rng.integers(0, 12, ROWS))}, PARTITIONS, arrival
    )
    return Case("trap: in load order already", (rows,), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {last_days(at, 7)}", weight(rng, 300)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE kind = {r.integers(12)} AND {last_days(at, 30)}", weight(rng, 100)),
    ), today, trap=True)  # fmt: skip


def unselective(seed: int) -> Case:
    rng = np.random.default_rng([5, seed])
    first, today = span(seed)
    columns = {
        "DAY": dates("DAY", first + rng.integers(0, DAYS, ROWS)),
        "FLAG": number("FLAG", rng.integers(0, 2, ROWS)),
    }
    return Case("trap: nearly all is asked", (Rows("T", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE day >= '{day(first + int(r.integers(2, 20)))}'", weight(rng, 300)),
    ), today, trap=True)  # fmt: skip


def pair(seed: int) -> Case:
    """Both columns follow the order of loading: each prunes through the other."""
    rng = np.random.default_rng([6, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    columns = {
        "ID": number("ID", np.arange(ROWS)), "DAY": dates("DAY", arrival),
        "SHIPPED": dates("SHIPPED", arrival + rng.integers(0, 5, ROWS)),
    }  # fmt: skip
    return Case("trap: a correlated pair in load order", (Rows("T", columns, PARTITIONS, arrival),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {last_days(at, 10, 'shipped')}", weight(rng, 300)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE id = {r.integers(ROWS // 2)}", weight(rng, 300)),
    ), today, trap=True)  # fmt: skip


def churning(seed: int) -> Case:
    """A key would prune, but every row is rewritten several times a day."""
    rng = np.random.default_rng([7, seed])
    columns = {"KIND": number("KIND", rng.integers(0, 500, ROWS)), "STATE": number("STATE", rng.integers(0, 5, ROWS))}
    rows = Rows("T", columns, PARTITIONS, churn=Churn(ROWS * 2.0, ROWS * 2.0, ROWS * 4.0))
    return Case("trap: rewritten all day", (rows,), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE kind = {r.integers(500)}", 12),
    ), trap=True)  # fmt: skip


def tiny(seed: int) -> Case:
    rng = np.random.default_rng([8, seed])
    first, today = span(seed)
    columns = {
        "DAY": dates("DAY", first + rng.integers(0, DAYS, 20_000)),
        "KIND": number("KIND", rng.integers(0, 50, 20_000)),
    }
    return Case("trap: a tiny table", (Rows("T", columns, 40),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE kind = {r.integers(50)} AND {some_days(r, first, 30)}", weight(rng, 400)),
    ), today, trap=True)  # fmt: skip


def opaque(seed: int) -> Case:
    """Conditions that no minimum and maximum can decide."""
    rng = np.random.default_rng([9, seed])
    names = np.char.add("user", rng.integers(0, 9000, ROWS).astype(str))
    columns = {"NAME": texts("NAME", names), "ID": number("ID", rng.integers(0, 9000, ROWS))}
    return Case("trap: conditions that can't prune", (Rows("T", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE UPPER(name) = 'USER{r.integers(9000)}'", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE name LIKE '%{r.integers(9000)}'", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE MOD(id, 100) = {r.integers(100)}", weight(rng, 200)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE id = {r.integers(9000)} OR name LIKE '%r{r.integers(9000)}'", weight(rng, 50)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE id <> {r.integers(9000)}", weight(rng, 50)),
    ), trap=True)  # fmt: skip


def stopped(seed: int) -> Case:
    """A LIMIT ends the scan after a partition or two, whatever the order."""
    rng = np.random.default_rng([10, seed])
    columns = {"KIND": number("KIND", rng.integers(0, 20, ROWS))}
    return Case("trap: a LIMIT ends the scan", (Rows("T", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT * FROM t WHERE kind = {r.integers(20)} LIMIT 10", weight(rng, 500)),
    ), trap=True)  # fmt: skip


def disorder(seed: int) -> Case:
    """The older half lies in no order, and nobody asks for it."""
    rng = np.random.default_rng([24, seed])
    first, today = span(seed)
    arrival = np.sort(rng.uniform(first, today, ROWS))
    days = np.append(rng.permutation(arrival[: ROWS // 2]), arrival[ROWS // 2 :])
    columns = {"DAY": dates("DAY", days), "KIND": number("KIND", rng.integers(0, 40, ROWS))}
    return Case("trap: disorder that nobody asks for", (growing(columns, arrival),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {last_days(at, 2)}", weight(rng, 600)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE day = '{at - timedelta(days=int(r.integers(1, 20)))}'", weight(rng, 300)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE kind = {r.integers(40)} AND {last_days(at, 5)}", weight(rng, 100)),
    ), today, trap=True)  # fmt: skip


def sorted_already(seed: int) -> Case:
    """Written in the order of tenants and of days within, without a key."""
    rng = np.random.default_rng([25, seed])
    first, today = span(seed)
    tenant, days = rng.integers(0, 60, ROWS), first + rng.integers(0, DAYS, ROWS)
    order = np.lexsort((days, tenant))
    columns = {"TENANT": number("TENANT", tenant[order]), "DAY": dates("DAY", days[order])}
    return Case("trap: written in the best order", (Rows("T", columns, PARTITIONS),), (
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE tenant = {r.integers(60)} AND {some_days(r, first, 20)}", weight(rng, 400)),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE tenant = {r.integers(60)}", weight(rng, 200)),
    ), today, trap=True)  # fmt: skip


TRAPS = (ordered, unselective, pair, churning, tiny, opaque, stopped, disorder, sorted_already)
