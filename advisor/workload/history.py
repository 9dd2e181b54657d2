"""A raw history → statements and their samples, by the texts of `sql/`.

    files → units → their digests → `statements`, `samples`, and the view `unit_told`

A text costs more to read than all other columns together, so samples come from parts of the window, the same for all
statements, and of a statement from no more of them than it takes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from advisor.engine_sql import literal
from advisor.model import recent_from
from advisor.settings import Settings
from advisor.snapshot import Snapshot
from advisor.snapshot.normal import BLOCK_MICROSECONDS
from advisor.workload import ids, kept, shortened
from advisor.workload.counted import STATEMENTS, TYPE, added_up
from advisor.workload.digests import (
    ALL_KINDS,
    HASHED,
    PART,
    SAME,
    SOUGHT,
    STATEMENT_HASH,
    TEXTS_A_SAMPLE_READ,
    VIEW,
    Digest,
    Digester,
)
from advisor.workload.spread import spread
from advisor.workload.texts import executions_of, samples_of
from advisor.workload.units import Unit, sql_list, units, whole

Result = TypeVar("Result")

EXECUTIONS_A_PART = 750_000
EXECUTIONS_OFFERED = 250_000
SHARES = 9
IN_PARTS = (1, 2, 3, 5, 7, 13)
"""With so many parts each has all hours of the day, and a little growth from week to week makes no other parts. More would
leave too few hours of the window in a part."""
FEW_IDS = 200

_UNHASHED = "SELECT 1 FROM query_history WHERE QUERY_PARAMETERIZED_HASH {blank} LIMIT 1"

_CONTEXT = "STATEMENT, DATABASE_NAME, SCHEMA_NAME, OUTCOME"
# The hash stands on one of the rows that differ in their size alone.
_STATEMENTS = f"""
CREATE OR REPLACE TEMP TABLE statements AS
SELECT * REPLACE (
    CASE WHEN row_number() OVER (PARTITION BY {TYPE} ORDER BY WAREHOUSE_SIZE) = 1 THEN PARAMETERIZED_HASH END AS PARAMETERIZED_HASH
)
FROM ({{rows}})
"""

# Of the samples of all units those that one history would have given, without their texts; then these.
_CHOSEN = f"""
CREATE OR REPLACE TEMP TABLE samples AS
WITH candidates AS (
    SELECT QUERY_ID, PARTITIONS_SCANNED, WEIGHT, filename, file_row_number, NUMBER, SAMPLES
    FROM read_parquet({{files}}, filename = true, file_row_number = true) AS c JOIN sought ON {SAME.format(one="c", other="sought")}
),
chosen AS ({spread("candidates", "NUMBER", "SAMPLES")})
SELECT texts.* EXCLUDE (filename, file_row_number) REPLACE (chosen.WEIGHT AS WEIGHT)
FROM chosen JOIN read_parquet({{files}}, filename = true, file_row_number = true) AS texts USING (filename, file_row_number)
"""
# Enough is half of what would be found if the statement's executions were spread evenly.
_REST = f"""
DELETE FROM sought USING (
    SELECT {_CONTEXT}, count(*) AS FOUND FROM samples GROUP BY ALL
) AS held
WHERE {SAME.format(one="sought", other="held")} AND FOUND >= least(SAMPLES, EXECUTIONS // (2 * $parts))
"""
_PLACES = f"""
CREATE OR REPLACE TEMP TABLE places AS
SELECT DISTINCT filename, {", ".join(f"held.{name}" for name in _CONTEXT.split(", "))}
FROM read_parquet({{files}}, filename = true) AS held JOIN sought ON {SAME.format(one="held", other="sought")}
"""
_MOST = f"""
SELECT filename, count(*) FROM places JOIN sought ON {SAME.format(one="places", other="sought")}
GROUP BY filename ORDER BY 2 DESC, 1 LIMIT 1
"""
# A sample stands for its share of all the statement's executions, not only of those in the parts, or on the days, that were
# looked at.
WEIGHED = f"""
CREATE OR REPLACE TEMP TABLE samples AS
WITH held AS (
    SELECT {_CONTEXT}, sum(WEIGHT) AS HELD FROM samples GROUP BY ALL
),
totals AS (
    SELECT {_CONTEXT}, sum(EXECUTIONS) AS EXECUTIONS FROM statements GROUP BY ALL
)
SELECT samples.* REPLACE (greatest(1, samples.WEIGHT * totals.EXECUTIONS // held.HELD) AS WEIGHT)
FROM samples JOIN held ON {SAME.format(one="samples", other="held")}
JOIN totals ON {SAME.format(one="samples", other="totals")}
"""
# What a template's representative is chosen of, and the texts of these.
_CANDIDATES = f"""
CREATE OR REPLACE TEMP VIEW candidates AS SELECT {_CONTEXT}, START_TIME, QUERY_ID FROM ({{executions}});
CREATE OR REPLACE TEMP VIEW candidate_texts AS SELECT QUERY_ID, QUERY_TEXT FROM {{rows}} WHERE QUERY_TEXT NOT IN ('', '<redacted>')
"""
TABLES = ("statements", "samples", "repeated", "sought", "eligible", "part", "places", "zeroed_names", "text_names")
TEMPORARY_VIEWS = (
    "executions",
    "history",
    "written",
    "unread",
    "unit",
    "unit_told",
    "told",
    "candidates",
    "candidate_texts",
    "first_part",
    "askings",
)


@dataclass(frozen=True)
class Digested:
    """A history's digests, a unit each, and how they were made."""

    units: tuple[Unit, ...]
    digests: tuple[Digest, ...]
    """Each in a folder that is named for the number of its unit."""
    digester: Digester

    def files(self, part: str) -> str:
        """The SQL of that part of them all."""
        return sql_list(digest.folder / part for digest in self.digests)


def aggregate(
    snapshot: Snapshot, settings: Settings, tell: Callable[[int, int], None], when_told: Callable[[], None]
) -> None:
    """Makes the tables `statements` and `samples`, as an account would have given them, and the view `executions`.

    The view `unit_told` is what the units' digests say of all executions; `candidates` and `candidate_texts` are what
    representatives are chosen of. `when_told` is called as soon as `unit_told` is there, for every connection. `tell`
    hears of roughly equal shares of the time that compressing takes.
    """
    run = partial(snapshot.rows, VIEW)
    made = _digested(snapshot, settings, tell)
    hashed, unique = made.digester.hashed, made.digester.unique
    executions = executions_of("history", unique) if hashed else f"FROM read_parquet({made.files('executions')})"
    run(f"CREATE OR REPLACE TEMP VIEW executions AS {executions}")
    since = literal(made.digester.since.isoformat(sep=" "))
    told = f"SELECT *, FIRST_SEEN >= TIMESTAMP {since} AS RECENT FROM read_parquet({made.files('told')})"
    run(f"CREATE OR REPLACE VIEW unit_told AS {told}")
    when_told()
    run(_STATEMENTS.format(rows=added_up(f"({STATEMENTS})")))
    _sample(snapshot, settings, made)
    _offer(snapshot, made)
    tell(5, SHARES)


def _digested(snapshot: Snapshot, settings: Settings, tell: Callable[[int, int], None]) -> Digested:
    """A digest of each unit: those that the cache folder has from there, and the others, which are kept there."""
    run = partial(snapshot.rows, VIEW)
    hashed = not any(run(_UNHASHED.format(blank=blank)) for blank in ("IS NULL", "< '!'"))
    run(
        f"CREATE OR REPLACE TEMP VIEW history AS {(HASHED if hashed else ALL_KINDS).format(rows=VIEW, hash=STATEMENT_HASH)}"
    )
    found = units(snapshot, EXECUTIONS_A_PART)
    rows = sum(unit.rows for unit in found)
    parts = next((n for n in IN_PARTS if n * EXECUTIONS_A_PART >= rows), IN_PARTS[-1])
    since = recent_from(snapshot.window_start, snapshot.window_end)
    digester = Digester(snapshot, settings, since, hashed, True, len(found) == 1, parts)
    cache = None if settings.cache_folder is None else Path(settings.cache_folder)
    scratch = Path(tempfile.mkdtemp(dir=snapshot.scratch))
    keys = {} if cache is None else kept.keys(snapshot, found, digester)
    digests = {} if cache is None else _taken(cache, keys, digester, scratch)
    folders = {unit: scratch / str(number) for number, unit in enumerate(found)}
    due = [unit for unit in found if unit not in digests]
    unnumbered = [unit for unit in due if not (folders[unit] / "ids").exists()]
    list(_at_once(digester, unnumbered, lambda each, unit: each.ids(unit, folders[unit])))
    repeated = ids.any_repeated(folder / "ids" for folder in folders.values())
    tell(1, SHARES)
    if repeated:
        run(ids.REPEATED.format(rows=VIEW))
        # Which of two rows stands depends on all files.
        digester, found, digests, cache = replace(digester, unique=False, alone=True), (whole(found),), {}, None
        folders, due = {found[0]: scratch / "whole"}, [found[0]]
        folders[found[0]].mkdir()

    if due and not hashed:
        run(shortened.NAMES)

    def make(each: Digester, unit: Unit) -> Digest:
        digest = each.make(unit, folders[unit])
        if cache is not None:
            kept.keep(cache, keys[unit], each, digest)
        return digest

    for number, (unit, digest) in enumerate(zip(due, _at_once(digester, due, make), strict=True)):
        digests[unit] = digest
        tell(1 + 3 * number // len(due), SHARES)
    if cache is not None:
        kept.drop_old(cache)
    return Digested(found, tuple(digests[unit] for unit in found), digester)


def _at_once(digester: Digester, units: Sequence[Unit], make: Callable[[Digester, Unit], Result]) -> Iterator[Result]:
    """What is made of each unit, several at a time: one alone leaves threads idle while it is begun and written."""
    if digester.alone:
        yield from (make(digester, unit) for unit in units)
        return

    def apart(unit: Unit) -> Result:
        with digester.apart() as each:
            return make(each, unit)

    with ThreadPoolExecutor(max(1, digester.settings.threads)) as pool:
        try:
            yield from pool.map(apart, units)
        finally:
            pool.shutdown(cancel_futures=True)


def _taken(cache: Path, keys: Mapping[Unit, str], digester: Digester, scratch: Path) -> dict[Unit, Digest]:
    folders = [scratch / str(number) for number in range(len(keys))]
    with ThreadPoolExecutor(max(1, digester.settings.threads)) as pool:
        found = pool.map(lambda key, folder: kept.take(cache, key, digester, folder), keys.values(), folders)
        return {unit: digest for unit, digest in zip(keys, found, strict=True) if digest is not None}


def _sample(snapshot: Snapshot, settings: Settings, made: Digested) -> None:
    run = partial(snapshot.rows, VIEW)
    digester = made.digester
    texts = TEXTS_A_SAMPLE_READ * settings.samples_read
    wanted = {"samples": settings.samples_per_template, "texts": texts}
    run(SOUGHT.format(rows="statements", executions="sum(EXECUTIONS)"), wanted)
    run(_CHOSEN.format(files=made.files("samples")))
    run(_REST, {"parts": digester.parts})
    samples = samples_of("written", "part")
    for files, recorded in _elsewhere(snapshot, made):
        run(f"CREATE OR REPLACE TEMP VIEW unread AS {HASHED.format(rows=files)}")
        run(PART.format(recorded=recorded))
        run(f"CREATE OR REPLACE TEMP VIEW written AS FROM {files} {_few_ids(snapshot)}")
        run(f"INSERT INTO samples BY NAME {samples}")
        run(_REST, {"parts": digester.parts})
    run(WEIGHED)


def _offer(snapshot: Snapshot, made: Digested) -> None:
    """Makes the views `candidates` and `candidate_texts`: the executions in a part of the window, of about
    `EXECUTIONS_OFFERED`; the samples of each unit where no part is as small, and units are short.
    """
    run, digester = partial(snapshot.rows, VIEW), made.digester
    rows = sum(unit.rows for unit in made.units)
    parts = next((n for n in IN_PARTS if n * EXECUTIONS_OFFERED >= rows), None)
    if parts is None:
        columns = f"{_CONTEXT}, START_TIME, QUERY_ID, QUERY_TEXT"
        held = f"(SELECT {columns} FROM read_parquet({made.files('samples')}) UNION ALL SELECT {columns} FROM samples)"
        run(_CANDIDATES.format(executions=f"FROM {held}", rows=held))
        return
    part = f"query_history_part({sql_list(snapshot.history)}, {parts}, 0)" if parts > 1 else VIEW
    if digester.hashed:
        run(f"CREATE OR REPLACE TEMP VIEW first_part AS {HASHED.format(rows=part)}")
        executions = executions_of("first_part", digester.unique)
    else:
        block = f"epoch_us(START_TIME) // {BLOCK_MICROSECONDS} % {parts}"
        executions = f"FROM read_parquet({made.files('executions')}) WHERE {block} = 0"
    run(_CANDIDATES.format(executions=executions, rows=part))


def _elsewhere(snapshot: Snapshot, made: Digested) -> Iterator[tuple[str, str]]:
    """Where the statements that are still sought are looked for: the rows, and the executions of the view `unread` of them.

    One part of the window after the other, or of several units always the one that holds most of them.
    """
    run = partial(snapshot.rows, VIEW)
    digester = made.digester
    block = f"epoch_us(START_TIME) // {BLOCK_MICROSECONDS} % {digester.parts}"
    hashed = f"FROM ({executions_of('unread', digester.unique)})"
    if digester.alone:
        for part in range(1, digester.parts):
            if run("SELECT 1 FROM sought LIMIT 1"):
                rows = f"query_history_part({sql_list(snapshot.history)}, {digester.parts}, {part})"
                yield rows, hashed if digester.hashed else f"FROM executions WHERE {block} = {part}"
        return
    run(_PLACES.format(files=made.files("told")))
    while found := run(_MOST):
        unit = made.units[int(Path(found[0][0]).parent.name)]
        told = f"FROM read_parquet({literal(str(Path(found[0][0]).with_name('executions')))})"
        yield f"query_history_files({unit.sql})", f"{hashed if digester.hashed else told} WHERE {block} <> 0"
        run("DELETE FROM places WHERE filename = $name", {"name": found[0][0]})


def _few_ids(snapshot: Snapshot) -> str:
    """Names the ids in `part` where they are few: then only the row groups that they may be in are read."""
    ids = snapshot.rows(VIEW, f"SELECT QUERY_ID FROM part LIMIT {FEW_IDS + 1}")
    return "" if len(ids) > FEW_IDS else f"WHERE QUERY_ID IN ({', '.join(literal(name) for (name,) in ids) or 'NULL'})"
