"""Files that hold what was learned for the next run, in a folder that may be deleted at any time.

A file that isn't as it was written counts as none: it begins with its mark and a digest of the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path


def content(file: Path, mark: bytes) -> bytes | None:
    """What was written; None where there is no such file, or it is damaged, or of another form."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    start = len(mark) + 32
    whole = data[: len(mark)] == mark and hashlib.sha256(data[start:]).digest() == data[len(mark) : start]
    return data[start:] if whole else None


def write(file: Path, mark: bytes, content: bytes) -> None:
    """Puts a new file in the old one's place. A folder that can't be written to costs the next run its time and this one
    nothing."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=f".{file.name}.") as workshop:
            new = Path(workshop, file.name)
            new.touch(mode=0o600)
            new.write_bytes(mark + hashlib.sha256(content).digest() + content)
            new.replace(file)


def version(folders: Iterable[Path], *packages: str) -> str:
    """Of the code that something learned depends on: the modules in these folders, and installed packages."""
    sources = [source for folder in folders for source in sorted(folder.glob("*.py"))]
    return digest(*map(metadata.version, packages), *(source.read_text(encoding="utf-8") for source in sources))


def digest(*parts: str | None) -> str:
    whole = hashlib.sha256()
    for part in parts:
        data = b"" if part is None else part.encode("utf-8", "surrogatepass")
        whole.update(f"{'-' if part is None else len(data)} ".encode())
        whole.update(data)
    return whole.hexdigest()
