"""What every command says on stderr, and what the terminal can show."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click

from advisor.errors import InputError

LOG_SIZE = (1000, 100)
PATIENCE = 2.0
"""Seconds after which a stage shows how far it is."""
WIDTH = 79


def say(line: str) -> None:
    click.echo(line, err=True)


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


def written(path: Path, text: str) -> None:
    """A file that the user named, whole. Raises InputError where it can't be written."""
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file")
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}; name another file") from error


def check_destinations(named: Mapping[str, Path | None], folder: Path | None = None) -> None:
    """Raises InputError where a file that a flag names can't be written, or two are one. `folder` is the run's output."""
    taken: dict[Path, str] = {}
    for flag, path in named.items():
        if path is None:
            continue
        if path.is_dir():
            raise InputError(f"cannot write {flag} {path}: it is a folder; name a file")
        if folder and path.resolve().is_relative_to(folder.resolve()):
            # The next run replaces the folder whole.
            raise InputError(f"{flag} {path} lies in the output folder {folder}; name a file outside of it")
        if folder and not (path.parent.is_dir() or folder.resolve().is_relative_to(path.parent.resolve())):
            raise InputError(
                f"cannot write {flag} {path}: there is no folder {path.parent}; make it, or name another file"
            )
        if other := taken.get(path.resolve()):
            raise InputError(f"{other} and {flag} name the same file {path}; name two")
        taken[path.resolve()] = flag
