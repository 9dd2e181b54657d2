"""What the test server can be told to do wrong."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass
class Fault:
    """What goes wrong on requests whose path and statement match, from hit `skip` on, `times` times."""

    action: str
    """status, drop (before the answer), truncate (in its midst), cut (a short chunk), delay, expire, deny, or refuse (to compile)."""
    path: str = ""
    sql: str = ""
    skip: int = 0
    times: int = 1_000_000
    status: int = 503
    seconds: float = 0.0

    def strikes(self, path: str, sql: str) -> bool:
        if self.times <= 0 or not re.search(self.path, path) or not re.search(self.sql, sql, re.IGNORECASE | re.DOTALL):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


def reset_connection(scope: Scope) -> None:
    """Ends the TCP connection with RST, not FIN."""
    transport = scope["transport"]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Protocol(H11Protocol):  # type: ignore[misc]
    """uvicorn's, with the transport in the scope so that a fault can reset it."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        application: Any = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            await application(scope | {"transport": self.transport}, receive, send)

        self.app: Any = with_transport
