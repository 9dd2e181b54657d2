"""`reports/example/` is what the present code makes of the demo's snapshot that lies in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.refresh_example import EXAMPLE, PICTURES, SNAPSHOT, write_output

REFRESH = "if this is meant: python -m tests.refresh_example"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("example") / "out"
    write_output(out)
    return files(out)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_the_example_is_what_the_present_code_makes_of_its_snapshot(output: dict[str, bytes]) -> None:
    kept = {
        path: text for path, text in files(EXAMPLE).items() if path.split("/")[0] not in (SNAPSHOT.name, PICTURES.name)
    }
    assert sorted(kept) == sorted(output), REFRESH
    assert [path for path in kept if kept[path] != output[path]] == [], REFRESH


def test_the_example_is_the_demo_s_and_recommends_something(output: dict[str, bytes]) -> None:
    assert b'"source": "demo"' in output["advice.json"]
    assert any(path.startswith("scripts/") for path in output)


def test_each_template_s_range_holds_what_is_expected_of_it(output: dict[str, bytes]) -> None:
    shares = [
        template["partitions_scanned_share"]
        for change in json.loads(output["advice.json"])["recommendations"]
        for template in change["evidence"]["templates"]
    ]
    assert shares
    assert all(0 <= share["after_low"] <= share["after"] <= share["after_high"] <= 1 for share in shares)


def test_the_example_shows_every_width_in_both_themes() -> None:
    assert {path.stem for path in PICTURES.glob("*.png")} >= {
        f"{width}-{theme}" for width in ("laptop", "phone", "print") for theme in ("light", "dark")
    }
