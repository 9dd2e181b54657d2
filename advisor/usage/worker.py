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

from advisor.usage.names import Directory
from advisor.usage.reading import NO_MEMORY, READY, Answer, Request, answer, failed
from advisor.usage.trees import Parser

MEMORY_BYTES = 512 * 2**20
ROOM_BYTES = 256 * 2**20
"""What one statement may take in any case: a large catalog takes memory as well, and doesn't count against it."""
STACK_BYTES = 64 * 2**20
RECURSION_LIMIT = 5_000
"""What the stack holds with room to spare: compiled sqlglot crashes above about 8,000 frames on 8 MB."""


def serve(connection: Connection) -> None:
    """Messages in: a Directory, then batches of requests, and so on. Out: READY to each Directory, one Answer to each request.

    Returns at a second Directory when little room is left: a fresh process has more.
    """
    parser = Parser()
    directory, first = connection.recv(), True
    while _limited(first):
        # A catalog and a parser hold millions of objects that never become garbage.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        connection.send(READY)
        while isinstance(message := connection.recv(), list):
            for request in message:
                connection.send(_answer(directory, request, parser))
        directory, first = message, False
        parser.forget()


def _answer(directory: Directory, request: Request, parser: Parser) -> Answer:
    try:
        return answer(directory, request, parser)
    except MemoryError:
        parser.forget()
        return Answer(failed(NO_MEMORY))


def _limited(first: bool) -> bool:
    """Limit the memory to what one statement may take; whether it may be as much as in any other process."""
    with contextlib.suppress(ValueError, OSError):
        # macOS refuses this limit; the deadline alone bounds it there.
        needed = _held() + ROOM_BYTES
        if needed > MEMORY_BYTES and not first:
            return False
        limit = max(MEMORY_BYTES, needed)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return True


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
