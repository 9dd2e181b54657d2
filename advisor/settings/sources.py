"""Where a setting's value comes from: the first of a flag, an environment variable `ADVISOR_<NAME>`, `advisor.toml`,
the default.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from advisor import decisions
from advisor.errors import InputError
from advisor.settings.values import CREDITS_PER_HOUR, LEAST, LONGEST_VALID_DAYS, Settings, normal_size

EDITIONS = ("enterprise", "standard")


def load(path: Path | None, flags: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `path` (or `advisor.toml` in the working directory, if there is one), the environment and the flags.

    Raises InputError for a file that can't be read and for a name or a value that isn't a setting's.
    """
    file = path or Path("advisor.toml")
    given: dict[str, object] = {"cache_folder": _cache_home(environment)}
    if path is not None or file.is_file():
        given |= _read(file)
    prefix = "ADVISOR_"
    given |= {key.removeprefix(prefix).lower(): text for key, text in environment.items() if key.startswith(prefix)}
    given |= {key: value for key, value in flags.items() if value is not None}
    settings = replace(Settings(), **{key: _typed(key, value) for key, value in sorted(given.items())})
    if settings.edition not in EDITIONS:
        raise InputError(
            f"setting edition has an unusable value {settings.edition!r}: it is one of {', '.join(EDITIONS)}"
        )
    if normal_size(settings.default_warehouse_size) not in settings.credits_per_hour:
        raise InputError(
            f"setting default_warehouse_size has an unusable value {settings.default_warehouse_size!r}: credits_per_hour"
            f" knows {', '.join(settings.credits_per_hour)}"
        )
    return settings


def _cache_home(environment: Mapping[str, str]) -> str | None:
    """The user's folder for what can be made again, as the platform has it; None for a user without a home."""
    home = environment.get("HOME") or environment.get("USERPROFILE")
    if sys.platform == "win32":
        place = environment.get("LOCALAPPDATA") or (home and str(Path(home, "AppData", "Local")))
    elif sys.platform == "darwin":
        place = home and str(Path(home, "Library", "Caches"))
    else:
        place = environment.get("XDG_CACHE_HOME") or (home and str(Path(home, ".cache")))
    return str(Path(place, "advisor")) if place else None


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read settings {file}: {error}") from error


def _typed(key: str, value: object) -> Any:
    known = {f.name: f for f in fields(Settings)}
    if key not in known:
        nearest = difflib.get_close_matches(key, known, n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else f"; known: {', '.join(sorted(known))}"
        raise InputError(f"unknown setting {key}{hint}")
    try:
        return _convert(key, value)
    except (TypeError, ValueError) as error:
        # A list of decisions names the one at fault; all of them would hide it.
        shown = f"{value!r}: " if isinstance(value, str | int | float) else ""
        raise InputError(f"setting {key} has an unusable value: {shown}{error}") from error


def _convert(key: str, value: object) -> Any:
    default = getattr(Settings(), key)
    if key == "decisions":
        return decisions.read(value)
    if key == "credits_per_hour":
        if not isinstance(value, Mapping):
            raise TypeError("it is a table of warehouse sizes")
        return MappingProxyType({**CREDITS_PER_HOUR, **{normal_size(str(k)): _number(v) for k, v in value.items()}})
    if isinstance(default, tuple):
        parts = value.split(",") if isinstance(value, str) else list(value)  # type: ignore[call-overload]
        low, expected, high = (_number(part) for part in parts)
        if not low <= expected <= high:
            raise ValueError("low, expected and high must be in this order")
        return low, expected, high
    if key == "memory_limit" and not re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", str(value), re.IGNORECASE):
        raise ValueError("it must be a number with a unit, such as 700MB")
    if key == "dbt_manifest":
        return str(value) or None
    if key == "cache_folder":
        return None if value is None or str(value).strip().lower() in ("", "off") else str(value)
    if isinstance(default, str):
        return str(value)
    number = _number(value)
    if number < LEAST.get(key, 0):
        raise ValueError(f"it must be at least {LEAST[key]}")
    if key == "advice_valid_days" and number > LONGEST_VALID_DAYS:
        raise ValueError(f"it must be at most {LONGEST_VALID_DAYS}")
    return int(number) if isinstance(default, int) or key == "max_changes" else number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError("it must be a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("it must be finite")
    if number < 0:
        raise ValueError("it must not be negative")
    return number
