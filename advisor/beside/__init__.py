"""Functions worked out in a process beside this one: handed over with their arguments, and answered as if they had run here.

What the process can't do, because it didn't start, has ended or failed, is done here.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import partial
from multiprocessing import Pipe
from typing import Generic, TypeVar

from advisor.processes import spawn

START_SECONDS = 120.0
"""A process that isn't ready by then never will be."""

Found = TypeVar("Found")


class Begun(Generic[Found]):
    """Work that is done once, by whoever comes first; its answer depends on what it was given alone."""

    def __init__(self, work: Callable[[], Found]) -> None:
        self._work = work
        self._free = threading.Lock()
        self._answer: Future[Found] = Future()

    def do(self, elsewhere: Callable[[], Found] | None = None) -> None:
        """Does it, or lets it be done elsewhere, if nobody has begun."""
        if self._free.acquire(blocking=False):
            try:
                self._answer.set_result((elsewhere or self._work)())
            except BaseException as error:
                self._answer.set_exception(error)
                raise

    def result(self) -> Found:
        self.do()
        return self._answer.result()


class Beside:
    """One process, started with the first work, or a thread of this one alone; ended on leaving."""

    def __init__(self, process: bool = True) -> None:
        self._process: _Process | None = None
        self._stands = False
        self.left = threading.Event()
        """Nobody asks any more for what has been begun."""
        self._driver = ThreadPoolExecutor(1, initializer=self._start if process else _nothing)

    @property
    def stands(self) -> bool:
        """Whether a process has been started, for something else, and takes work."""
        return self._stands

    def start(self) -> None:
        """Work will come."""
        self._driver.submit(_nothing)

    def begin(
        self, function: Callable[..., Found], *arguments: object, here: Callable[[], Found] | None = None
    ) -> Begun[Found]:
        """`here` does the same where the process doesn't, if not the function with its arguments."""
        work = here or partial(function, *arguments)
        begun = Begun(work)
        self._driver.submit(begun.do, partial(self._do, function, arguments, work))
        return begun

    def hasten(self, begun: Begun[Found]) -> None:
        """Lets a thread do what will be asked for."""
        self._driver.submit(begun.do)

    def _start(self) -> None:
        """Before any work is taken: until the process stands, all of it may be done elsewhere."""
        with contextlib.suppress(OSError):
            self._process = process = _Process()
            self._stands = not self.left.is_set() and process.ready()
            if not self._stands:
                self._end()

    def _do(self, function: Callable[..., Found], arguments: tuple[object, ...], here: Callable[[], Found]) -> Found:
        process = self._process
        if process is not None:
            # Whether it has ended or something can't be sent: the work is done here, and fails here if it must.
            try:
                done, found = process.ask(function, arguments)
            except Exception:
                self._end()
            else:
                if done:
                    return found
        if self.left.is_set():
            raise CancelledError
        return here()

    def _end(self) -> None:
        process, self._process, self._stands = self._process, None, False
        if process is not None:
            process.stop()

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        """What has been begun and not been asked for is given up."""
        self.left.set()
        self._driver.shutdown(wait=False, cancel_futures=True)
        self._end()
        self._driver.shutdown()


def _nothing() -> None:
    """A thread needs no start, and a start no work."""


class _Process:
    def __init__(self) -> None:
        self._line, other = Pipe()
        self._process: subprocess.Popen[bytes] = spawn("advisor.beside.worker", other)
        other.close()

    def ready(self) -> bool:
        with contextlib.suppress(EOFError, OSError):
            return self._line.poll(START_SECONDS) and self._line.recv() is True
        return False

    def ask(self, function: Callable[..., Found], arguments: tuple[object, ...]) -> tuple[bool, Found]:
        """Whether it could be done there, and what it came to."""
        self._line.send((function, arguments))
        answer: tuple[bool, Found] = self._line.recv()
        return answer

    def stop(self) -> None:
        """The line stays open for the thread that may wait on it: it is told by the other end's closing."""
        self._process.kill()
        self._process.wait()
