"""Files that a user named to be written: checked before anything is done, written whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from advisor.errors import InputError


def written(path: Path, text: str) -> None:
    """Puts the text in place of the file's, whole or not at all. Where a link stands, the file that it leads to; a pipe or a device,
    such as /dev/stdout, is written into. Raises InputError where it can't be written.
    """
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file")
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        file = path.resolve()
        beside = file.with_name(f".{file.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(file)
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
