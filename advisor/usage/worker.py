"""The process that parses: `python -m advisor.usage.worker FD` answers requests on a socket until its parent hangs up.

Parsing stays out of the advisor's own process because only the death of a process bounds it: compiled sqlglot checks no
signals, and deep nesting overflows the C stack, which no exception handler catches.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import resource
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path

from advisor.usage.reading import NO_MEMORY, Answer, answer, failed
from advisor.usage.trees import Parser

READY = "ready"
MEMORY_BYTES = 512 * 2**20
ROOM_BYTES = 256 * 2**20
"""What one statement may take in any case: a large catalog takes memory as well, and doesn't count against it."""
STACK_BYTES = 64 * 2**20
RECURSION_LIMIT = 5_000
"""What the stack holds with room to spare: compiled sqlglot crashes above about 8,000 frames on 8 MB."""


def serve(connection: Connection) -> None:
    """Messages in: a Directory, then batches of requests. Out: READY, then one Answer per request."""
    directory = connection.recv()
    _limit_memory()
    # A catalog and a parser hold millions of objects that never become garbage.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    connection.send(READY)
    parser = Parser()
    while True:
        for request in connection.recv():
            try:
                found = answer(directory, request, parser)
            except MemoryError:
                parser.forget()
                found = Answer(failed(NO_MEMORY))
            connection.send(found)


def _limit_memory() -> None:
    with contextlib.suppress(ValueError, OSError):
        # macOS refuses this limit; the deadline alone bounds it there.
        limit = max(MEMORY_BYTES, _held() + ROOM_BYTES)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _held() -> int:
    """This process's address space, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _serve_until_hangup(connection: Connection) -> None:
    with contextlib.suppress(EOFError, ConnectionError):
        serve(connection)


def main() -> None:
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(RECURSION_LIMIT)
    threading.stack_size(STACK_BYTES)
    thread = threading.Thread(target=_serve_until_hangup, args=(Connection(int(sys.argv[1])),))
    thread.start()
    thread.join()


if __name__ == "__main__":
    main()
