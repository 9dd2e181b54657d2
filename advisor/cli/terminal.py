"""What every command says on stderr, and what the terminal can show."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

import click

LOG_SIZE = (1000, 100)
PATIENCE = 2.0
"""Seconds after which a stage shows how far it is."""
WIDTH = 79


def say(line: str) -> None:
    click.echo(line, err=True)


def unsaid(line: str) -> None:
    """Says it to nobody."""


@dataclass
class Progress:
    """Each stage as it begins; one that takes longer, with the share that is done and an estimate of the time left."""

    stream: TextIO
    clock: Callable[[], float] = time.monotonic
    stage: str = ""
    since: float = 0.0
    estimated: bool = False
    """The cursor stands at the end of an estimate."""

    def __call__(self, stage: str, done: int = 0, due: int = 0, /) -> None:
        if stage != self.stage:
            self.stream.write("\r" + " " * WIDTH + "\r" if self.estimated else "")
            self.stream.write(f"{stage}\n")
            self.stage, self.since, self.estimated = stage, self.clock(), False
        spent = self.clock() - self.since
        if 0 < done <= due and spent > PATIENCE:
            left = spent * (due - done) / done
            self.stream.write(f"\r  {done / due:.0%} done, about {_time(left)} left".ljust(WIDTH))
            self.estimated = True
        self.stream.flush()


def _time(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds > 90 else f"{seconds:.0f} s"


def progress() -> Callable[..., None]:
    """For a terminal; nothing is said in a pipe."""
    return Progress(sys.stderr) if sys.stderr.isatty() else lambda *_: None


def coloured() -> bool:
    """Colours are for a terminal that can show them, unless its user wants none: no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def screen_size() -> tuple[int, int]:
    """Columns and lines; a file has as many as are needed."""
    size = shutil.get_terminal_size()
    return (size.columns, size.lines) if sys.stdout.isatty() else LOG_SIZE
