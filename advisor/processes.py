"""Fresh interpreters that run a module of the package and answer on a line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from types import MappingProxyType
from typing import Any

COLLECTED_AFTER = 100_000, 50, 1_000
"""New objects, and the collections of each generation, before the next is collected: nearly all that is read, or sent,
stays in use.
"""


def spawn(module: str, line: Connection) -> subprocess.Popen[bytes]:
    """A fresh interpreter rather than a fork: the parent may run threads. -P keeps the working directory's files out."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, str(line.fileno())],
        pass_fds=(line.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is the parent's to handle
        # One arena: each of a thread's own takes 64 MiB of the address space that is limited.
        env={**os.environ, "PYTHONPATH": path, "MALLOC_ARENA_MAX": "1"},
    )


def _proxied(mapping: Mapping[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


def _sent(proxy: MappingProxyType[Any, Any]) -> tuple[Callable[..., Any], tuple[dict[Any, Any]]]:
    return _proxied, (dict(proxy),)


# A mapping that can't be changed is sent as what it is over: pickle knows no way of its own.
ForkingPickler.register(MappingProxyType, _sent)
