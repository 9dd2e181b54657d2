"""The snapshot's folder while it is collected: built beside the one that stands, then put in its place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from advisor.errors import InputError
from advisor.snapshot.manifest import NAME, read_manifest


@dataclass(frozen=True)
class Workshop:
    """`out` stays whole and readable until the new snapshot is. What a killed run leaves is found by the next one."""

    out: Path

    @property
    def new(self) -> Path:
        return self.out.parent / f".{self.out.name}.collecting"

    @property
    def old(self) -> Path:
        return self.out.parent / f".{self.out.name}.replaced"

    def prepare(self) -> None:
        """Raises InputError where `out` can't be made, or holds what no run of ours wrote."""
        try:
            if self.old.exists() and not self.out.exists():
                self.old.rename(self.out)
            _refuse_foreign(self.out)
            self.new.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write {self.out}: {error.strerror}; name another --out") from error

    def keep(self, file: str) -> None:
        """Takes a file of the standing snapshot over into the new one."""
        target = self.new / file
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(self.out / file, partial)
        partial.replace(target)

    def clear(self, wanted: Iterable[str], spared: Iterable[str] = ()) -> None:
        """Removes what is not part of this snapshot: days that have left the window, what a killed run was writing. The
        folders in `spared` stay as they are."""
        files = {self.new / file for file in wanted}
        files |= {path for folder in spared for path in (self.new / folder).rglob("*")}
        for path in sorted(self.new.rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path not in files:
                path.unlink()

    def publish(self) -> None:
        """Puts the new snapshot in the place of the old one; a kill in between is mended by the next `prepare`."""
        if self.old.exists():
            shutil.rmtree(self.old)
        if self.out.exists():
            self.out.rename(self.old)
        self.new.rename(self.out)
        shutil.rmtree(self.old, ignore_errors=True)


def sound(folder: Path) -> bool:
    """Whether a snapshot stands there whose files are those of its manifest."""
    try:
        return (folder / NAME).is_file() and bool(read_manifest(folder).files)
    except InputError:
        return False


def _refuse_foreign(out: Path) -> None:
    if out.is_file():
        raise InputError(f"cannot write the snapshot {out}: a file of that name is there; name another --out")
    if out.is_dir() and any(out.iterdir()) and not _ours(out):
        raise InputError(
            f"cannot replace {out}: it is no snapshot that was collected; move it away or name another --out"
        )


def _ours(out: Path) -> bool:
    path = out / NAME
    return path.is_file() and '"source": "snowflake"' in path.read_text(encoding="utf-8", errors="replace")
