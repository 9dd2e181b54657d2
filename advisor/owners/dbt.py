"""What dbt says of its models, seeds and snapshots (`manifest.json`, the comments of its queries), and a model's file
with another config.

Sources: dbt's manifest artifact; dbt-snowflake's macro that creates a table (it sorts by `cluster_by`, then sets the key; a run
of an incremental model that adds to its table does neither).
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from advisor.errors import InputError
from advisor.model import DbtModel, TableName
from advisor.quoting import jinja_string

TABLES = ("table", "incremental", "dynamic_table", "seed", "snapshot")
"""Materializations that make a table."""
NODES = ("model", "seed", "snapshot")

_PIECE = re.compile(r"""'(?:[^'\\]|\\.|'')*'|"[^"]*"|\$\$.*?\$\$|--[^\n]*|//[^\n]*|/\*(?P<comment>.*?)\*/""", re.DOTALL)
_PART = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
_OF_DBT = re.compile(r"__dbt_tmp\b|\bDBT_INTERNAL_(?:DEST|SOURCE)\b", re.IGNORECASE)
_CONFIG = re.compile(r"\bconfig\s*\(")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_KEYWORD = re.compile(r"[A-Za-z_]\w*(?=\s*=(?!=))")
CONTEXT = 3


def models(path: str | None) -> Mapping[TableName, DbtModel]:
    """The nodes that make tables, by table; empty without a manifest. Raises InputError where it can't be read."""
    if path is None:
        return {}
    try:
        nodes = json.loads(Path(path).read_text(encoding="utf-8"))["nodes"].values()
        found = {name: model for node in nodes if (name := _relation(node)) and (model := _model(node))}
    except OSError as error:
        raise InputError(f"cannot read the dbt manifest {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path} is no dbt manifest: it has no readable nodes; name the target/manifest.json that dbt writes"
        ) from error
    return found


def _model(node: Mapping[str, object]) -> DbtModel | None:
    config = node.get("config")
    kind = config.get("materialized") if isinstance(config, Mapping) else None
    if node.get("resource_type") not in NODES or kind not in TABLES:
        return None
    code = node.get("raw_code") or node.get("raw_sql")
    return DbtModel(_text(node.get("unique_id")), _text(node.get("original_file_path")), _text(code), _text(kind))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _relation(node: Mapping[str, object]) -> TableName | None:
    """The table as Snowflake stores its name: dbt quotes no name unless a project says so."""
    written = _text(node.get("relation_name"))
    if written:
        parts = [
            quoted.replace('""', '"') if quoted else bare.strip().upper() for quoted, bare in _PART.findall(written)
        ]
        return TableName(*parts) if len(parts) == 3 else None
    name = (_text(node.get("database")), _text(node.get("schema")), _text(node.get("alias")) or _text(node.get("name")))
    database, schema, table = name
    return TableName(database.upper(), schema.upper(), table.upper()) if database and schema and table else None


def node_of(text: str) -> tuple[bool, str | None]:
    """Whether dbt wrote a query, by its comment or the names of dbt's own temporary tables, and for which node."""
    for piece in _PIECE.finditer(text):
        said = _said(piece["comment"])
        if said.get("app") == "dbt":
            return True, _text(said.get("node_id"))
    return _OF_DBT.search(text) is not None, None


def _said(comment: str | None) -> Mapping[str, object]:
    try:
        said = json.loads(comment or "{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


# ---------------------------------------------------------------- the patch


def snippet(setting: str, value: str) -> str:
    """The config call for a model that has none: what stands in its file goes before what the project's files say."""
    return f"{{{{ config({setting}={value}) }}}}"


def strings(texts: tuple[str, ...]) -> str:
    """A list of texts, as Jinja writes it."""
    return f"[{', '.join(map(jinja_string, texts))}]"


def patch(model: DbtModel, setting: str, value: str | None) -> str | None:
    """The change of the model's file as a unified diff; `value` None takes the setting away.

    None where the file isn't known, isn't SQL, or has the setting where a program can't replace it safely.
    """
    if model.path is None or model.code is None or not _plain(model.path):
        return None
    changed = _configured(model.code, setting, value)
    if changed is None:
        return None
    return unified(model.code, changed, model.path)


def unified(before: str, after: str, path: str) -> str:
    """The change as a unified diff whose lines end at line feeds alone, as patch and git read them."""
    old, new = ([f"{line}\n" for line in text.split("\n")] for text in (before, after))
    return "".join(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", n=CONTEXT)).removesuffix("\n")


def _plain(path: str) -> bool:
    return path.endswith(".sql") and path.isprintable() and not re.search(r'["\\\t]', path)


def _configured(code: str, setting: str, value: str | None) -> str | None:
    """The code with that argument in its first config call."""
    live = _COMMENT.sub(lambda comment: " " * len(comment[0]), code)
    calls = list(_CONFIG.finditer(live))
    if not calls:
        named = re.search(rf"\b{setting}\b", live) is not None
        return None if value is None or named else f"{snippet(setting, value)}\n\n{code}"
    arguments = _arguments(code, calls[0].end())
    if len(calls) > 1 or arguments is None:
        return None
    present = [(start, end) for name, start, end in arguments if name == setting]
    start = calls[0].end()
    if present:
        return _replaced(code, present[0], f"{setting}={value}" if value is not None else None)
    return None if value is None else _inserted(code, start, f"{setting}={value}", bool(arguments))


def _arguments(code: str, start: int) -> list[tuple[str | None, int, int]] | None:
    """Name, start and end of each argument of the call that opens before `start`; None where its end can't be told."""
    found: list[tuple[str | None, int, int]] = []
    depth, begin, i = 0, start, start
    while i < len(code):
        character = code[i]
        if character in "'\"":
            closing = re.compile(rf"(?:[^\\{character}]|\\.)*{character}", re.DOTALL).match(code, i + 1)
            if closing is None:
                return None
            i = closing.end()
            continue
        if (character in ")]}" and depth == 0) or (character == "," and depth == 0):
            found += _argument(code, begin, i)
            begin = i + 1
            if character != ",":
                return found if character == ")" else None
        depth += (character in "([{") - (character in ")]}")
        i += 1
    return None


def _argument(code: str, begin: int, end: int) -> list[tuple[str | None, int, int]]:
    text = code[begin:end]
    if not text.strip():
        return []
    start = begin + len(text) - len(text.lstrip())
    name = _KEYWORD.match(code, start)
    return [(name[0] if name else None, start, begin + len(text.rstrip()))]


def _replaced(code: str, place: tuple[int, int], argument: str | None) -> str:
    start, end = place
    if argument is not None:
        return code[:start] + argument + code[end:]
    after = re.compile(r"\s*,[ \t]*").match(code, end)
    if after is not None:
        return code[:start] + code[after.end() :].lstrip()
    return re.sub(r",?\s*\Z", "", code[:start]) + code[end:]


def _inserted(code: str, start: int, argument: str, others: bool) -> str:
    """As the first argument, on a line of its own where the others stand so."""
    lines = re.compile(r"[ \t]*\n([ \t]*)").match(code, start)
    if lines is not None:
        return f"{code[:start]}\n{lines[1]}{argument}{',' if others else ''}{code[start:]}"
    return f"{code[:start]}{argument}{', ' if others else ''}{code[start:].lstrip(' ')}"
