"""The rows that proofs are run on: several conditions are met at once, and what turns at a constant is told apart."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import sqlglot

from advisor.equality import Trial, difference
from advisor.equality.queries import Queries
from advisor.model import TableName
from advisor.settings import Settings
from advisor.usage.names import Directory, Session

SALES, SHOPS = TableName("DB", "S", "SALES"), TableName("DB", "S", "SHOPS")
COLUMNS = {
    SALES: (
        ("SHOP", "NUMBER"),
        ("ITEM", "NUMBER"),
        ("DAY", "DATE"),
        ("AT", "TIMESTAMP_NTZ"),
        ("CODE", "TEXT"),
        ("PRICE", "NUMBER"),
    ),
    SHOPS: (("ID", "NUMBER"), ("REGION", "TEXT"), ("OPENED", "DATE")),
}
SESSION = Session(Directory(COLUMNS, {}), "DB", "S")
NOW = datetime(2025, 3, 9, 8)
PROOF = Settings()
JOINED = (
    "SELECT s.region, SUM(f.price) FROM sales f JOIN shops s ON f.shop = s.id WHERE f.day >= '2024-03-01' AND f.item IN (7001, 7002) "
    "AND f.code = '52117' AND s.region = 'north' AND f.shop = 88 GROUP BY s.region"
)


def trial(original: str, rewritten: str, session: Session = SESSION) -> Trial:
    one, other = (sqlglot.parse_one(sql, read="snowflake") for sql in (original, rewritten))
    return Trial(one, other, {}, session, NOW)


def test_five_conditions_and_a_join_return_rows() -> None:
    assert difference(trial(JOINED, JOINED), PROOF) is None


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ("f.day >= '2024-03-01'", "f.day > '2024-03-01'"),
        ("f.item IN (7001, 7002)", "f.item IN (7001)"),
        ("f.code = '52117'", "f.code LIKE '52117%'"),
        ("f.code = '52117'", "f.code >= '52117'"),
        ("s.region = 'north'", "UPPER(s.region) = 'NORTH'"),
        ("f.shop = 88", "f.shop <= 88"),
        ("f.shop = 88", "f.shop BETWEEN 88 AND 89"),
        ("f.shop = 88", "TRUE"),
    ],
)
def test_each_of_its_conditions_changed_is_seen(asked: str, changed: str) -> None:
    why = difference(trial(JOINED, JOINED.replace(asked, changed)), PROOF)
    assert why is not None
    assert why.startswith("differs from the original: the row"), why


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ("day >= DATEADD(day, -7, CURRENT_DATE)", "day > DATEADD(day, -7, CURRENT_DATE)"),
        ("at < DATE_TRUNC('month', CURRENT_TIMESTAMP)", "at <= DATE_TRUNC('month', CURRENT_TIMESTAMP)"),
        ("YEAR(day) = 2019", "YEAR(day) BETWEEN 2019 AND 2020"),
        ("price > -3", "price > -2"),
        ("item = '7001'", "item IN (7001, 7000)"),
    ],
)
def test_what_one_condition_turns_on_is_met_beside_three_others(asked: str, changed: str) -> None:
    others = "code = 'x1' AND shop = 4711 AND item BETWEEN 6990 AND 7010"
    query = f"SELECT shop, item FROM sales WHERE {others} AND {{}}"
    assert difference(trial(query.format(asked), query.format(asked)), PROOF) is None
    why = difference(trial(query.format(asked), query.format(changed)), PROOF)
    assert why is not None
    assert why.startswith("differs from the original: the row"), why


def test_joined_columns_share_what_either_is_compared_with() -> None:
    (sales, shops) = Queries.of(trial(JOINED, JOINED)).tables
    assert sales.near["SHOP"].met == shops.near["ID"].met == (88,)
    assert 89 in shops.near["ID"].beside
    assert sales.near["DAY"].met == (date(2024, 3, 1),)
    assert sales.near["CODE"].met == ("52117",)
    assert "PRICE" not in sales.near


LOTS = ", ".join(f"'c{i}'" for i in range(40))
NAMESAKES = (
    f"SELECT f.item, COUNT(*) FROM sales f JOIN shops s ON f.shop = s.id WHERE f.code IN ({LOTS}) AND s.code = 'x' AND s.price > 1000 "
    "AND f.day >= '2024-03-01' AND s.day < '2020-06-01' GROUP BY f.item"
)


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ("s.code = 'x'", "s.code <= 'x'"),
        ("s.code = 'x'", "s.code LIKE 'x%'"),
        ("s.price > 1000", "s.price >= 1000"),
        ("s.day < '2020-06-01'", "s.day <= '2020-06-01'"),
        ("f.day >= '2024-03-01'", "f.day > '2024-03-01'"),
    ],
)
def test_columns_of_one_name_in_two_tables_meet_their_own_constants(asked: str, changed: str) -> None:
    shops = (("ID", "NUMBER"), ("CODE", "TEXT"), ("PRICE", "NUMBER"), ("DAY", "DATE"))
    session = Session(Directory({**COLUMNS, SHOPS: shops}, {}), "DB", "S")
    same, other = (trial(NAMESAKES, text, session) for text in (NAMESAKES, NAMESAKES.replace(asked, changed)))
    (sales, namesakes) = Queries.of(same).tables
    assert (namesakes.near["CODE"].met, len(sales.near["CODE"].met)) == (("x",), 40)
    assert difference(same, PROOF) is None
    assert str(difference(other, PROOF)).startswith("differs from the original: the row")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a.item FROM sales a JOIN sales b ON a.shop = b.shop WHERE b.shop = 4711 AND a.item > 3",
        "SELECT f.item FROM sales f JOIN shops USING (shop) WHERE f.shop = 4711",
        "SELECT item FROM sales WHERE shop IN (SELECT shop FROM shops WHERE shop = 4711)",
        "SELECT item FROM sales f WHERE EXISTS (SELECT 1 FROM shops WHERE shops.shop = f.shop AND shops.shop = 4711)",
        "WITH s AS (SELECT shop FROM shops WHERE shop = 4711) SELECT f.item FROM sales f JOIN s ON s.shop = f.shop",
    ],
)
def test_joined_columns_of_one_name_share_what_either_is_compared_with_too(query: str) -> None:
    session = Session(Directory({**COLUMNS, SHOPS: (("SHOP", "NUMBER"),)}, {}), "DB", "S")
    tables = Queries.of(trial(query, query, session)).tables
    assert {table.near["SHOP"].met for table in tables} == {(4711,)}


def test_what_its_type_cannot_hold_is_not_near() -> None:
    sql = "SELECT item FROM sales WHERE day <> 'never' AND item = 5"
    (sales,) = Queries.of(trial(sql, sql)).tables
    assert "DAY" not in sales.near
    assert sales.near["ITEM"].met == (5,)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT f.item FROM sales f WHERE f.day = f.at::date AND f.day > '2024-03-01'",
        "SELECT item FROM sales WHERE shop = item AND shop > 5 AND item < 100",
        "SELECT item FROM sales WHERE item = (SELECT MAX(id) FROM shops) AND item > 70",
        "SELECT x.region FROM (SELECT id AS k, region FROM shops) x JOIN sales f ON f.shop = x.k WHERE f.day >= '2024-03-01' AND f.code = 'y'",
        "SELECT f.item FROM sales f JOIN shops s ON f.item + 1 = s.id WHERE f.item < 70",
    ],
)
def test_columns_that_must_meet_through_a_function_an_alias_or_a_query_still_do(query: str) -> None:
    assert difference(trial(query, query), PROOF) is None


@pytest.mark.parametrize("number", ["1e9999999999999999999", "1e1000000"])
def test_a_number_beyond_all_numbers_ends_no_run(number: str) -> None:
    query, other = (f"SELECT item FROM sales WHERE price < {number} AND item {sign} 70" for sign in ("<", "<="))
    assert difference(trial(query, query), PROOF) is None
    assert "differs from the original" in str(difference(trial(query, other), PROOF))
