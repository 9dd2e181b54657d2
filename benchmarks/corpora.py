"""Do published statements survive the reader, and are the queries among them understood?

    python -m benchmarks.corpora [--keep DIR]

Fetches pinned packages with pip, takes the SQL out of their files and test suites, and reads all of it as the analysis
does, without a catalog. A statement *survives* when it gets an answer within its limits, and is *understood* when the
answer names no problem. What is not understood is listed by reason; of queries, each with its text.

Sources that end in `:src` are strings out of tools' own code, fragments among them: they must survive, no more.
"""

from __future__ import annotations

import argparse
import ast
import json
import logging
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlglot
from sqlglot.errors import SqlglotError
from tabulate import tabulate

from advisor.model import Catalog, Reading
from advisor.settings import Settings
from advisor.usage import Request, read_all

SOURCES = (
    "sqlglot==30.30.0",
    "snowduck==0.3.0",
    "fakesnow==0.9.25",
    "snowcap==1.0.33",
    "titan-core==0.11.1",
    "dbt-snowflake==1.12.4",
    "snowflake-sqlalchemy==2.1.0",
    "snowfort-audit==1.1.0",
    "sqllineage==1.5.9",
    "ducklens==0.2.0",
)
WHEELS = ("benchbox==0.4.2",)
SHORTEST = 12
FETCH_SECONDS = 300

_HEAD = re.compile(
    r"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*(select|with|insert|update|delete|merge|create|alter|drop|copy|put|get|list|ls|rm"
    r"|remove|show|desc|describe|use|grant|revoke|call|truncate|explain|set|unset|begin|commit|rollback|declare|execute"
    r"|undrop|comment)\b\s+\S",
    re.IGNORECASE | re.DOTALL,
)
_QUERY = re.compile(r"[\s(]*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*[\s(]*(?:select|with)\b", re.IGNORECASE | re.DOTALL)
# What a driver or a template engine would have put a value in for, a pattern, or a sentence.
_UNFINISHED = re.compile(r"%s|%\(|\(\?P|\\\(|\{\{|\{%|(?<!\{)\{[a-z_.\[\]'\"]+\}(?!\})", re.IGNORECASE)
_SQL_MARKS = re.compile(r"[;='(*@]|\b(?:from|table|view|schema|database)\b", re.IGNORECASE)
_PARTS = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|\$\$.*?\$\$|--[^\n]*|/\*.*?\*/|;", re.DOTALL)


@dataclass(frozen=True)
class Statement:
    source: str
    place: str
    text: str

    @property
    def is_query(self) -> bool:
        return _QUERY.match(self.text) is not None and not self.source.endswith(":src")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="fetch the packages into this folder, or use those that are there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="advisor-corpora-") as scratch:
        statements = list(dict.fromkeys(_statements(_fetched(given.keep or Path(scratch)))))
    requests = [Request(statement.text, "DB", "PUBLIC", datetime(2026, 1, 1)) for statement in statements]
    logging.disable(logging.CRITICAL)
    _report(statements, read_all(requests, Catalog({}, {}), Settings()))


def _report(statements: list[Statement], readings: tuple[Reading, ...]) -> None:
    pairs = list(zip(statements, readings, strict=True))
    rows: list[tuple[str, int, int, int, int]] = []
    for source in sorted({statement.source for statement in statements}):
        of = [(statement, reading) for statement, reading in pairs if statement.source == source]
        understood = sum(reading.problem is None for _, reading in of)
        queries = [reading.problem is None for statement, reading in of if statement.is_query]
        rows.append((source, len(of), understood, len(queries), sum(queries)))
    totals = [sum(counts) for counts in zip(*(row[1:] for row in rows), strict=True)]
    print(tabulate([*rows, ("all", *totals)], ["source", "statements", "understood", "queries", "queries understood"]))
    lost = Counter(reading.problem for _, reading in pairs if reading.problem)
    print("\n" + tabulate(lost.most_common(), ["not understood: reason", "statements"]))
    crashed = sum(lost[problem] for problem in ("crashes the reader", "ran out of memory", "takes too long"))
    print(f"\nsurvived: {len(pairs) - crashed:,} of {len(pairs):,} ({1 - crashed / len(pairs):.2%})")
    _report_queries([(s, r) for s, r in pairs if s.is_query])


def _report_queries(pairs: list[tuple[Statement, Reading]]) -> None:
    failed = [(statement, reading) for statement, reading in pairs if reading.problem]
    print(f"queries understood: {len(pairs) - len(failed):,} of {len(pairs):,} ({1 - len(failed) / len(pairs):.2%})")
    print("queries that are not, other dialects' and deliberately wrong ones among them:")
    for statement, reading in failed:
        text = " ".join(statement.text.split())
        print(f"  {reading.problem}: {statement.source} {statement.place}: {text[:100]} [{_why(statement.text)}]")


def _why(text: str) -> str:
    try:
        sqlglot.parse(text, read="snowflake")
    except (SqlglotError, RecursionError) as error:
        return " ".join(str(error).split())[:90]
    return "parses"


# ---------------------------------------------------------------- packages


def _fetched(folder: Path) -> Path:
    """The packages' files, each package a folder."""
    files = folder / "files"
    if files.is_dir():
        return files
    packages = folder / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for options, names in ((["--no-binary", ":all:"], SOURCES), ([], WHEELS)):
        for name in names:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(packages)]
            try:
                subprocess.run([*pip, *options, name], capture_output=True, check=True, timeout=FETCH_SECONDS)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
                print(f"not to be had: {name}", file=sys.stderr)
    for archive in sorted(packages.glob("*.tar.gz")):
        with tarfile.open(archive) as opened:
            opened.extractall(files, filter="data")
    for archive in sorted(packages.glob("*.whl")):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(files / archive.name.split("-py")[0])
    return files


def _statements(files: Path) -> Iterator[Statement]:
    for package in sorted(files.iterdir()):
        name = re.sub(r"-[\d.]+$", "", package.name)
        if name == "sqlglot":
            yield from _of_sqlglot(package)
            continue
        for path in sorted(package.rglob("*.sql")):
            text = path.read_text(encoding="utf-8", errors="replace")
            if not _UNFINISHED.search(text):
                yield from _split(f"{name}:sql", str(path.relative_to(package)), text)
        for path in sorted(package.rglob("*.py")):
            place = str(path.relative_to(package))
            source = f"{name}:{'tests' if 'test' in place else 'src'}"
            for line, text in _strings(path):
                if _is_sql(text):
                    yield from _split(source, f"{place}:{line}", text)
        for path in sorted((*package.rglob("catalog/*.yaml"), *package.rglob("query_catalog.yaml"))):
            yield from _of_catalog(name, path)


def _of_sqlglot(package: Path) -> Iterator[Statement]:
    """Its test suite for this dialect, what other suites expect of it, and the TPC queries."""
    for path in sorted((package / "tests/dialects").glob("test_*.py")):
        own = path.name == "test_snowflake.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for text in _validated(node) if own else _written(node):
                yield Statement("sqlglot:snowflake" if own else "sqlglot:others", f"{path.name}:{node.lineno}", text)  # type: ignore[attr-defined]
    for suite in ("tpc-h", "tpc-ds"):
        text = (package / f"tests/fixtures/optimizer/{suite}/{suite}.sql").read_text(encoding="utf-8")
        parts = [part.strip() for part in re.sub(r"^\s*(--|#).*$", "", text, flags=re.MULTILINE).split(";")]
        for number, part in enumerate(filter(None, parts)):
            yield Statement(f"sqlglot:{suite}", str(number), part)
    lines = (package / "tests/fixtures/identity.sql").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > SHORTEST and _HEAD.match(line):
            yield Statement("sqlglot:identity", str(number), line)


def _validated(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        first = node.args[0]
        if node.func.attr in ("validate_identity", "validate_all", "parse_one") and isinstance(first, ast.Constant):
            yield str(first.value)


def _written(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            named = isinstance(key, ast.Constant) and key.value == "snowflake"
            if (
                named
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and len(value.value) > SHORTEST
            ):
                yield value.value


def _of_catalog(name: str, path: Path) -> Iterator[Statement]:
    """A catalog of queries that holds one JSON object a line."""
    source = f"{name}:{path.parent.name if path.parent.name != 'catalog' else path.parent.parent.name}"
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            query = json.loads(line[2:]) if line.startswith("- {") else {}
        except ValueError:
            continue
        if "snowflake" in (query.get("skip_on") or []):
            continue
        variant = (query.get("variants") or {}).get("snowflake")
        for key in ("sql", "write_sql", "validation_sql", "cleanup_sql"):
            text = variant if key == "sql" and isinstance(variant, str) else query.get(key)
            if isinstance(text, str) and _HEAD.match(text) and not _UNFINISHED.search(text):
                yield from _split(source, str(query.get("id")), text)


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """The string constants of a module that are neither docstrings nor parts of an f-string."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    apart = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    apart |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.lineno, node.value


def _is_sql(text: str) -> bool:
    if len(text) < SHORTEST or not _HEAD.match(text) or _UNFINISHED.search(text):
        return False
    first = text.split(None, 1)[0]
    # A sentence begins with a capital, or has nothing that only SQL has.
    return not first.istitle() and (not first.islower() or _SQL_MARKS.search(text) is not None)


def _split(source: str, place: str, text: str) -> Iterator[Statement]:
    """The statements of a text. Scripts, which have semicolons within, stay whole."""
    if re.match(r"\s*(begin\s*\n|declare\b|create\b.*\bas\s*\n?\s*begin\b)", text, re.IGNORECASE | re.DOTALL):
        yield Statement(source, place, text)
        return
    ends = [match.end() for match in _PARTS.finditer(text) if match.group() == ";"]
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        part = text[start:end].strip().rstrip(";").strip()
        if _HEAD.match(part):
            yield Statement(source, place, part)


if __name__ == "__main__":
    main()
