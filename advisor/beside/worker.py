"""The process that works beside another: `python -m advisor.beside.worker FD` does what it is given on a socket until
its parent hangs up.
"""

from __future__ import annotations

import contextlib
import gc
import sys
from multiprocessing.connection import Connection

from advisor.clustering import candidates  # noqa: F401  what is asked for first: it takes long to import
from advisor.processes import COLLECTED_AFTER


def serve(line: Connection) -> None:
    """Messages in: a function and its arguments. Out: first True, then to each whether it could be done and what it came to. What
    fails is done again by the parent, which then sees the error."""
    gc.set_threshold(*COLLECTED_AFTER)
    line.send(True)
    while True:
        function, arguments = line.recv()
        try:
            answer = True, function(*arguments)
        except Exception:
            answer = False, None
        line.send(answer)


if __name__ == "__main__":
    with contextlib.suppress(EOFError, ConnectionError):
        serve(Connection(int(sys.argv[1])))
