"""What the demo's tables hold: a query for each, over TPC-H's tables and over numbers that are derived from hashes.

Nothing is drawn at random: the same scale gives the same rows on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

WINDOW_DAYS = 14
FIRST_DAY = date(2026, 6, 17)
"""The workload's first day; the tables hold what arrived before it."""
LAST_DAY = FIRST_DAY + timedelta(days=WINDOW_DAYS - 1)
TENANTS = 400
MERCHANTS = 2_000
WAREHOUSES = 40
CATEGORIES = (
    "Audio", "Bath", "Books", "Camping", "Cycling", "Dairy", "Fashion", "Footwear", "Fruit", "Furniture", "Garden", "Grocery",
    "Hardware", "Jewelry", "Kitchen", "Lighting", "Music", "Office", "Pets", "Phones", "Sports", "Toys", "Travel", "Video",
)  # fmt: skip


@dataclass(frozen=True)
class DemoTable:
    name: str
    blocks: int
    """How many blocks the loaded table is cut into, whatever the scale; 1 for a dimension."""
    query: str
    """Its rows, with `arrived` (a timestamp) last: the order of loading, which is not a column of the table."""
    staged: bool = False
    """Rows that arrive within the window go to `<name>_arrivals`."""


@dataclass(frozen=True)
class Sizes:
    """How many of each thing a scale has; row counts of TPC-H hold per unit of its scale factor."""

    scale: float

    @property
    def factor(self) -> float:
        return 0.2 * self.scale

    @property
    def customers(self) -> int:
        return int(150_000 * self.factor)

    @property
    def products(self) -> int:
        return int(200_000 * self.factor)

    @property
    def events(self) -> int:
        return int(1_400_000 * self.scale)

    @property
    def payments(self) -> int:
        return int(700_000 * self.scale)

    @property
    def stock_per_day(self) -> int:
        return int(1_300 * self.scale)

    @property
    def audits(self) -> int:
        return int(600_000 * self.scale)

    @property
    def carts(self) -> int:
        return int(360_000 * self.scale)


# Three independent numbers in [0, 1) from one hash. DuckDB's own hash() may change between its versions; MD5 does not.
MACROS = """
CREATE MACRO roll(i, salt) AS md5_number_lower(concat(i, salt));
CREATE MACRO u1(h) AS (h & 2097151) / 2097152.0;
CREATE MACRO u2(h) AS ((h >> 21) & 2097151) / 2097152.0;
CREATE MACRO u3(h) AS ((h >> 42) & 2097151) / 2097152.0;
CREATE MACRO pick(list, u) AS list[1 + floor(u * len(list))::INT];
-- Zipf with exponent 1: the first of n is asked ln(2)/ln(n) of the time.
CREATE MACRO zipf(n, u) AS floor(pow(n::DOUBLE, u))::BIGINT;
-- Hours late: most within hours, one in twelve within days, one in fifty within weeks.
CREATE MACRO late_hours(u, v) AS CASE WHEN u < 0.90 THEN v * 6 WHEN u < 0.98 THEN v * 120 ELSE v * 720 END;
CREATE MACRO category_of(product_id) AS pick({categories}, pow(u1(roll(product_id, 'category')), 1.8));
"""

ORDER_LINES = """
WITH line AS (
    SELECT l_orderkey AS order_id, l_linenumber AS line_number, o_custkey AS customer_id,
           1 + floor({products} * pow((l_partkey - 1) / {products}::DOUBLE, 1.7))::BIGINT AS product_id,
           l_suppkey AS supplier_id,
           DATE '2023-07-01' + ((o_orderdate - DATE '1992-01-01') * 1095 // 2405)::INT AS order_date,
           ((l_shipdate - o_orderdate) // 3)::INT AS days_to_ship,
           ((l_receiptdate - l_shipdate) // 2)::INT AS days_to_receive,
           l_quantity::INT AS quantity, l_extendedprice::DECIMAL(12, 2) AS price, l_discount::DECIMAL(12, 2) AS discount,
           l_shipmode AS ship_mode, l_returnflag AS return_flag,
           roll(l_orderkey * 8 + l_linenumber, 'line') AS h
    FROM lineitem JOIN orders ON l_orderkey = o_orderkey
)
SELECT order_id, line_number, customer_id, product_id, supplier_id, category_of(product_id) AS category,
       order_date, order_date + days_to_ship AS ship_date, order_date + days_to_ship + days_to_receive AS receipt_date,
       quantity, price, discount, ship_mode, return_flag,
       (order_date + days_to_ship)::TIMESTAMP + to_seconds((late_hours(u1(h), u2(h)) * 3600)::BIGINT)
           + to_seconds((u3(h) * 72000)::BIGINT) AS arrived
FROM line
"""

PAGE_EVENTS = """
WITH event AS (
    SELECT i, roll(i, 'event') AS h, roll(i, 'visit') AS g FROM range({events}) r(i)
), placed AS (
    SELECT i, h, g, 1000 + (zipf({tenants} + 1, u1(h)) * 263) % 401 AS tenant_id,
           TIMESTAMP '2025-01-01' + to_seconds((pow(u2(h), 0.8) * 545 * 86400)::BIGINT) AS event_ts
    FROM event
)
SELECT i AS event_id, tenant_id, tenant_id * 10000 + floor(pow(u3(h), 2) * 2000)::BIGINT AS user_id, event_ts,
       pick(['view', 'view', 'view', 'view', 'search', 'search', 'add_to_cart', 'login', 'checkout', 'purchase'], u1(g)) AS event_type,
       pick(['/home', '/home', '/search', '/product/', '/product/', '/product/', '/checkout/'], u2(g)) || (i % 997) AS path,
       pick(['DE', 'DE', 'US', 'US', 'US', 'FR', 'GB', 'PL', 'ES', 'JP'], u3(g)) AS country,
       50 + (i * 7919) % 4000 AS duration_ms,
       event_ts + to_seconds((late_hours(u1(roll(i, 'late')), u2(roll(i, 'late'))) * 3600)::BIGINT) AS arrived
FROM placed
"""

# Acquirers deliver one file a month each, after the month has ended; a file's rows are in no order.
PAYMENTS = """
WITH payment AS (
    SELECT i, roll(i, 'payment') AS h, roll(i, 'payer') AS g,
           TIMESTAMP '2023-07-01' + to_seconds((i / {payments}::DOUBLE * 1065 * 86400)::BIGINT) AS paid_at
    FROM range({payments}) r(i)
)
SELECT 7000000 + i AS payment_id, strftime(paid_at, 'PAY-%Y%m-') || lpad((i * 48271 % 9999991)::VARCHAR, 7, '0') AS reference,
       1 + floor({customers} * pow(u1(h), 1.5))::BIGINT AS customer_id,
       'MRC-' || lpad((zipf({merchants}, u2(h)) * 1237 % 2003)::VARCHAR, 5, '0') AS merchant_code, paid_at,
       paid_at::DATE + 1 + floor(u3(h) * 5)::INT AS settled_on,
       pick(['card', 'card', 'card', 'transfer', 'wallet', 'invoice'], u1(g)) AS method,
       pick(['SETTLED', 'SETTLED', 'SETTLED', 'SETTLED', 'SETTLED', 'SETTLED', 'SETTLED', 'REFUNDED', 'FAILED'], u2(g)) AS status,
       (pow(u3(g), 4) * 10000 + 1)::DECIMAL(12, 2) AS amount,
       date_trunc('month', paid_at) + INTERVAL 1 MONTH + to_hours((h % 8)::INT) + to_seconds(floor(u2(g) * 3600)::BIGINT) AS arrived
FROM payment
"""

STOCK_LEVELS = """
WITH level AS (
    SELECT DATE '2025-01-01' + (i // {stock_per_day})::INT AS stock_date, i, roll(i, 'stock') AS h
    FROM range({stock_per_day} * 546) r(i)
), placed AS (
    SELECT *, 1 + floor(u1(h) * {warehouses})::BIGINT AS warehouse_id,
           1 + floor({products} * pow(u2(h), 2.0))::BIGINT AS product_id FROM level
)
SELECT stock_date, warehouse_id, product_id,
       'SKU-' || lpad((product_id * 31 % 97)::VARCHAR, 2, '0') || '-' || lpad(product_id::VARCHAR, 6, '0') AS sku,
       floor(u3(h) * 400)::INT AS on_hand, floor(u3(roll(i, 'reserve')) * 60)::INT AS reserved,
       20 + (product_id % 50)::INT AS reorder_point,
       stock_date::TIMESTAMP + to_hours(20) + to_seconds((i * 7919 % 14400)::BIGINT) AS counted_at,
       stock_date::TIMESTAMP + to_hours(20) + to_seconds((i * 7919 % 14400)::BIGINT) AS arrived
FROM placed
"""

AUDIT_LOG = """
WITH entry AS (
    SELECT i, roll(i, 'audit') AS h,
           TIMESTAMP '2025-07-01' + to_microseconds((i / {audits}::DOUBLE * 365 * 86400 * 1000000)::BIGINT) AS event_at
    FROM range({audits}) r(i)
)
SELECT i AS entry_id, event_at, 1 + floor(pow(u1(h), 2) * 800)::BIGINT AS actor_id,
       pick(['read', 'read', 'read', 'update', 'create', 'delete', 'export'], u2(h)) AS action,
       floor(u3(h) * 90000)::BIGINT AS object_id,
       event_at AS arrived
FROM entry
"""

CART_ITEMS = """
WITH item AS (
    SELECT i, roll(i, 'cart') AS h, roll(i, 'item') AS g,
           TIMESTAMP '2026-04-01' + to_seconds((i / {carts}::DOUBLE * 91 * 86400)::BIGINT) AS added_at
    FROM range({carts}) r(i)
)
SELECT i // 3 AS cart_id, i AS item_id, 1 + floor(u1(h) * {customers})::BIGINT AS customer_id,
       1 + floor({products} * pow(u2(h), 2.0))::BIGINT AS product_id, 1 + floor(u3(h) * 5)::INT AS quantity,
       pick(['open', 'open', 'ordered', 'ordered', 'abandoned'], u1(g)) AS status, added_at,
       added_at + to_seconds(floor(u2(g) * 864000)::BIGINT) AS updated_at,
       added_at AS arrived
FROM item
"""

CUSTOMERS = """
SELECT c_custkey AS customer_id, c_name AS name, c_mktsegment AS segment, c_nationkey AS country_id,
       c_acctbal::DECIMAL(12, 2) AS balance, TIMESTAMP '2023-01-01' AS arrived FROM customer
"""

PRODUCTS = """
SELECT p_partkey AS product_id, p_name AS name, p_brand AS brand, category_of(p_partkey) AS category, p_size AS size,
       p_retailprice::DECIMAL(12, 2) AS list_price, TIMESTAMP '2023-01-01' AS arrived FROM part
"""

TENANTS_QUERY = """
SELECT 1000 + i AS tenant_id, 'Tenant ' || i AS name, pick(['FREE', 'FREE', 'TEAM', 'ENTERPRISE'], u1(roll(i, 'plan'))) AS plan,
       TIMESTAMP '2023-01-01' AS arrived FROM range(401) r(i)
"""

MERCHANTS_QUERY = """
SELECT 'MRC-' || lpad(i::VARCHAR, 5, '0') AS merchant_code, 'Merchant ' || i AS name,
       pick(['RETAIL', 'FOOD', 'TRAVEL', 'MEDIA'], u1(roll(i, 'segment'))) AS segment,
       TIMESTAMP '2023-01-01' AS arrived FROM range(2003) r(i)
"""

COUNTRIES = """
SELECT n_nationkey AS country_id, n_name AS name, r_name AS region, TIMESTAMP '2023-01-01' AS arrived
FROM nation JOIN region ON n_regionkey = r_regionkey
"""

TABLES = (
    DemoTable("order_lines", 330, ORDER_LINES, staged=True),
    DemoTable("page_events", 350, PAGE_EVENTS, staged=True),
    DemoTable("payments", 310, PAYMENTS),
    DemoTable("stock_levels", 305, STOCK_LEVELS, staged=True),
    DemoTable("audit_log", 305, AUDIT_LOG, staged=True),
    DemoTable("cart_items", 305, CART_ITEMS, staged=True),
    DemoTable("customers", 1, CUSTOMERS),
    DemoTable("products", 1, PRODUCTS),
    DemoTable("tenants", 1, TENANTS_QUERY),
    DemoTable("merchants", 1, MERCHANTS_QUERY),
    DemoTable("countries", 1, COUNTRIES),
)
