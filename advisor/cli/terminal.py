"""What every command says on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click


def say(line: str) -> None:
    click.echo(line, err=True)


def progress() -> Callable[[str], None]:
    """Each stage as it begins, on a terminal only."""
    return say if sys.stderr.isatty() else lambda _: None
