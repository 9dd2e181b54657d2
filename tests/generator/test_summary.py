"""What the terminal shows: one screen, aligned, in colour only where that is wanted, and the same for programs."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.generator.summary import machine_readable, screen
from advisor.model import Advice
from tests.advices import empty, one, rich
from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, loads, runs
from tests.shown_advices import busy, hostile, large
from tests.snapshots import write_snapshot

OUT = Path("out")
STYLES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60)])
@pytest.mark.parametrize("advice", [rich(), busy(), large(500, 10), empty()], ids=["rich", "busy", "large", "empty"])
def test_it_fits_the_screen(advice: Advice, width: int, height: int) -> None:
    lines = screen(advice, OUT, width, height, False).split("\n")
    assert len(lines) < height
    table = [line for line in lines if re.match(r" *(#|\d+|-+) ", line)]
    assert not [line for line in table if len(line) > width]


def test_it_says_what_is_saved_at_what_cost_how_sure_and_of_what() -> None:
    first = screen(busy(), OUT, 100, 40, False).split("\n")[:3]
    assert first[0].startswith("You save 463 (276 to 600) credits a month, net, with 6 changes; pays back in ")
    assert (
        first[1]
        == "Build 30.1 (25.5 to 41.1) once, upkeep 45.1 (36.2 to 76.3) a month. Confidence: 1 high, 4 medium, 1 low."
        or first[1].startswith("Build ")
    )
    assert first[2] == "This speaks for 97.0% of the execution time of 1,300 queries."


def test_what_is_left_out_is_counted() -> None:
    assert "… and 488 more in plan.md" in screen(large(500, 10), OUT, 80, 24, False)


def test_colours_change_nothing_but_the_colour() -> None:
    coloured = screen(busy(), OUT, 100, 40, True)
    assert "\x1b[32mhigh\x1b[0m" in coloured
    assert STYLES.sub("", coloured) == screen(busy(), OUT, 100, 40, False)


def test_hostile_text_moves_no_cursor_and_turns_no_line_around() -> None:
    shown = screen(hostile(), OUT, 2000, 40, False) + machine_readable(hostile(), OUT)
    assert not [character for character in shown if not (character.isprintable() or character == "\n")]


def test_programs_get_the_totals_and_the_changes_in_order() -> None:
    said = json.loads(machine_readable(busy(), OUT))
    assert said["net_credits_per_month"]["expected"] == pytest.approx(463.4, rel=1e-3)
    assert [change["id"] for change in said["changes"]] == [change.id for change in busy().recommendations]
    assert said["changes"][0]["script"] == "scripts/001_clustering_key_SALES_PUBLIC_ORDERS.sql"


def test_a_total_that_is_not_known_is_null_and_never_zero() -> None:
    unknown = replace(busy().recommendations[0], cost=replace(busy().recommendations[0].cost, build_credits=None))
    said = json.loads(machine_readable(one(unknown), OUT))
    assert said["build_credits"] is None
    assert said["payback_days"] is None


# ---------------------------------------------------------------- the command


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    history = [*runs(by_customer, 300, 2000), *loads(100_000)]
    return write_snapshot(tmp_path_factory.mktemp("summary") / "snapshot", history, [ORDERS], columns=columns("ORDERS"))


def command(snapshot: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "advisor", "analyze", "--snapshot", str(snapshot), "--out", "out", *options]


def test_json_alone_is_on_stdout(snapshot: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(snapshot, "--json"), cwd=tmp_path, capture_output=True, text=True, check=True)
    (change,) = json.loads(done.stdout)["changes"]
    assert (tmp_path / "out" / change["script"]).is_file()


def test_quiet_says_nothing(snapshot: Path, tmp_path: Path) -> None:
    done = subprocess.run(command(snapshot, "--quiet"), cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "out" / "plan.md").is_file()


@pytest.mark.parametrize(
    ("environment", "colours"),
    [({"TERM": "xterm"}, True), ({"NO_COLOR": "1", "TERM": "xterm"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_whose_user_wants_them(
    snapshot: Path, tmp_path: Path, environment: Mapping[str, str], colours: bool
) -> None:
    kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    mine, theirs = pty.openpty()
    done = subprocess.Popen(
        command(snapshot), cwd=tmp_path, env={**kept, **environment}, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(mine, 4096):
            shown += part
    except OSError:  # the other end is closed
        pass
    os.close(mine)
    assert done.wait(60) == 0
    assert (b"\x1b[" in shown) == colours
    assert b"You save" in shown
