"""The demo's recorded history in an account: what is advised there is what is advised on its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from advisor.analyzer import analyze
from advisor.generator import generate
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.refresh_example import SNAPSHOT
from tests.wire.account import Account, advisor, filling

OF_TABLES = ("column_statistics", "manifest")
"""What an account without the demo's tables can't be asked for."""


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's history as an export, and beside it what is advised on it."""
    home = tmp_path_factory.mktemp("demo")
    (home / "snapshot").mkdir()
    for path in SNAPSHOT.iterdir():
        if path.is_file() and path.stem not in OF_TABLES:
            (home / "snapshot" / path.name).write_bytes(path.read_bytes())
    with open_snapshot(home / "snapshot") as snapshot:
        generate(analyze(snapshot, Settings()), home / "out")
    return home


def advice(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "advice.json").read_bytes())
    return content


def by_target(advice: dict[str, Any]) -> list[dict[str, Any]]:
    """Changes that are worth nearly the same may come in either order."""
    return sorted(advice["recommendations"], key=lambda each: json.dumps([each["kind"], each["target"]]))


def test_an_account_gives_the_advice_of_its_history(account: Account, offline: Path, tmp_path: Path) -> None:
    """The literals that are sampled differ, so the figures do, by less than a tenth, and the queries that verify; what should be
    changed doesn't, but that of two keys of one table which begin alike either may be chosen, each within the other's range."""
    (account.home / "demo").mkdir(exist_ok=True)
    account.fill(filling(offline / "snapshot", account.home / "demo"))
    options = ("--days", "15", "--no-statistics", "--quiet", "--out", tmp_path / "out")
    done = advisor(account, "analyze", "--connection", "test", *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    live, expected = advice(tmp_path / "out"), advice(offline / "out")
    for counted in ("queries", "templates", "templates_parsed", "skipped"):
        assert live["coverage"][counted] == expected["coverage"][counted]
    assert len(expected["recommendations"]) > 1
    pairs = list(zip(by_target(live), by_target(expected), strict=True))
    assert all((found["kind"], found["target"]) == (given["kind"], given["target"]) for found, given in pairs)
    alike = []
    for found, given in pairs:
        keys = [each["details"].get("clustering_key") for each in (found, given)]
        alike.append(keys[0] == keys[1])
        if alike[-1]:
            assert found["id"] == given["id"]
            assert [found["statements"][part] for part in ("apply", "revert")] == [
                given["statements"][part] for part in ("apply", "revert")
            ]
            net = (each["net_credits_per_month"]["expected"] for each in (found, given))
            assert next(net) == pytest.approx(next(net), rel=0.1)
        else:
            assert keys[0][0] == keys[1][0]
            for one, other in ((found, given), (given, found)):
                held = one["net_credits_per_month"]
                assert held["low"] <= other["net_credits_per_month"]["expected"] <= held["high"]
    assert alike.count(False) <= 1
