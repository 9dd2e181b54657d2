"""What a LIMIT takes, by which order: a rewrite that changes it is never proven, one that keeps it is."""

from __future__ import annotations

import pytest

from advisor.equality import difference
from tests.equality.test_generated_rows import PROOF, trial

LAST = "SELECT shop, SUM(price) AS total FROM sales WHERE item > 5 GROUP BY shop ORDER BY total DESC LIMIT 10 OFFSET 20"
TOP = "SELECT TOP 10 item, price FROM sales ORDER BY price DESC NULLS LAST"
FETCH = "SELECT item, price FROM sales ORDER BY price FETCH FIRST 7 ROWS ONLY"
INSIDE = (
    "SELECT s.region, COUNT(*) FROM (SELECT shop FROM sales WHERE price > 2 GROUP BY shop ORDER BY SUM(price) DESC, shop LIMIT 10) x "
    "JOIN shops s ON s.id = x.shop GROUP BY s.region"
)
WITH = (
    "WITH latest AS (SELECT shop, day AS d, price FROM sales ORDER BY d DESC, 3 LIMIT 100 OFFSET 5) "
    "SELECT shop, price FROM latest ORDER BY price LIMIT 5"
)
IN = "SELECT id, region FROM shops WHERE id IN (SELECT shop FROM sales WHERE item = 7 ORDER BY price LIMIT 3)"
BOTH = "(SELECT shop AS one FROM sales) UNION ALL (SELECT id FROM shops) ORDER BY one DESC LIMIT 4"
ANY = "SELECT item, price FROM sales WHERE item > 5 LIMIT 10"
DISTINCT = "SELECT DISTINCT region, opened FROM shops ORDER BY opened LIMIT 3"
RANKED = "SELECT item FROM (SELECT item, ROW_NUMBER() OVER (PARTITION BY shop ORDER BY day) AS n FROM sales ORDER BY n LIMIT 9) WHERE item > 3"
ALL = (LAST, TOP, FETCH, INSIDE, WITH, IN, BOTH, ANY, DISTINCT, RANKED)


@pytest.mark.parametrize("query", ALL)
def test_the_same_limit_over_the_same_order_is_proven(query: str) -> None:
    assert difference(trial(query, query), PROOF) is None


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (ANY, ANY.replace("item > 5", "NOT item <= 5")),
        (LAST, LAST.replace("ORDER BY total", "ORDER BY SUM(price)")),
        (INSIDE, INSIDE.replace("price > 2", "NOT price <= 2").replace("SUM(price)", "SUM(price + 0)")),
        (WITH, WITH.replace("ORDER BY d DESC, 3", "ORDER BY day DESC, price")),
        (DISTINCT, DISTINCT.replace("ORDER BY opened", "ORDER BY shops.opened")),
        (TOP, TOP.replace("TOP 10 ", "") + " LIMIT 10"),
    ],
)
def test_a_limit_over_the_same_rows_told_in_another_way_is_proven(query: str, kept: str) -> None:
    assert query != kept
    assert difference(trial(query, kept), PROOF) is None


@pytest.mark.parametrize(
    ("query", "was", "becomes"),
    [
        (LAST, "LIMIT 10", "LIMIT 11"),
        (LAST, " LIMIT 10 OFFSET 20", ""),
        (LAST, " OFFSET 20", ""),
        (LAST, "OFFSET 20", "OFFSET 2"),
        (LAST, " ORDER BY total DESC", ""),
        (LAST, "total DESC LIMIT", "total LIMIT"),
        (LAST, "ORDER BY total DESC", "ORDER BY shop DESC"),
        (TOP, "TOP 10 ", ""),
        (TOP, "TOP 10", "TOP 100"),
        (TOP, " NULLS LAST", " NULLS FIRST"),
        (TOP, " ORDER BY price DESC NULLS LAST", ""),
        (FETCH, "FIRST 7", "FIRST 8"),
        (FETCH, " FETCH FIRST 7 ROWS ONLY", ""),
        (FETCH, "ORDER BY price", "ORDER BY item"),
        (INSIDE, "LIMIT 10", "LIMIT 9"),
        (INSIDE, " LIMIT 10", ""),
        (INSIDE, " ORDER BY SUM(price) DESC, shop", ""),
        (INSIDE, "SUM(price) DESC", "SUM(price) ASC"),
        (INSIDE, "SUM(price)", "SUM(item)"),
        (INSIDE, "SUM(price)", "MAX(price)"),
        (INSIDE, "DESC, shop", "DESC"),
        (WITH, "LIMIT 100", "LIMIT 101"),
        (WITH, " OFFSET 5)", ")"),
        (WITH, " LIMIT 100 OFFSET 5", ""),
        (WITH, "day AS d", "at::date AS d"),
        (WITH, "DESC, 3", "DESC, 1"),
        (WITH, "ORDER BY price LIMIT 5", "LIMIT 5"),
        (WITH, " LIMIT 5", ""),
        (IN, "ORDER BY price", "ORDER BY day"),
        (IN, " LIMIT 3", ""),
        (IN, " ORDER BY price", ""),
        (BOTH, " LIMIT 4", ""),
        (BOTH, "one DESC", "one"),
        (BOTH, " ORDER BY one DESC", ""),
        (ANY, " LIMIT 10", ""),
        (ANY, "LIMIT 10", "LIMIT 100"),
        (ANY, "LIMIT 10", "ORDER BY price LIMIT 10"),
        (DISTINCT, "ORDER BY opened", "ORDER BY region"),
        (DISTINCT, "ORDER BY opened ", ""),
        (RANKED, "ORDER BY n", "ORDER BY item"),
        (RANKED, "LIMIT 9) WHERE item > 3", "LIMIT 9)"),
        (RANKED, "FROM sales ORDER BY n LIMIT 9) WHERE item > 3", "FROM sales WHERE item > 3) ORDER BY n LIMIT 9"),
    ],
)
def test_a_changed_limit_or_order_is_seen(query: str, was: str, becomes: str) -> None:
    assert query.count(was) == 1
    assert difference(trial(query, query.replace(was, becomes)), PROOF) is not None


def test_what_changed_is_said() -> None:
    said = [
        difference(trial(LAST, LAST.replace(was, becomes)), PROOF)
        for was, becomes in [
            ("LIMIT 10", "LIMIT 11"),
            (" LIMIT 10 OFFSET 20", ""),
            ("total DESC", "total"),
            (" ORDER BY total DESC", ""),
        ]
    ]
    assert said == [
        "could not be proven: it ends in LIMIT 11 OFFSET 20 in place of LIMIT 10 OFFSET 20",
        "could not be proven: it ends in no LIMIT in place of LIMIT 10 OFFSET 20",
        "could not be proven: its ORDER BY is another than the original's",
        "could not be proven: an ORDER BY is lost or new",
    ]
