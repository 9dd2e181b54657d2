"""Many statements read in killable processes: a text that hangs or crashes its reader costs itself and nothing else."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from advisor.errors import InputError
from advisor.model import Catalog, Reading
from advisor.processes import spawn
from advisor.settings import Settings
from advisor.usage.cache import Shaped, open_cache
from advisor.usage.names import Directory
from advisor.usage.reading import CRASHED, READY, TOO_LONG, TOO_SLOW, TRUNCATED, Answer, Request, failed

BATCH = 72
"""Three templates' samples, of two dozen each: those of one are best read by one process, which then parses the first alone."""
TELL_SECONDS = 0.5
MIN_SHARE = 200
"""Fewer requests than this don't pay for a process more: starting one costs some 200 ms."""
START_SECONDS = 120.0
"""A large catalog takes seconds to hand over; a process that isn't ready by then never will be."""
FEW = 2_000
"""After so few requests a process is kept for the next call: starting it took about as long as reading them."""


Tell = Callable[[int, int], None]
"""Told how many of the statements due have been read."""


def read_all(
    requests: Sequence[Request], catalog: Catalog, settings: Settings, tell: Tell = lambda *_: None
) -> tuple[Reading, ...]:
    """One Reading a request, in order, whatever the number of processes (`settings.threads`); equal ones are read once, and
    those that `settings.cache_folder` has an answer to not at all.

    Limits: `settings.parse_seconds` and `parse_bytes` a statement. Raises InputError when no process can be started.
    """
    distinct = list(dict.fromkeys(requests))
    short = [request for request in distinct if len(request.text) <= settings.parse_bytes]
    readings = {request: failed(TOO_LONG) for request in distinct} | _answered(
        short, Directory.of(catalog), settings, tell
    )
    cut = {request for request in short if settings.truncated_at <= len(request.text)}
    return tuple(
        replace(readings[request], problem=TRUNCATED) if request in cut else readings[request] for request in requests
    )


def _answered(
    requests: Sequence[Request], directory: Directory, settings: Settings, tell: Tell
) -> dict[Request, Reading]:
    """Of texts that differ in constants alone one is read first: mostly it tells what the others say."""
    cache = open_cache(None if settings.cache_folder is None else Path(settings.cache_folder), directory)
    shapes = {request: Shaped.of(request) for request in requests}
    known: dict[Request, Reading] = {}

    def unknown() -> list[Request]:
        left = [request for request in requests if request not in known]
        known.update({each: found for each in left if (found := cache.find(each, shapes[each])) is not None})
        return [request for request in left if request not in known]

    def read(due: Sequence[Request], before: int) -> None:
        answers = _read(due, directory, settings, lambda done, _: tell(before + done, before + len(waiting)))
        cache.keep(answers, shapes)
        known.update({request: answer.reading for request, answer in answers.items()})

    waiting = unknown()
    firsts = {shapes[request].key: request for request in reversed(waiting)}
    due = set(firsts.values())
    read([request for request in waiting if request in due], 0)
    waiting = unknown()
    read(waiting, len(due))
    cache.save()
    return known


def _read(requests: Sequence[Request], directory: Directory, settings: Settings, tell: Tell) -> dict[Request, Answer]:
    waiting = deque(requests)
    answers: dict[Request, Answer] = {}
    workers = min(max(1, settings.threads), -(-len(waiting) // MIN_SHARE))
    if not workers:
        return answers
    with ThreadPoolExecutor(workers) as executor:
        drives = [executor.submit(_drive, waiting, directory, settings.parse_seconds) for _ in range(workers)]
        try:
            while wait(drives, TELL_SECONDS).not_done:
                tell(len(requests) - len(waiting), len(requests))
            for drive in drives:
                answers.update(drive.result())
        finally:
            # Interrupted, the other drivers stop after their batch.
            waiting.clear()
            dismiss(but=1 if len(requests) <= FEW else 0)
    return answers


def _drive(waiting: deque[Request], directory: Directory, seconds: float) -> dict[Request, Answer]:
    """Empty the queue together with the other drivers."""
    found: dict[Request, Answer] = {}
    with _worker(directory, seconds) as worker:
        while batch := _taken(waiting):
            while batch:
                answers = worker.read(batch)
                found.update(zip(batch, answers, strict=False))
                batch = batch[len(answers) :]
    return found


def _taken(waiting: deque[Request]) -> list[Request]:
    batch: list[Request] = []
    while waiting and len(batch) < BATCH:
        try:
            batch.append(waiting.popleft())
        except IndexError:
            # Another driver took the last one.
            break
    return batch


class _Worker:
    """A reading process and the line to it; replaced by a new one when it has to be killed."""

    def __init__(self, directory: Directory, seconds: float) -> None:
        self._directory = directory
        self._seconds = seconds
        self._start()

    def turn_to(self, directory: Directory, seconds: float) -> None:
        """The same process for the next call, or a new one where it has ended or doesn't take another catalog."""
        self._seconds = seconds
        if directory == self._directory and self._process.poll() is None:
            return
        self._directory = directory
        if not self._ready():
            self.stop()
            self._start()

    def read(self, batch: list[Request]) -> list[Answer]:
        """At least one answer: to the whole batch, or up to and with the statement that had to be given up."""
        answers: list[Answer] = []
        problem = TOO_SLOW
        try:
            self._line.send(batch)
            while len(answers) < len(batch) and self._line.poll(self._seconds):
                answers.append(self._line.recv())
        except (EOFError, ConnectionError):
            problem = CRASHED
        if len(answers) < len(batch):
            answers.append(Answer(failed(problem)))
            self.stop()
            self._start()
        return answers

    def _start(self) -> None:
        self._line, other = Pipe()
        self._process = _spawn(other)
        other.close()
        if not self._ready():
            self.stop()
            raise InputError(
                f"cannot read SQL: {sys.executable} -m advisor.usage.worker does not start; "
                "check the installation with `python -m pip check`"
            )

    def _ready(self) -> bool:
        try:
            self._line.send(self._directory)
            return self._line.poll(START_SECONDS) and self._line.recv() == READY
        except (EOFError, ConnectionError):
            return False

    def stop(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()


_idle: list[_Worker] = []
"""Between two calls, at most one. A forked process has to start its own."""
os.register_at_fork(after_in_child=_idle.clear)


@contextmanager
def _worker(directory: Directory, seconds: float) -> Iterator[_Worker]:
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker(directory, seconds)
    else:
        worker.turn_to(directory, seconds)
    try:
        yield worker
    except BaseException:
        worker.stop()
        raise
    _idle.append(worker)


@atexit.register
def dismiss(but: int = 0) -> None:
    """End the processes that wait for the next call, all `but` so many."""
    while len(_idle) > but:
        _idle.pop().stop()


def _spawn(line: Connection) -> subprocess.Popen[bytes]:
    return spawn("advisor.usage.worker", line)
