"""A redacted snapshot: no planted secret survives anywhere in it, and its advice is the same up to names."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from advisor.analyzer import analyze
from advisor.errors import InputError
from advisor.generator import generate
from advisor.redactor import Renaming, redact
from advisor.redactor.statement import Found, redacted
from advisor.redactor.tokens import Names, Values
from advisor.redactor.words import Sort, tokens
from advisor.settings import Settings
from advisor.snapshot import catalog, open_snapshot
from tests.commands import advisor
from tests.names import TEXTS
from tests.snapshots import START, Row, query, table, write_snapshot, write_view

# ---------------------------------------------------------------- tokens


@settings(max_examples=200)
@given(TEXTS | st.text(max_size=60))
def test_a_statement_is_the_sum_of_its_tokens(text: str) -> None:
    assert "".join(token.text for token in tokens(text)) == text


def hidden(text: str, *names: str) -> str:
    found = Found(names=set(names))
    found.statement(text)
    return redacted(text, Names(found.names), Values(found.texts, found.prefixes, b"key"))


def shown(text: str, sort: Sort) -> list[str]:
    return [token.text for token in tokens(text) if token.sort is sort]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("SELECT * FROM t WHERE a = 5 AND b > -7 LIMIT 10", ["5", "-7"]),
        ("SELECT * FROM t WHERE a IN (1, -2, 3) ORDER BY 1", ["1", "-2", "3"]),
        ("SELECT * FROM t WHERE a BETWEEN 10 AND 20", ["10", "20"]),
        ("SELECT * FROM t WHERE a NOT BETWEEN 10 AND 20", ["10", "20"]),
        ("SELECT * FROM t WHERE 5 < a", ["5"]),
        ("SELECT * FROM t WHERE YEAR(d) = 2024 AND d > CURRENT_DATE - 7", []),
        ("SELECT * FROM t WHERE TRUNC(a, -3) = 5000", ["5000"]),
        ("SELECT SUBSTRING(a, 1, 3), ROUND(b, 2) FROM t", []),
    ],
)
def test_a_number_is_a_value_where_it_is_compared_with_a_column(text: str, values: list[str]) -> None:
    assert shown(text, Sort.NUMBER) == values


def test_words_of_sql_stay_and_all_others_go() -> None:
    text = "SELECT DATE_TRUNC('month', sold_at) AS m, COUNT(*) FROM sales.orders o WHERE o.name = 'Ann' -- for Bob"
    out = hidden(text)
    assert "DATE_TRUNC('month'" in out
    assert not [word for word in ("sold_at", "sales", "orders", "Ann", "Bob") if word in out]


def test_a_long_number_that_is_no_value_goes_too() -> None:
    assert "4929123456789012" not in hidden("SELECT f(4929123456789012), 4929123456789012 FROM t")
    assert "LIMIT 10" in hidden("SELECT a FROM t LIMIT 10")


NUMBERS = st.decimals(-(10**20), 10**20, places=2) | st.integers(-(10**20), 10**20).map(Decimal)


@given(st.sets(NUMBERS, min_size=2))
@example({Decimal(sign * (10**power + step)) for power in range(21) for step in (-1, 0, 1) for sign in (-1, 1)})
def test_number_tokens_keep_order_and_within_a_length_differences(numbers: set[Decimal]) -> None:
    values = Values((), (), b"key")
    ordered = sorted(numbers)
    shown = [Decimal(values.number(format(number, "f"))) for number in ordered]
    assert shown == sorted(shown)
    assert len(set(shown)) == len(shown)
    of_phones = [number for number in ordered if 10**10 <= number < 10**14]
    moved = {Decimal(values.number(format(number, "f"))) - number for number in of_phones}
    assert len(moved) <= 1


@pytest.mark.parametrize("number", ["41791234567", "4929123456789012", "358240051111110", "1790000000000000001"])
def test_a_long_number_does_not_begin_as_it_did_and_an_id_that_begins_at_one_tells_nothing_of_it(number: str) -> None:
    for key in (b"one", b"two", b"three"):
        values = Values((), (), key)
        token = values.number(number)
        assert not token.startswith(number[:3])
        assert int(token) - (int(values.number("1")) - 1) != int(number)


@settings(max_examples=100, deadline=None)
@given(
    st.sets(st.text(min_size=1, max_size=12), min_size=2, max_size=30),
    st.sets(st.text(min_size=1, max_size=3), max_size=4),
)
def test_text_tokens_keep_order_equality_and_what_they_begin_with(texts: set[str], prefixes: set[str]) -> None:
    values = Values(texts, prefixes, b"key")
    ordered = sorted(texts)
    assert sorted(ordered, key=values.text) == ordered
    assert len({values.text(text) for text in texts}) == len(texts)
    for prefix in prefixes:
        for text in texts:
            assert values.text(text).startswith(values.text(prefix)) == text.startswith(prefix)


@given(st.sets(st.text("ABCXYZ_09", min_size=1, max_size=5), min_size=2))
@example({"0", "900000"})
def test_name_tokens_keep_order_and_need_quotes_where_the_name_does(names: set[str]) -> None:
    hiding = sorted(f"{name}_Q7" for name in names)
    tokens_ = [Names(hiding).token(name) for name in hiding]
    assert tokens_ == sorted(tokens_)
    assert len(set(tokens_)) == len(hiding)
    assert Names(["a b"]).token("a b").endswith("q")


def test_names_that_differ_in_a_date_only_still_do() -> None:
    names = Names(["EVENTS_20250101", "EVENTS_20250102"])
    one, other = names.token("EVENTS_20250101"), names.token("EVENTS_20250102")
    assert one != other
    assert one.rpartition("_")[0] == other.rpartition("_")[0]


# ---------------------------------------------------------------- a whole snapshot

SECRETS = {
    "database": "ACMEBANK",
    "schema": "TREASURYDESK",
    "table": "VIPCLIENTS",
    "column": "SALARYBAND",
    "quoted": "Mixed Secretcol",
    "alias": "hiddenalias",
    "literal": "ann.smith@acme.example",
    "prefix": "zurichbranch",
    "card": "4929123456789012",
    "comment": "askbobaboutit",
    "statistic": "minimumsecret",
    "row": "rowsecretvalue",
    "view": "SECRETVIEW",
    "role": "AUDITROLE",
    "warehouse": "PAYROLLWH",
    "error": "errorsecret",
    "account": "accountsecret",
    "note": "notesecret",
    "unknown": "unknownsecret",
    "metadata": "metadatasecret",
}
FIRST = date(2024, 1, 1)
COLUMNS = [
    ("ID", "NUMBER"),
    ("CLIENT_NO", "NUMBER"),
    ("BOOKED", "DATE"),
    ("SALARYBAND", "TEXT"),
    ("Mixed Secretcol", "TEXT"),
]


def of(**columns: Any) -> dict[str, Any]:
    place = {"TABLE_CATALOG": SECRETS["database"], "TABLE_SCHEMA": SECRETS["schema"], "TABLE_NAME": SECRETS["table"]}
    return place | columns


def ran(text: str, number: int, scanned: int, **figures: Any) -> Row:
    return query(
        text,
        number,
        QUERY_ID=f"q-{number}",
        DATABASE_NAME=SECRETS["database"],
        SCHEMA_NAME=SECRETS["schema"],
        ROLE_NAME=SECRETS["role"],
        WAREHOUSE_NAME=SECRETS["warehouse"],
        USER_NAME=SECRETS["unknown"],
        WAREHOUSE_SIZE="Large",
        PARTITIONS_SCANNED=scanned,
        PARTITIONS_TOTAL=2000,
        EXECUTION_TIME=500 + scanned * 10,
        **figures,
    )


def history(prefix: bool = True) -> list[Row]:
    """With a condition on how a text begins, or on the whole of it in its place."""
    day = [FIRST + timedelta(days=i * 37 % 360) for i in range(200)]
    client = [
        f"SELECT * FROM vipclients hiddenalias WHERE hiddenalias.client_no = {1000 + i * 7919 % 90_000}"
        for i in range(200)
    ]
    booked = [
        f"SELECT * FROM acmebank.treasurydesk.vipclients /* askbobaboutit */ WHERE booked >= '{d}' AND booked < '{d + timedelta(days=7)}'"
        for d in day
    ]
    others = [
        "SELECT * FROM vipclients WHERE salaryband = 'ann.smith@acme.example'",
        'SELECT * FROM vipclients WHERE "Mixed Secretcol" '
        + ("LIKE 'zurichbranch%'" if prefix else "= 'zurichbranch7'"),
        "SELECT f(4929123456789012) FROM secretview WHERE client_no IN (4929123456789012, 17)",
        "SELECT FROM WHERE '" + SECRETS["literal"],
    ]
    rows = [ran(text, i * 200, 2000) for i, text in enumerate(client)]
    rows += [ran(text, i * 200 + 1, 1990) for i, text in enumerate(booked)]
    rows += [ran(text, i * 100 + 2, 1500) for i, text in enumerate(others * 10)]
    failed = ran("SELECT 1", 7, 0, EXECUTION_STATUS="FAIL", ERROR_MESSAGE=SECRETS["error"])
    return [
        *rows,
        failed,
        ran("INSERT INTO vipclients SELECT * FROM staging", 9, 0, QUERY_TYPE="INSERT", ROWS_INSERTED=100_000),
    ]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("redact") / "original", history())


def planted(folder: Path, rows_of_history: list[Row]) -> Path:
    """A snapshot with a secret wherever one fits."""
    rows = table(SECRETS["table"], SECRETS["database"], SECRETS["schema"], ROW_COUNT=400_000_000, BYTES=32 * 10**9)
    statistics = {
        "ID": ("1", "400000000", 4e8), "CLIENT_NO": ("1000", "91000", 90_000.0), "BOOKED": ("2024-01-01", "2024-12-31", 366.0),
        "SALARYBAND": ("aa", SECRETS["statistic"], 900.0),
    }  # fmt: skip
    write_snapshot(
        folder,
        rows_of_history,
        [{**rows, "CREATED": START - timedelta(days=366), "COMMENT": SECRETS["unknown"]}],
        columns=[of(COLUMN_NAME=c, DATA_TYPE=k, ORDINAL_POSITION=i) for i, (c, k) in enumerate(COLUMNS, 1)],
        column_statistics=[
            of(
                COLUMN_NAME=c,
                MIN_VALUE=low,
                MAX_VALUE=high,
                APPROX_DISTINCT=n,
                NULL_SHARE=0.0,
                FREQUENT_VALUES=f,
                QUANTILES={"CLIENT_NO": "[[2000, 0.5], [50000, 0.9]]", "SALARYBAND": f}.get(c),
            )
            for c, (low, high, n) in statistics.items()
            for f in [json.dumps([[SECRETS["statistic"], 0.25], ["bb", 0.1]]) if c == "SALARYBAND" else None]
        ],
        views=[
            of(
                TABLE_NAME=SECRETS["view"],
                VIEW_DEFINITION="CREATE VIEW secretview AS SELECT * FROM vipclients -- askbobaboutit",
            )
        ],
    )
    (folder / "samples").mkdir()
    count = 24_000
    sample = pa.table(
        {
            "ID": list(range(count)),
            "CLIENT_NO": [1000 + i * 7919 % 90_000 for i in range(count)],
            "BOOKED": [FIRST + timedelta(days=i * 37 % 366) for i in range(count)],
            "SALARYBAND": [f"{SECRETS['row']}{i % 900}" for i in range(count)],
            "Mixed Secretcol": [f"{'zurichbranch' if i % 3 else 'genf'}{i % 500}" for i in range(count)],
        }
    ).replace_schema_metadata({"note": SECRETS["metadata"]})
    pq.write_table(sample, folder / "samples" / f"{SECRETS['database']}.{SECRETS['schema']}.{SECRETS['table']}.parquet")
    (folder / "unknown_view.csv").write_text(SECRETS["unknown"])
    manifest = {"source": "export", "account": SECRETS["account"], "notes": [SECRETS["note"]], "files": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def copied(original: Path, out: Path, key: str | None = None) -> Renaming:
    with open_snapshot(original) as snapshot:
        return redact(snapshot, out, key)


def everything(folder: Path) -> str:
    """All that a reader can get out of a folder: names, bytes, and what the Parquet files hold, metadata included."""
    said = []
    for path in sorted(folder.rglob("*")):
        said.append(path.name)
        if path.is_file():
            said.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".parquet":
            file = pq.ParquetFile(path)
            said += [str(file.metadata.metadata), str(file.schema_arrow), str(file.schema_arrow.metadata)]
            said.append(str(file.read().to_pylist()))
    return "\n".join(said).lower()


def test_the_search_finds_each_secret_in_the_original(original: Path) -> None:
    text = everything(original)
    assert [name for name, secret in SECRETS.items() if secret.lower() not in text] == []


def test_no_secret_survives(original: Path, tmp_path: Path) -> None:
    copied(original, tmp_path / "out")
    text = everything(tmp_path / "out")
    assert [name for name, secret in SECRETS.items() if secret.lower() in text] == []


def test_the_advice_is_the_same_up_to_names(tmp_path: Path) -> None:
    """Figures to a thousandth: round thousands of a shifted number begin elsewhere."""
    original = planted(tmp_path / "original", history(prefix=False))
    renaming = copied(original, tmp_path / "out", "mine")
    before, after = advice(original, tmp_path / "a"), advice(tmp_path / "out", tmp_path / "b")
    assert {entry["kind"] for entry in before["recommendations"]} >= {"clustering_key"}
    words, figures = plain(before, renaming)
    same_words, same_figures = plain(after)
    assert words == same_words
    assert figures == pytest.approx(same_figures, rel=1e-3)


def test_an_imported_database_stays_one(tmp_path: Path) -> None:
    original = planted(tmp_path / "original", history())
    write_view(original, "databases", [{"DATABASE_NAME": SECRETS["database"], "TYPE": "IMPORTED DATABASE"}])
    copied(original, tmp_path / "out")
    for folder in (original, tmp_path / "out"):
        with open_snapshot(folder) as snapshot:
            assert {trait for each in catalog(snapshot).tables.values() for trait in each.traits} == {"imported"}


def advice(folder: Path, out: Path) -> Any:
    with open_snapshot(folder) as snapshot:
        generate(analyze(snapshot, Settings()), out)
    return json.loads((out / "advice.json").read_text())


def plain(content: Any, renaming: Renaming | None = None) -> tuple[Any, list[float]]:
    """What must be the same, words and figures; ids, fingerprints and names that the advice makes up are made from names."""

    def name(text: str | None) -> str | None:
        return renaming.names.token(text) if renaming and text is not None else text

    def key(expressions: list[str]) -> list[str]:
        return [redacted(e, renaming.names, renaming.values) if renaming else e for e in expressions]

    def figures(value: Any) -> list[float]:
        if isinstance(value, dict):
            return [figure for part in sorted(value) for figure in figures(value[part])]
        return [float(value)]

    words = [
        (
            *(entry[part] for part in ("kind", "action", "confidence")),
            *(name(entry["target"][part]) for part in ("database", "schema")),
            name(entry["target"]["name"]) if entry["target"]["type"] == "table" else "made up",
            key(entry["details"].get("clustering_key", [])),
            entry["evidence"]["grade"],
        )
        for entry in content["recommendations"]
    ]
    numbers = [
        figure
        for entry in content["recommendations"]
        for part in ("benefit", "cost", "net_credits_per_month")
        for figure in figures(entry[part])
    ]
    # A shifted number is cut into tens elsewhere, so another rung of a ladder may be worth a try.
    coverage = {part: said for part, said in content["coverage"].items() if part != "candidates"}
    return (coverage, words), numbers


def test_the_same_key_gives_the_same_bytes_and_another_key_other_numbers(original: Path, tmp_path: Path) -> None:
    for out, key in (("a", "one"), ("b", "one"), ("c", "two")):
        copied(original, tmp_path / out, key)
    one, same, other = (everything(tmp_path / out) for out in "abc")
    assert one == same
    assert one != other


def test_a_row_s_number_is_the_token_that_statements_have_for_it(tmp_path: Path) -> None:
    numbers = [0, 1, -7, 10**10 - 1, 10**10, 41791234567, -(10**12), 10**14, 4929123456789012, 2**63 - 1, -(2**63)]
    types = {"N": pa.int64(), "D": pa.decimal128(38, 0), "P": pa.decimal128(38, 2), "F": pa.float64()}
    write_snapshot(tmp_path / "in", [query("SELECT 1")], [table("T")])
    (tmp_path / "in" / "samples").mkdir()
    rows = {name: pa.array(numbers, pa.int64()).cast(held, safe=False) for name, held in types.items()}
    pq.write_table(pa.table(rows), tmp_path / "in" / "samples" / "DB.PUBLIC.T.parquet")
    renaming = copied(tmp_path / "in", tmp_path / "out")
    (path,) = (tmp_path / "out" / "samples").iterdir()
    shown = pq.read_table(path)
    wanted = [int(renaming.values.number(str(number))) for number in numbers]
    for name, held in types.items():
        found = shown[renaming.names.token(name)].to_pylist()
        assert found == (list(map(float, wanted)) if held == pa.float64() else wanted), name


def test_a_folder_with_something_in_it_is_left_alone(original: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    with pytest.raises(InputError, match="something is there"):
        copied(original, tmp_path)


def test_a_question_is_no_digest_of_its_text_in_the_open(tmp_path: Path) -> None:
    text = "SELECT * FROM t WHERE card = 4929123456789012"
    write_snapshot(tmp_path / "in", [query(text, i) for i in range(9)])
    digests = [hashlib.md5(each.encode()).hexdigest() for each in (text, text + "3", text)]
    repeats = {"QUESTION": digests, "STATEMENT": ["s"] * 3, "DAY": [date(2025, 1, 1 + day) for day in range(3)]}
    counts = {name: [2, 2, 2] for name in ("EXECUTIONS", "CACHED", "EXECUTION_MS", "REPEATS", "REPEAT_MS")}
    pq.write_table(pa.table(repeats | counts), tmp_path / "in" / "query_repeats.parquet")
    copied(tmp_path / "in", tmp_path / "out")
    first, other, again = pq.read_table(tmp_path / "out" / "query_repeats.parquet")["QUESTION"].to_pylist()
    assert first == again != other
    assert not {first, other} & set(digests)


def test_the_command_says_what_it_does_not_hide(original: Path, tmp_path: Path) -> None:
    done = advisor("redact", str(original), "--out", "copy", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "It does not hide:" in done.stdout


def test_executions_stay_apart_and_ids_that_a_text_was_made_into_tell_nothing(tmp_path: Path) -> None:
    """An id that isn't Snowflake's own is hidden, not made the same for all; a missing one is no digest of the text in the open."""
    text = "SELECT * FROM t WHERE card = 4929123456789012"
    named = [query(text, i, QUERY_ID=f"bob's #{i}") for i in range(40)]
    missing = [query(text, i, QUERY_ID=None) for i in range(40, 50)]
    write_snapshot(tmp_path / "in", [*named, *missing])
    copied(tmp_path / "in", tmp_path / "out")
    rows, was = [(folder / "query_history.parquet") for folder in (tmp_path / "out", tmp_path / "in")]
    ids = pq.read_table(rows)["QUERY_ID"].to_pylist()
    assert len(set(ids)) == len(pq.read_table(was)) == 50
    assert sum(each.startswith("~") for each in ids) == 10
    with open_snapshot(tmp_path / "in") as snapshot:
        told = {row[0] for row in snapshot.rows("query_history", "SELECT QUERY_ID FROM query_history")}
    assert not told & set(ids)
