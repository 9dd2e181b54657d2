"""The digests of a history's units, kept for the next run in a folder that may be deleted at any time.

A digest is found again by the content of its unit's files, every byte of it, and by all that is asked of them and by whom. A
file that isn't as it was written counts as none. What is used is a copy, so nobody can take it away or change it meanwhile.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import accumulate, pairwise
from pathlib import Path

from advisor import kept
from advisor.snapshot import Snapshot
from advisor.snapshot.manifest import sha256
from advisor.workload.digests import Digest, Digester, Span
from advisor.workload.units import Unit

FOLDER = "history"
MARK = b"advisor history 1\n"
LONGEST_HEAD = 1000
MOST_BYTES = 4 * 2**30
"""Beyond it, those that were of no use for longest are dropped."""


def keys(snapshot: Snapshot, units: Sequence[Unit], digester: Digester) -> dict[Unit, str]:
    """What each unit's digest is known by."""
    paths = [path for unit in units for path in unit.files]
    # What the manifest says was checked when the snapshot was opened.
    said = {snapshot.folder / name: record.sha256 for name, record in snapshot.manifest.files.items()}
    known = {path: said[path] for path in paths if said.get(path) is not None}
    rest = [path for path in paths if path not in known]
    with ThreadPoolExecutor() as pool:
        known |= dict(zip(rest, pool.map(sha256, rest), strict=True))
    return {unit: _digest(digester.asked, *(str(known[path]) for path in unit.files)) for unit in units}


def take(cache: Path, key: str, digester: Digester, target: Path) -> Digest | None:
    """Copies a digest into the folder `target`, which it makes; None where it isn't there, or tells what was recent then: of
    such a one all that holds whatever is recent is copied."""
    data = content(cache, key)
    if data is None:
        return None
    try:
        span, since, parts = _parsed(data, digester)
    except (ValueError, LookupError, TypeError):
        return None
    holds = span.recent(digester.since) is not None or since == digester.since
    target.mkdir()
    for name, part in zip(digester.files, parts, strict=True):
        if holds or name != "told":
            (target / name).write_bytes(part)
    return Digest(target, span) if holds else None


def _parsed(data: memoryview, digester: Digester) -> tuple[Span, datetime, list[memoryview]]:
    """The parts of a kept digest, and since when its executions count as recent. Raises ValueError, LookupError or TypeError when
    it is of no use."""
    end = bytes(data[:LONGEST_HEAD]).index(b"\n")
    head = json.loads(bytes(data[:end]))
    span = Span(*(None if time is None else datetime.fromisoformat(time) for time in head["span"]))
    since = datetime.fromisoformat(head["since"])
    ends = list(accumulate(head["sizes"], initial=end + 1))
    if len(ends) != len(digester.files) + 1 or ends[-1] != len(data):
        raise ValueError("other parts")
    return span, since, [data[begin:stop] for begin, stop in pairwise(ends)]


def keep(cache: Path, key: str, digester: Digester, digest: Digest) -> None:
    contents = [(digest.folder / name).read_bytes() for name in digester.files]
    span = [None if time is None else time.isoformat() for time in (digest.span.first, digest.span.last)]
    head = {"since": digester.since.isoformat(), "span": span, "sizes": list(map(len, contents))}
    put(cache, key, b"".join([json.dumps(head).encode(), b"\n", *contents]))


def content(cache: Path, key: str) -> memoryview | None:
    """What was put there; None where nothing was, or it isn't as it was written."""
    path = cache / FOLDER / key
    data = kept.content(path, MARK)
    with contextlib.suppress(OSError):
        os.utime(path)
    return None if data is None else memoryview(data)


def put(cache: Path, key: str, content: bytes) -> None:
    """Puts it where `content` finds it. A cache that can't be written to costs the next run its time and this one nothing."""
    kept.write(cache / FOLDER / key, MARK, content)


def drop_old(cache: Path) -> None:
    """Drops what was of no use for longest, down to `MOST_BYTES`."""
    with contextlib.suppress(OSError):
        found = [(path.stat().st_mtime_ns, path.name, path.stat().st_size, path) for path in (cache / FOLDER).iterdir()]
        total = sum(size for *_, size, _ in found)
        for *_, size, path in sorted(found):
            if total > MOST_BYTES:
                path.unlink()
                total -= size


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
