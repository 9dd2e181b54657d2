"""The demo's workload: statement templates, and the order in which their executions arrive.

Every text is valid both for the engine and for Snowflake. Literals are drawn with a seed of the template's own, hot values
more often than cold ones, dates relative to the day on which the statement runs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from advisor.demo.tables import CATEGORIES, FIRST_DAY, MERCHANTS, TENANTS, WAREHOUSES, WINDOW_DAYS, Sizes


@dataclass(frozen=True)
class Template:
    name: str
    executions: int
    """Over the whole window, at scale 1."""
    text: str
    """With placeholders in braces: see `Draw`."""
    writes: str | None = None
    """The table that it changes."""
    variants: int | None = None
    """A dashboard repeats itself: it draws this many sets of values a day and shows them again and again."""


@dataclass(frozen=True)
class Statement:
    day: int
    """From 0: the day of the window."""
    template: Template
    text: str


# fmt: off
READS = (
    Template("customer_orders", 120, "SELECT order_id, order_date, price FROM order_lines WHERE customer_id = {customer} ORDER BY order_date DESC LIMIT 100"),
    Template("customer_orders_since", 80, "SELECT COUNT(*), SUM(price) FROM order_lines WHERE customer_id = {customer} AND order_date >= '{since}'"),
    Template("product_sales", 100, "SELECT order_date, quantity, price FROM order_lines WHERE product_id = {product}"),
    Template("products_compared", 50, "SELECT product_id, SUM(quantity) AS sold FROM order_lines WHERE product_id IN ({product}, {product_2}, {product_3}, {product_4}, {product_5}) GROUP BY product_id"),
    Template("order_details", 50, "SELECT line_number, product_id, quantity, price, ship_date FROM order_lines WHERE order_id = {order} ORDER BY line_number"),
    Template("category_dashboard", 140, "SELECT order_date, SUM(price * (1 - discount)) AS revenue FROM order_lines WHERE category = '{category}' AND order_date >= '{back90}' GROUP BY order_date ORDER BY order_date", variants=5),
    Template("category_since", 50, "SELECT category, SUM(quantity) AS sold FROM retail.order_lines WHERE category IN ('{category}', '{category_2}') AND order_date BETWEEN '{since}' AND '{back1}' GROUP BY category"),
    Template("category_top_orders", 35, "SELECT order_id, product_id, price FROM order_lines WHERE category = '{category}' AND order_date >= '{back30}' ORDER BY price DESC LIMIT 10"),
    Template("shipping_week", 60, "SELECT ship_mode, COUNT(*) AS lines FROM order_lines WHERE ship_date >= '{back7}' AND ship_date < '{today}' GROUP BY ship_mode", variants=1),
    Template("month_revenue", 8, "SELECT SUM(price) FROM order_lines WHERE DATE_TRUNC('MONTH', order_date) = '{month}'"),
    Template("revenue_by_category", 10, "SELECT category, SUM(price) AS revenue FROM order_lines GROUP BY category ORDER BY revenue DESC", variants=1),
    Template("segment_revenue", 45, "SELECT c.segment, SUM(l.price) AS revenue FROM order_lines l JOIN customers c ON c.customer_id = l.customer_id WHERE l.order_date >= '{back30}' AND c.segment = '{segment}' GROUP BY c.segment"),
    Template("brand_sales", 40, "SELECT p.brand, SUM(l.quantity) AS sold FROM order_lines AS l INNER JOIN products AS p ON p.product_id = l.product_id WHERE p.brand = '{brand}' AND l.order_date >= '{back180}' GROUP BY p.brand"),
    Template("slow_deliveries", 20, "SELECT supplier_id, COUNT(*) AS slow FROM order_lines WHERE receipt_date > ship_date + 12 AND ship_date >= '{back30}' GROUP BY supplier_id ORDER BY slow DESC LIMIT 20"),
    Template("returns_by_mode", 20, "SELECT return_flag, COUNT(*) FROM order_lines WHERE UPPER(ship_mode) = '{ship_mode}' AND receipt_date BETWEEN '{back60}' AND '{back30}' GROUP BY return_flag"),
    Template("supplier_quarter", 45, "SELECT SUM(quantity) FROM order_lines WHERE supplier_id = {supplier} AND ship_date >= CAST('{today}' AS DATE) - 90"),

    Template("tenant_week", 190, "SELECT event_type, COUNT(*) AS events FROM page_events WHERE tenant_id = {tenant} AND event_ts >= '{back7}' GROUP BY event_type", variants=8),
    Template("tenant_day", 110, "SELECT COUNT(*), COUNT(DISTINCT user_id) FROM page_events WHERE tenant_id = {tenant} AND TO_DATE(event_ts) = '{recent}'"),
    Template("tenant_month", 70, "SELECT TO_DATE(event_ts) AS day, COUNT(*) AS events FROM page_events WHERE tenant_id = {tenant} AND event_ts >= '{month}' AND event_ts < '{next_month}' GROUP BY TO_DATE(event_ts) ORDER BY day"),
    Template("tenant_history", 30, "SELECT event_type, COUNT(*), AVG(duration_ms) FROM page_events WHERE tenant_id = {tenant} GROUP BY event_type"),
    Template("tenant_latest", 30, "SELECT event_ts, event_type, path FROM page_events WHERE tenant_id = {tenant} ORDER BY event_ts DESC LIMIT 20"),
    Template("tenants_compared", 40, "SELECT tenant_id, COUNT(*) AS events FROM page_events WHERE tenant_id IN ({tenant}, {tenant_2}, {tenant_3}) AND CAST(event_ts AS DATE) BETWEEN '{back28}' AND '{back1}' GROUP BY tenant_id"),
    Template("user_journey", 60, "SELECT event_ts, event_type, path FROM page_events WHERE user_id = {user} ORDER BY event_ts"),
    Template("user_recent", 70, "SELECT event_type, COUNT(*) FROM page_events WHERE user_id = {user} AND event_ts >= '{back30}' GROUP BY event_type"),
    Template("traffic_of_the_day", 60, "SELECT country, COUNT(*) AS events FROM page_events WHERE event_ts BETWEEN '{back1} 00:00:00' AND '{back1} 23:59:59' GROUP BY country", variants=1),
    Template("checkout_paths", 25, "SELECT path, COUNT(*) AS events FROM page_events WHERE path LIKE '/checkout/%' AND tenant_id = {tenant} GROUP BY path ORDER BY events DESC LIMIT 10"),
    Template("countries_since", 30, "SELECT country, COUNT(*) FROM page_events WHERE country IN ('{country}', '{country_2}') AND event_ts >= '{since}' GROUP BY country"),
    Template("events_by_type", 10, "SELECT event_type, COUNT(*) AS events FROM page_events GROUP BY event_type", variants=1),
    Template("purchases_anywhere", 8, "SELECT COUNT(*) FROM page_events WHERE UPPER(event_type) = 'PURCHASE' AND duration_ms > 3900"),
    Template("enterprise_yesterday", 40, "SELECT t.name, COUNT(*) AS events FROM page_events e JOIN tenants t USING (tenant_id) WHERE t.plan = 'ENTERPRISE' AND e.event_ts >= '{back1}' AND e.event_ts < '{today}' GROUP BY t.name"),

    Template("payments_of_customer", 100, "SELECT paid_at, amount, status FROM payments WHERE customer_id = {customer}"),
    Template("payment_by_reference", 80, "SELECT payment_id, amount, status FROM payments WHERE reference = '{reference}'"),
    Template("customer_payments_period", 70, "SELECT SUM(amount) FROM payments WHERE customer_id = {customer} AND paid_at >= '{back120}' AND paid_at < '{back20}'"),
    Template("merchant_statement", 120, "SELECT TO_DATE(paid_at) AS day, COUNT(*), SUM(amount) FROM payments WHERE merchant_code = '{merchant}' AND paid_at >= '{month}' AND paid_at < '{next_month}' GROUP BY TO_DATE(paid_at)"),
    Template("merchant_history", 50, "SELECT status, COUNT(*), SUM(amount) FROM payments WHERE merchant_code = '{merchant}' GROUP BY status"),
    Template("merchants_compared", 35, "SELECT merchant_code, SUM(amount) FROM payments WHERE merchant_code IN ('{merchant}', '{merchant_2}', '{merchant_3}', '{merchant_4}') AND settled_on >= '{back180}' GROUP BY merchant_code"),
    Template("methods_of_month", 8, "SELECT method, SUM(amount) FROM payments WHERE DATE_TRUNC('MONTH', paid_at) = '{month}' GROUP BY method"),
    Template("failed_payments", 30, "SELECT merchant_code, COUNT(*) AS failed FROM payments WHERE status = 'FAILED' AND paid_at >= '{since}' GROUP BY merchant_code ORDER BY failed DESC LIMIT 25"),
    Template("references_of_month", 20, "SELECT COUNT(*) FROM payments WHERE reference LIKE 'PAY-{year_month}-%'"),
    Template("large_payments", 20, "SELECT payment_id, customer_id, amount FROM payments WHERE amount > 9900 AND status <> 'FAILED'"),
    Template("settled_days", 35, "SELECT settled_on, SUM(amount) FROM payments WHERE settled_on BETWEEN '{back45}' AND '{back31}' GROUP BY settled_on"),
    Template("travel_merchants", 25, "SELECT m.name, SUM(p.amount) AS paid FROM payments p JOIN merchants m ON m.merchant_code = p.merchant_code WHERE m.segment = 'TRAVEL' AND p.settled_on >= '{back60}' GROUP BY m.name ORDER BY paid DESC LIMIT 10"),

    Template("stock_of_product", 100, "SELECT stock_date, warehouse_id, on_hand FROM stock_levels WHERE product_id = {product} ORDER BY stock_date"),
    Template("stock_at_warehouse", 60, "SELECT stock_date, on_hand - reserved AS free FROM stock_levels WHERE product_id = {product} AND warehouse_id = {warehouse}"),
    Template("warehouse_week", 110, "SELECT stock_date, SUM(on_hand) AS on_hand FROM stock_levels WHERE warehouse_id = {warehouse} AND stock_date >= '{back7}' GROUP BY stock_date", variants=6),
    Template("warehouse_since", 60, "SELECT warehouse_id, AVG(on_hand) FROM stock_levels WHERE warehouse_id = {warehouse} AND stock_date BETWEEN '{since}' AND '{back1}' GROUP BY warehouse_id"),
    Template("stock_yesterday", 60, "SELECT warehouse_id, SUM(on_hand) FROM stock_levels WHERE stock_date = '{back1}' GROUP BY warehouse_id", variants=1),
    Template("sku_family", 50, "SELECT sku, MIN(on_hand) FROM stock_levels WHERE sku LIKE 'SKU-{family}-%' AND stock_date >= '{back30}' GROUP BY sku"),
    Template("to_reorder", 25, "SELECT product_id, warehouse_id FROM stock_levels WHERE on_hand < reorder_point AND stock_date = '{back1}'"),

    Template("audit_day", 80, "SELECT action, COUNT(*) FROM audit_log WHERE event_at >= '{back1}' AND event_at < '{today}' GROUP BY action", variants=1),
    Template("audit_hour", 60, "SELECT entry_id, actor_id, action, object_id FROM audit_log WHERE event_at BETWEEN '{recent} {hour}:00:00' AND '{recent} {hour}:59:59'"),
    Template("audit_actor_week", 40, "SELECT event_at, action, object_id FROM audit_log WHERE actor_id = {actor} AND event_at >= '{back7}'"),

    Template("open_cart", 60, "SELECT item_id, product_id, quantity FROM cart_items WHERE customer_id = {customer} AND status = 'open'"),
    Template("cart_funnel", 30, "SELECT status, COUNT(*) FROM cart_items GROUP BY status", variants=1),
    Template("customer_card", 40, "SELECT name, segment, balance FROM customers WHERE customer_id = {customer}"),
    Template("brand_catalogue", 30, "SELECT product_id, name, list_price FROM products WHERE brand = '{brand}' AND list_price < 1500 ORDER BY list_price"),
    Template("countries_of_region", 20, "SELECT name FROM countries WHERE region = '{region}' ORDER BY name"),
    Template("sales_board", 80, "SELECT order_date, revenue FROM daily_sales WHERE order_date >= '{back30}' AND category = '{category}' ORDER BY order_date", variants=3),
)

WRITES = (
    Template("rebuild_daily_sales", 1, "CREATE OR REPLACE TABLE daily_sales AS SELECT order_date, category, SUM(price) AS revenue, COUNT(*) AS lines FROM order_lines GROUP BY order_date, category", writes="daily_sales"),
    Template("feed_order_lines", 1, "INSERT INTO order_lines SELECT order_id, line_number, customer_id, product_id, supplier_id, category, order_date, ship_date, receipt_date, quantity, price, discount, ship_mode, return_flag FROM order_lines_arrivals WHERE arrived_on = '{today}'", writes="order_lines"),
    Template("feed_page_events", 1, "INSERT INTO page_events SELECT event_id, tenant_id, user_id, event_ts, event_type, path, country, duration_ms FROM page_events_arrivals WHERE arrived_on = '{today}'", writes="page_events"),
    Template("feed_stock_levels", 1, "INSERT INTO stock_levels SELECT stock_date, warehouse_id, product_id, sku, on_hand, reserved, reorder_point, counted_at FROM stock_levels_arrivals WHERE arrived_on = '{today}'", writes="stock_levels"),
    Template("feed_audit_log", 1, "INSERT INTO audit_log SELECT entry_id, event_at, actor_id, action, object_id FROM audit_log_arrivals WHERE arrived_on = '{today}'", writes="audit_log"),
    Template("feed_cart_items", 1, "INSERT INTO cart_items SELECT cart_id, item_id, customer_id, product_id, quantity, status, added_at, updated_at FROM cart_items_arrivals WHERE arrived_on = '{today}'", writes="cart_items"),
    Template("order_carts", 1, "UPDATE cart_items SET status = 'ordered', updated_at = '{today} 01:00:00' WHERE status = 'open' AND added_at < '{back7}' AND product_id < {low_products}", writes="cart_items"),
    Template("abandon_carts", 1, "UPDATE cart_items SET status = 'abandoned', updated_at = '{today} 02:00:00' WHERE status = 'open' AND added_at < '{back21}'", writes="cart_items"),
    Template("reprice_carts", 1, "UPDATE cart_items SET quantity = 1 WHERE product_id = {product} AND status <> 'ordered'", writes="cart_items"),
    Template("forget_customer", 2, "DELETE FROM cart_items WHERE customer_id = {customer}", writes="cart_items"),
    Template("purge_carts", 1, "DELETE FROM cart_items WHERE added_at < '{purged}'", writes="cart_items"),
)
# fmt: on
"""Writes run at the start of each day, `executions` of them a day, in this order."""

SEGMENTS = ("AUTOMOBILE", "BUILDING", "FURNITURE", "HOUSEHOLD", "MACHINERY")
SHIP_MODES = ("AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK")
COUNTRIES = ("US", "DE", "FR", "GB", "PL", "ES", "JP")
REGIONS = ("AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST")
LOOK_BACKS = (7, 30, 90, 180, 365, 540)
"""Days: one template reads a week as well as a year."""
AGO = re.compile(r"back(\d+)")


class Draw(Mapping[str, object]):
    """One set of values for a template's placeholders: `{product}` and `{product_2}` differ, `{back7}` is a week ago."""

    def __init__(self, source: random.Random, today: date, sizes: Sizes) -> None:
        self._source, self._today, self._sizes = source, today, sizes
        self._drawn: dict[str, object] = {}

    def __getitem__(self, name: str) -> object:
        if name not in self._drawn:
            self._drawn[name] = self._draw(name)
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._drawn)

    def __len__(self) -> int:
        return len(self._drawn)

    def _hot(self, count: int, skew: float) -> int:
        return int(count * self._source.random() ** skew)

    def _zipf(self, count: int) -> int:
        return int(count ** self._source.random())

    def _draw(self, name: str) -> object:
        if ago := AGO.fullmatch(name):
            return self._today - timedelta(days=int(ago[1]))
        value = self._dated(name)
        return self._drawn_value(name.rstrip("_0123456789")) if value is None else value

    def _dated(self, name: str) -> object | None:
        """Values that depend on the day; `month` is the last but few complete ones, the nearest the most asked."""
        match name:
            case "today":
                return self._today
            case "recent":
                return self._today - timedelta(days=1 + self._hot(30, 2))
            case "since":
                return self._today - timedelta(days=LOOK_BACKS[self._hot(len(LOOK_BACKS), 1)])
            case "purged":
                return date(2026, 4, 1) + (self._today - FIRST_DAY)
            case "month":
                month = self._today.year * 12 + self._today.month - 2 - self._hot(12, 2)
                return date(month // 12, month % 12 + 1, 1)
            case "next_month":
                month_start = self["month"]
                assert isinstance(month_start, date)
                return (month_start + timedelta(days=31)).replace(day=1)
            case "year_month":
                return str(self["month"])[:7].replace("-", "")
        return None

    def _drawn_value(self, name: str) -> object:
        sizes, pick = self._sizes, self._pick
        match name:
            case "customer":
                return 1 + self._hot(sizes.customers, 1.5)
            case "product":
                return 1 + self._hot(sizes.products, 2)
            case "low_products":
                return sizes.products // 10
            case "order":
                # TPC-H uses the first 8 of every 32 order numbers.
                number = self._hot(int(1_500_000 * sizes.factor), 1)
                return number // 8 * 32 + number % 8 + 1
            case "supplier":
                return 1 + self._hot(int(10_000 * sizes.factor), 1)
            case "tenant":
                return 1000 + self._zipf(TENANTS + 1) * 263 % 401
            case "user":
                return (1000 + self._zipf(TENANTS + 1) * 263 % 401) * 10000 + self._hot(2000, 2)
            case "merchant":
                return f"MRC-{self._zipf(MERCHANTS) * 1237 % 2003:05d}"
            case "reference":
                number = self._hot(sizes.payments, 1)
                paid = date(2023, 7, 1) + timedelta(days=int(number / sizes.payments * 1065))
                return f"PAY-{paid:%Y%m}-{number * 48271 % 9999991:07d}"
            case "warehouse":
                return 1 + self._hot(WAREHOUSES, 1.5)
            case "family":
                return f"{self._hot(97, 1):02d}"
            case "brand":
                return f"Brand#{1 + self._hot(5, 1)}{1 + self._hot(5, 1)}"
            case "actor":
                return 1 + self._hot(800, 2)
            case "hour":
                return f"{self._hot(24, 1):02d}"
            case "category":
                return pick(CATEGORIES, 1.8)
            case "segment":
                return pick(SEGMENTS, 1)
            case "ship_mode":
                return pick(SHIP_MODES, 1)
            case "country":
                return pick(COUNTRIES, 1.5)
            case "region":
                return pick(REGIONS, 1)
        raise KeyError(name)

    def _pick(self, values: tuple[str, ...], skew: float) -> str:
        return values[self._hot(len(values), skew)]


def statements(scale: float) -> tuple[Statement, ...]:
    """The workload of that scale in the order of execution: each day its writes, then its reads in a shuffled order."""
    sizes = Sizes(scale)
    reads = [_reads(template, scale, sizes) for template in READS]
    order = random.Random("order")
    ordered: list[Statement] = []
    for day in range(WINDOW_DAYS):
        ordered += _writes(day, sizes)
        of_the_day = [statement for made in reads for statement in made if statement.day == day]
        ordered += [
            statement for _, statement in sorted(((order.random(), s) for s in of_the_day), key=lambda drawn: drawn[0])
        ]
    return tuple(ordered)


def _writes(day: int, sizes: Sizes) -> Iterator[Statement]:
    for template in WRITES:
        for nth in range(template.executions):
            draw = Draw(random.Random(f"{template.name} {day} {nth}"), FIRST_DAY + timedelta(days=day), sizes)
            yield Statement(day, template, template.text.format_map(draw))


def _reads(template: Template, scale: float, sizes: Sizes) -> list[Statement]:
    source = random.Random(template.name)
    count = max(1, round(template.executions * scale))
    days = sorted(int(source.random() * WINDOW_DAYS) for _ in range(count))
    shown: dict[tuple[int, int], str] = {}
    made = []
    for nth, day in enumerate(days):
        view = (day, nth if template.variants is None else int(source.random() * template.variants))
        if view not in shown:
            draw_source = random.Random(f"{template.name} {view[1]}") if template.variants else source
            shown[view] = template.text.format_map(Draw(draw_source, FIRST_DAY + timedelta(days=day), sizes))
        made.append(Statement(day, template, shown[view]))
    return made
