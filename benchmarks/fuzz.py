"""Statements that nobody would write, read as the analysis reads a history's: no crash, no hang, bounded memory.

    python -m benchmarks.fuzz [MINUTES] [--seed N]

Texts are grown from a grammar of Snowflake's SQL, with nesting and lists far beyond what people write, and then damaged:
cut, spliced with one another, their tokens repeated, their bytes replaced. Each must get an answer. A text that crashes its
process, runs out of memory or takes too long is contained by the pool, but counted and printed, since each costs a restart.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from tabulate import tabulate

from advisor.model import Catalog, Column, Table, TableName
from advisor.settings import Settings
from advisor.usage import Request, read_all

BATCH = 400
AT = datetime(2026, 1, 1)
CONTAINED = ("crashes the reader", "ran out of memory", "takes too long")

# Of each symbol the first two forms end soonest.
GRAMMAR: dict[str, Sequence[str]] = {
    "statement": (
        "<query>",
        "<query>",
        "<query>",
        "INSERT INTO <table> <query>",
        "INSERT ALL WHEN <condition> THEN INTO <table> ELSE INTO <table> <query>",
        "CREATE OR REPLACE TABLE <table> CLUSTER BY (<value>) AS <query>",
        "MERGE INTO <table> t USING (<query>) s ON <condition> WHEN MATCHED AND <condition> THEN UPDATE SET a = <value>"
        " WHEN NOT MATCHED THEN INSERT (a) VALUES (<value>)",
        "UPDATE <table> SET a = <value> FROM <source> WHERE <condition>",
        "DELETE FROM <table> USING <source> WHERE <condition>",
        "COPY INTO <table> FROM (SELECT $1:a, t.$2 FROM @stage/path/ t) FILE_FORMAT = (TYPE = CSV)",
        "BEGIN LET x := <value>; <query>; RETURN x; END",
        "CREATE PROCEDURE p(a INT) RETURNS STRING LANGUAGE SQL AS $$ <query> $$",
        "<query>; <query>",
        "SHOW TABLES LIKE '%' ->> <query>",
        "EXECUTE IMMEDIATE $$<query>$$",
    ),
    "query": (
        "SELECT a FROM <table>",
        "SELECT <number>",
        "SELECT <items> FROM <source> WHERE <condition>",
        "SELECT <items> FROM <source> WHERE <condition> GROUP BY ALL HAVING <condition>",
        "SELECT <items> FROM <source> QUALIFY ROW_NUMBER() OVER (PARTITION BY <value> ORDER BY <value>) = 1",
        "SELECT <items> FROM <source> ORDER BY 1, <value> NULLS LAST LIMIT <number>",
        "WITH c AS (<query>), d (x, y) AS (<query>) SELECT * FROM c JOIN d USING (x)",
        "WITH RECURSIVE r AS (<query> UNION ALL SELECT * FROM r) SELECT * FROM r",
        "(<query>) UNION ALL (<query>)",
        "<query> EXCEPT <query>",
        "SELECT * EXCLUDE (a) REPLACE (<value> AS b) RENAME (c AS d) FROM <source>",
    ),
    "items": ("*", "<value>", "<value> AS x, <items>", "t.*, <value> y", "COUNT(DISTINCT <value>)", "<value> OVER ()"),
    "source": (
        "<table>",
        "<table> t",
        "<table> AS t <join> <source> ON <condition>",
        "(<query>) s",
        "<table>, LATERAL FLATTEN(INPUT => <value>, OUTER => TRUE) f",
        "TABLE(FLATTEN(<value>)) f",
        "TABLE(GENERATOR(ROWCOUNT => <number>))",
        "<table> AT (TIMESTAMP => '<date>'::TIMESTAMP)",
        "<table> SAMPLE (<number>)",
        "<table> PIVOT (SUM(a) FOR b IN ('x', 'y', ANY)) AS p",
        "<table> UNPIVOT (v FOR n IN (a, b)) AS u",
        "<table> MATCH_RECOGNIZE (PARTITION BY a ORDER BY b MEASURES LAST(c) AS l PATTERN (X Y* Z?) DEFINE Y AS <condition>)",
        "IDENTIFIER('<word>')",
        "IDENTIFIER($v)",
        "@stage/file (FILE_FORMAT => f) s",
        "(VALUES (<value>, <value>), (<value>, <value>)) v (a, b)",
        "TABLE(RESULT_SCAN(LAST_QUERY_ID(-1)))",
    ),
    "join": ("JOIN", "LEFT JOIN", "FULL OUTER JOIN", "CROSS JOIN", "NATURAL JOIN", "ASOF JOIN", "LATERAL"),
    "condition": (
        "<column> = <literal>",
        "TRUE",
        "<value> <compare> <value>",
        "<condition> AND <condition>",
        "<condition> OR <condition>",
        "NOT (<condition>)",
        "(<condition>)",
        "<value> BETWEEN <value> AND <value>",
        "<value> IN (<list>)",
        "(a, b) IN ((<value>, <value>), (<value>, <value>))",
        "<value> IN (<query>)",
        "EXISTS (<query>)",
        "<value> LIKE '%<word>_' ESCAPE '^'",
        "<value> ILIKE ANY ('<word>%', 'x')",
        "<value> IS NOT DISTINCT FROM <value>",
        "<value> IS NULL",
        "STARTSWITH(<value>, '<word>')",
        "<value> = ALL (<query>)",
    ),
    "list": ("<literal>", "<literal>", "<literal>, <list>", "<literal>, <literal>, <literal>, <list>"),
    "compare": ("=", "<>", "<", ">=", "!=", ">"),
    "value": (
        "<column>",
        "<literal>",
        "<column>",
        "<literal>",
        "(<value>)",
        "<value> + <value>",
        "-<value>",
        "<value> || <value>",
        "<value>::<type>",
        "TRY_CAST(<value> AS <type>)",
        "CASE WHEN <condition> THEN <value> ELSE <value> END",
        "IFF(<condition>, <value>, <value>)",
        "COALESCE(<value>, <value>)",
        "DATE_TRUNC('<unit>', <value>)",
        "DATEADD(<unit>, <number>, <value>)",
        "TO_DATE(<value>, '<word>')",
        "SUBSTR(<value>, <number>, <number>)",
        "(<query>)",
        "udf(<value>, <value>)",
        "<value>[<number>]",
        "SUM(<value>) OVER (PARTITION BY <value> ORDER BY <value> ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "LISTAGG(<value>, ',') WITHIN GROUP (ORDER BY <value>)",
        "{'a': <value>, 'b': [<value>]}",
        "TRANSFORM(<value>, x -> x + <value>)",
        "SYSTEM$TYPEOF(<value>)",
        "?",
        ":1",
    ),
    "column": ("a", "b", "t.a", "s.x", "ts", "d", "m", "v:a.b[0]::string", 'v:"A b"', "db.s.t.a", "$1", "t.$2", '"a"'),
    "literal": (
        "<number>",
        "'<word>'",
        "'<date>'",
        "NULL",
        "TRUE",
        "DATE '<date>'",
        "INTERVAL '<number> <unit>'",
        "1e400",
    ),
    "table": ("t", "u", "db.s.t", '"T"', "s.v", "missing", "db..t", "$tmp", "t_20250101"),
    "type": ("INT", "DATE", "TIMESTAMP_TZ(9)", "VARCHAR(10)", "VARIANT", "ARRAY(INT)", "NUMBER(38, 0)", "OBJECT"),
    "unit": ("day", "month", "week", "iso_week", "nanosecond", "decade"),
    "number": ("0", "1", "-7", "99999999999999999999", "1.5e-300", "0.0", "2147483648"),
    "date": ("2024-02-30", "9999-12-31", "0000-00-00", "2024-01-01 00:00:00 -0800", "infinity", ""),
    "word": ("x", "a''b", "é", "\\\\", "%", "--", "/*", "\\0", "select", "\ufeff", "yyyy-mm-dd"),
}
REPEATED = (
    "(",
    ")",
    "NOT ",
    "CASE WHEN a THEN ",
    "SELECT ",
    "[",
    "{",
    "'",
    '"',
    "$$",
    "/*",
    " OR a = 1",
    "::int",
    ".a",
    "->>",
    "{{ v }}",
    "\0",
)


LONGEST = 200_000
TABLES = ("T", "U")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("minutes", nargs="?", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    problems: Counter[str] = Counter()
    seed, until, slowest = given.seed, time.monotonic() + 60 * given.minutes, 0.0
    while time.monotonic() < until:
        started = time.monotonic()
        problems.update(_tried(statements(seed, BATCH), seed))
        slowest = max(slowest, time.monotonic() - started)
        seed += 1
    print(
        tabulate([(problem or "understood", count) for problem, count in problems.most_common()], ["answer", "texts"])
    )
    contained = sum(problems[problem] for problem in CONTAINED)
    print(
        f"{problems.total():,} texts, seeds {given.seed} to {seed - 1}: every one got an answer, {contained} by the end of its process;"
    )
    print(f"slowest {BATCH} texts: {slowest:.1f} s")


def _tried(texts: Sequence[str], seed: int) -> list[str]:
    requests = [Request(text, "DB", "S", AT) for text in texts]
    readings = read_all(requests, catalog(), Settings(threads=1))
    for text, reading in zip(texts, readings, strict=True):
        if reading.problem in CONTAINED:
            print(f"{reading.problem} (seed {seed}, {len(text):,} characters): {text[:120]!r}", flush=True)
    return [reading.problem or "" for reading in readings]


def catalog() -> Catalog:
    """Two tables, and a view over them."""
    kinds = {"A": "NUMBER", "B": "NUMBER", "D": "DATE", "TS": "TIMESTAMP_NTZ", "M": "TEXT", "V": "VARIANT"}
    columns = tuple(Column(name, kind, place) for place, (name, kind) in enumerate(kinds.items(), 1))
    tables = [Table(TableName("DB", "S", name), "BASE TABLE", None, None, columns) for name in TABLES]
    view = "create view v as select t.a, u.b as x from t join u on t.a = u.a"
    return Catalog({table.name: table for table in tables}, {TableName("DB", "S", "V"): view})


def statements(seed: int, count: int) -> list[str]:
    """The same texts for the same seed."""
    draw = random.Random(seed)
    grown = [_grown("<statement>", draw, draw.choice((3, 6, 9, 14))) for _ in range(count)]
    return [_damaged(text, grown, draw) if draw.random() < 0.5 else text for text in grown]


def _grown(text: str, draw: random.Random, depth: int) -> str:
    """Every `<symbol>` replaced; below the depth by one of its shortest, so that it ends."""
    found: list[str] = []
    stack = [(text, depth)]
    while stack and len(found) < 4_000:
        part, left = stack.pop()
        before, mark, rest = part.partition("<")
        symbol, end, after = rest.partition(">")
        if not mark or not end or symbol not in GRAMMAR:
            found.append(before + mark)
            stack += [(rest, left)] if rest else []
            continue
        found.append(before)
        forms = GRAMMAR[symbol] if left > 0 else GRAMMAR[symbol][:2]
        stack += [(after, left), (draw.choice(forms), left - 1)]
    return "".join(found)


def _damaged(text: str, others: Sequence[str], draw: random.Random) -> str:
    place = draw.randrange(len(text) + 1)
    match draw.randrange(6):
        case 0:
            return text[:place]
        case 1:
            other = draw.choice(others)
            return text[:place] + other[draw.randrange(len(other) + 1) :]
        case 2:
            return text[:place] + draw.choice(REPEATED) * draw.choice((2, 60, 700, 9_000)) + text[place:]
        case 3:
            return text[:place] + chr(draw.choice((0, 9, 0xA0, 0x200B, 0xD800, 0x1F600))) + text[place + 1 :]
        case 4:
            joint = draw.choice((" UNION ALL ", " AND ", ", ", "; ", " "))
            return joint.join([text] * min(draw.choice((2, 40, 900)), LONGEST // (len(text) + 1) + 1))
        case _:
            words = text.split(" ")
            draw.shuffle(words)
            return " ".join(words)


if __name__ == "__main__":
    main()
