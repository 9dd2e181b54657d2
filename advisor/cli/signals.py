"""The signals that end a command as Ctrl-C does: what it has begun is cleaned up and its processes are ended."""

from __future__ import annotations

import signal
import time
from types import FrameType

ENDING = {signal.SIGTERM: "terminated", signal.SIGHUP: "hung up"}
REPEATED_SECONDS = 1.0
"""`timeout` sends its signal to the command and then to its group: one that comes so soon is the same."""


class Ended(KeyboardInterrupt):
    """What Ctrl-C raises, for another signal: whatever lets the one through lets the other."""

    def __init__(self, number: int) -> None:
        self.said = ENDING[signal.Signals(number)]
        self.exit_status = 128 + number


def heed() -> None:
    """Raises Ended in the main thread when one of them comes; one that is ignored (`nohup`) stays so."""
    last = -REPEATED_SECONDS

    def end(number: int, _: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPEATED_SECONDS:
            last = now
            raise Ended(number)

    for each in ENDING:
        if signal.getsignal(each) == signal.SIG_DFL:
            signal.signal(each, end)
