"""A seeded share of `benchmarks.fuzz`: texts that nobody would write get an answer, within the limits."""

from __future__ import annotations

import subprocess
import sys

from advisor.settings import Settings
from advisor.usage import Request, read_all
from benchmarks.fuzz import AT, CONTAINED, catalog, statements
from tests.usage.test_pool import HARD

SEEDS = (101, 102)
COUNT = 150


def test_grown_and_damaged_texts_get_an_answer() -> None:
    texts = [text for seed in SEEDS for text in statements(seed, COUNT)]
    requests = [Request(text, "DB", "S", AT) for text in texts]
    readings = read_all(requests, catalog(), Settings(threads=1, parse_seconds=20))
    assert [
        (text, reading.problem) for text, reading in zip(texts, readings, strict=True) if reading.problem in CONTAINED
    ] == []
    assert sum(reading.problem is None for reading in readings) > len(texts) / 5


def test_the_same_seed_gives_the_same_texts() -> None:
    assert statements(101, 20) == statements(101, 20) != statements(102, 20)


def test_no_text_takes_a_reader_beyond_its_memory() -> None:
    """The peak of the reading processes alone, over the worst texts: no more than 512 MiB."""
    code = (
        "import resource; from advisor.usage import Request, pool, read_all; from advisor.settings import Settings;"
        "from tests.usage.test_pool import HARD; from tests.usage.shown import AT, CATALOG;"
        "huge = 'SELECT a FROM t WHERE a IN (' + '1,' * 12_000_000 + '1)';"
        "settings = Settings(threads=1, parse_seconds=60, parse_bytes=10**8, truncated_at=10**8);"
        "read_all([Request(text, 'DB', 'S', AT) for text in (*HARD.values(), huge)], CATALOG, settings);"
        "pool.dismiss();"  # only of processes that have ended is the peak known
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(HARD) > 15
    assert 50_000 < int(done.stdout) <= 512 * 1024
