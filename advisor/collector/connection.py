"""Connections to Snowflake, the way its users have them: a named entry of `connections.toml` or `config.toml`.

Credentials stay there, or in the environment; none is stored, and none is printed: what the connector says of a failure is
passed on without the values that it was given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from advisor import __version__
from advisor.errors import InputError, SourceError
from advisor.settings import Settings

try:
    import pyarrow as pa
    import snowflake.connector
    from snowflake.connector import SnowflakeConnection
except ImportError as missing:
    raise InputError("a live account needs the Snowflake connector; pip install 'advisor[snowflake]'") from missing

QUERY_TAG = f"advisor {__version__}"

# What a user may override without touching the entry; the names are those of Snowflake's own command line.
_OVERRIDES = (
    "account", "user", "password", "authenticator", "private_key_file", "token", "token_file_path", "role", "warehouse",
    "passcode", "host",
)  # fmt: skip
_ENTRY_ERRORS = (7, 251001, 251005, 251006, 251007)
_PASSPHRASE = "PRIVATE_KEY_PASSPHRASE"
_QUOTED_LINE = re.compile(r"(parse error at line \d+, column \d+).*", re.DOTALL)
"""How connector 5 says that a file is no TOML: the line itself follows, with the password that may stand in it."""
_SECRET = ("password", "token", "passcode", "private_key_password", "private_key_file_pwd")


FAILURES = (snowflake.connector.Error, OSError, ValueError, pa.ArrowException)
"""What escapes from the connector: its own errors and, from 4.x, those of the HTTP library inside it."""


@dataclass(frozen=True)
class Connector:
    """Opens connections of one named entry, all alike."""

    entry: str
    settings: Settings
    environment: Mapping[str, str]

    def open(self) -> SnowflakeConnection:
        """A connection with the session set up. Raises InputError for an entry that can't be used, SourceError for a refusal."""
        # The connector looks for the cloud it runs in by asking a link-local address, which alarms those who watch a network.
        os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
        options = self._options()
        try:
            return snowflake.connector.connect(connection_name=self.entry, **options)
        except FAILURES as error:
            kind = InputError if _unusable(error) else SourceError
            raise kind(self._about(error, options)) from None

    def _about(self, error: BaseException, options: Mapping[str, Any]) -> str:
        text = _QUOTED_LINE.sub(r"\1", str(getattr(error, "raw_msg", None) or error))
        for name in _SECRET:
            if options.get(name):
                text = text.replace(str(options[name]), "***")
        return f"cannot connect with the entry {self.entry!r} of connections.toml: {text}"

    def _options(self) -> dict[str, Any]:
        newer = int(snowflake.connector.__version__.split(".")[0]) >= 5
        options: dict[str, Any] = overrides(
            self.entry, self.environment, "private_key_password" if newer else "private_key_file_pwd"
        )
        options["session_parameters"] = {
            "QUERY_TAG": QUERY_TAG,
            "TIMEZONE": "UTC",
            "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
            "STATEMENT_TIMEOUT_IN_SECONDS": self.settings.statement_seconds,
            "USE_CACHED_RESULT": True,
            "CLIENT_TELEMETRY_ENABLED": False,
        }
        return options | (self._bounds_5() if newer else self._bounds_4())

    def _bounds_5(self) -> dict[str, Any]:
        seconds = self.settings.request_seconds
        return {
            "login_timeout": seconds,
            "request_timeout": seconds,
            "query_timeout": seconds,
            "retry_timeout": seconds,
            "connect_timeout": seconds,
            "retry_max_attempts": 3,
            "enable_server_session_keep_alive_auto_detection": False,
        }

    def _bounds_4(self) -> dict[str, Any]:
        from snowflake.connector.backoff_policies import exponential_backoff  # type: ignore[import-not-found]

        seconds = self.settings.request_seconds
        # Without it a chunk that stays away is asked for during two minutes, whatever the timeouts say.
        backoff = exponential_backoff(factor=2, base=0.1, cap=2, enable_jitter=False)
        return {
            "login_timeout": seconds,
            "network_timeout": seconds,
            "socket_timeout": seconds,
            "backoff_policy": backoff,
        }


def _unusable(error: BaseException) -> bool:
    """Whether the entry is at fault, not the account: it is missing, or lacks something."""
    named = type(error).__name__ in ("ConfigSourceError", "MissingConfigOptionError")
    named = named or bool(_QUOTED_LINE.search(str(error)))
    return named or getattr(error, "errno", None) in _ENTRY_ERRORS or "connection_name" in str(error)


def overrides(entry: str, environment: Mapping[str, str], passphrase: str) -> dict[str, Any]:
    """`SNOWFLAKE_<NAME>`, or `SNOWFLAKE_CONNECTIONS_<ENTRY>_<NAME>`, which wins; the passphrase of a key file under the name
    that the connector's version has for it."""
    found: dict[str, Any] = {}
    for prefix in ("SNOWFLAKE_", f"SNOWFLAKE_CONNECTIONS_{entry.upper()}_"):
        found |= {
            name: environment[prefix + name.upper()] for name in _OVERRIDES if environment.get(prefix + name.upper())
        }
    if environment.get(_PASSPHRASE):
        found[passphrase] = environment[_PASSPHRASE]
    return found
