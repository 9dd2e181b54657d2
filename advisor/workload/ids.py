"""Whether an id stands twice in a history: by the sorted hashes of each unit's ids, of which a range at a time is compared."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from advisor.snapshot import Snapshot
from advisor.snapshot.normal import blaming

AT_ONCE = 16_000_000
"""So many hashes are held at most, of 8 bytes each, and as many while they are sorted."""

HASHES = "SELECT hash(QUERY_ID) AS ID_HASH FROM {rows} WHERE NOT starts_with(QUERY_ID, '~')"
REPEATED = f"CREATE OR REPLACE TEMP TABLE repeated AS {HASHES} GROUP BY ID_HASH HAVING count(*) > 1"


def write(snapshot: Snapshot, rows: str, count: int, file: Path) -> None:
    """Writes the hashes of the ids of these rows, about `count` of them, as sorted numbers of 64 bits."""
    starts = _starts(count)
    with file.open("wb") as out, blaming(snapshot.folder / "query_history"):
        for start, end in pairwise([*starts, None]):
            bounds = f"ID_HASH >= {start}" + ("" if end is None else f" AND ID_HASH < {end}")
            sql = HASHES.format(rows=rows) + ("" if len(starts) == 1 else f" AND {bounds}")
            hashes = np.asarray(snapshot.connection.execute(sql).fetchnumpy()["ID_HASH"], "<u8")
            hashes.sort()
            hashes.tofile(out)


def any_repeated(files: Iterable[Path]) -> bool:
    """Whether one hash stands twice in them."""
    units = [np.memmap(file, "<u8", "r") for file in files if file.stat().st_size]
    starts = _starts(sum(map(len, units)))
    cuts = [(*np.searchsorted(unit, np.array(starts, "<u8")), len(unit)) for unit in units]
    for number in range(len(starts)):
        hashes = np.concatenate(
            [unit[at[number] : at[number + 1]] for unit, at in zip(units, cuts, strict=True)] or [np.empty(0, "<u8")]
        )
        hashes.sort(kind="stable")  # which goes by runs that are sorted already
        if (hashes[1:] == hashes[:-1]).any():
            return True
    return False


def _starts(count: int) -> list[int]:
    """Where the ranges begin that so many hashes are cut into."""
    ranges = 1 + count // AT_ONCE
    return [number * 2**64 // ranges for number in range(ranges)]
