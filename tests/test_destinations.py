"""Files that a user named: links, pipes and devices are written as a shell would write them."""

import os
import threading
from pathlib import Path

from advisor.destinations import written


def test_a_link_stays_and_its_file_is_replaced(tmp_path: Path) -> None:
    file, link = tmp_path / "kept" / "ledger.jsonl", tmp_path / "ledger.jsonl"
    file.parent.mkdir()
    file.write_text("old")
    link.symlink_to(file)
    written(link, "new")
    assert link.is_symlink()
    assert file.read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "ledger.jsonl"]
    assert [path.name for path in file.parent.iterdir()] == ["ledger.jsonl"]


def test_a_pipe_is_written_into_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    written(pipe, "text")
    reader.join(timeout=10)
    assert read == ["text"]
    assert pipe.is_fifo()
