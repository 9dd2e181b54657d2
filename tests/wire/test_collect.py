"""What a run fetches, keeps, degrades and refuses."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from advisor.collector.collect import collect
from advisor.collector.connection import QUERY_TAG, Connector
from advisor.collector.doctor import examine
from advisor.collector.views import ACCOUNT_VIEWS, NEEDED
from advisor.errors import InputError, SourceError
from advisor.settings import Settings
from advisor.snapshot import info, missing_views, open_snapshot
from tests.wire.account import Account, contents
from tests.wire.planted import DAYS


def asked(account: Account) -> list[str]:
    """The days of the history that were asked for, each once."""
    found = {m for sql in account.statements() for m in re.findall(r"END_TIME >= '(\d{4}-\d\d-\d\d)", sql)}
    return sorted(found)


def test_the_manifest_says_whose_and_when_and_holds_every_file(connector: Connector, tmp_path: Path) -> None:
    collect(connector, tmp_path / "s", days=DAYS)
    manifest = json.loads((tmp_path / "s" / "manifest.json").read_text())
    assert (manifest["source"], manifest["account"]) == ("snowflake", "AB12345")
    with open_snapshot(tmp_path / "s") as snapshot:
        assert manifest["taken_at"] == (snapshot.window_end + timedelta(hours=1)).isoformat()
    files = {p.relative_to(tmp_path / "s").as_posix() for p in (tmp_path / "s").rglob("*.parquet")}
    assert set(manifest["files"]) == files
    assert "query_templates/2025-01-01.parquet" in files
    assert all(len(entry["sha256"]) == 64 for entry in manifest["files"].values())


def test_a_later_run_asks_only_for_days_that_were_not_settled(
    connector: Connector, account: Account, tmp_path: Path
) -> None:
    collect(connector, tmp_path / "s", days=DAYS)
    first = contents(tmp_path / "s")
    account.control(reset=True)
    collect(connector, tmp_path / "s", days=DAYS)
    # The last day was still running when it was asked.
    assert asked(account) == ["2025-01-02", "2025-01-03"]
    assert contents(tmp_path / "s") == first


def test_days_that_left_the_window_leave_the_snapshot(connector: Connector, tmp_path: Path) -> None:
    collect(connector, tmp_path / "s", days=DAYS)
    collect(connector, tmp_path / "s", since=datetime(2025, 1, 2))
    assert sorted(p.stem for p in (tmp_path / "s" / "query_templates").iterdir()) == [
        "2025-01-02",
        "2025-01-03",
    ]


def test_another_number_of_samples_is_another_question(connector: Connector, account: Account, tmp_path: Path) -> None:
    collect(connector, tmp_path / "s", since=datetime(2025, 1, 1))
    account.control(reset=True)
    more = Connector(connector.entry, Settings(samples_per_day=3, retry_seconds=0.05), {})
    collect(more, tmp_path / "s", since=datetime(2025, 1, 1))
    samples = [sql for sql in account.statements() if "NTILE(3)" in sql]
    assert len(samples) == DAYS + 1


def test_a_folder_that_no_run_wrote_is_left_alone(connector: Connector, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="it is no snapshot"):
        collect(connector, tmp_path / "s", days=DAYS)
    assert [p.name for p in (tmp_path / "s").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("view", NEEDED)
def test_without_a_needed_view_the_grant_is_named(
    connector: Connector, account: Account, tmp_path: Path, view: str
) -> None:
    account.fault("deny", sql=rf"FROM SNOWFLAKE\.ACCOUNT_USAGE\.{view}\b")
    with pytest.raises(SourceError, match=r"GRANT DATABASE ROLE SNOWFLAKE\.\w+_VIEWER TO ROLE ADVISOR_ROLE") as refusal:
        collect(connector, tmp_path / "s", since=datetime(2025, 1, 2))
    assert ACCOUNT_VIEWS[view].database_role in str(refusal.value)
    assert not (tmp_path / "s").exists()


def test_a_view_that_the_account_has_not_is_missing(connector: Connector, account: Account, tmp_path: Path) -> None:
    account.control(run="DROP TABLE SNOWFLAKE.ACCOUNT_USAGE.TABLE_QUERY_PRUNING_HISTORY")
    assert "table_query_pruning_history" in collect(connector, tmp_path / "s", since=datetime(2025, 1, 2)).missing


def test_an_older_account_s_missing_columns_are_null_and_noted(
    connector: Connector, account: Account, tmp_path: Path
) -> None:
    for view, column in (("TABLES", "IS_HYBRID"), ("QUERY_HISTORY", "BYTES_READ_FROM_RESULT"), ("COLUMNS", "DELETED")):
        account.control(run=f"ALTER TABLE SNOWFLAKE.ACCOUNT_USAGE.{view} DROP COLUMN {column}")
    collect(connector, tmp_path / "s", since=datetime(2025, 1, 2))
    assert len(contents(tmp_path / "s")["columns"]) == 5
    with open_snapshot(tmp_path / "s") as snapshot:
        notes = " ".join(info(snapshot).notes)
    assert "tables: the account has no column IS_HYBRID" in notes
    assert "query_history: the account has no column BYTES_READ_FROM_RESULT" in notes


def test_only_reads_and_session_settings_leave(connector: Connector, account: Account, tmp_path: Path) -> None:
    collect(connector, tmp_path / "s", days=DAYS)
    collect(connector, tmp_path / "raw", days=DAYS, raw=True)
    examine(connector)
    statements = account.statements()
    assert len(statements) > 40
    for sql in statements:
        text = re.sub(r"--[^\n]*\n", "", sql).lstrip()
        assert re.match(r"(SELECT|WITH|SHOW|DESCRIBE|EXPLAIN|ALTER SESSION)\b", text, re.IGNORECASE), sql


def test_the_session_is_set_up(connector: Connector, account: Account) -> None:
    connector.open().close()
    (login,) = [entry["login"] for entry in account.control(log=True) if "login" in entry["path"]]
    parameters = login["SESSION_PARAMETERS"]
    assert parameters["QUERY_TAG"] == QUERY_TAG
    assert parameters["TIMEZONE"] == "UTC"
    said = {name: str(value).lower() for name, value in parameters.items()}
    assert said["QUOTED_IDENTIFIERS_IGNORE_CASE"] == said["CLIENT_TELEMETRY_ENABLED"] == "false"
    assert said["USE_CACHED_RESULT"] == "true"
    assert said["STATEMENT_TIMEOUT_IN_SECONDS"] == "3600"
    assert not [e for e in account.control(log=True) if "telemetry" in e["path"]]


SHOWN = """
SELECT 'LOAD_WH' AS "name", 'STARTED' AS "state", 'STANDARD' AS "type", 'Large' AS "size", 600 AS "auto_suspend"
UNION ALL SELECT 'Always On', 'STARTED', 'STANDARD', 'X-Small', NULL
"""


def test_the_settings_of_warehouses_come_from_show(connector: Connector, account: Account, tmp_path: Path) -> None:
    account.control(answers={"SHOW WAREHOUSES": SHOWN})
    collect(connector, tmp_path / "s", since=datetime(2025, 1, 2))
    assert "SHOW WAREHOUSES" in account.statements()
    assert contents(tmp_path / "s")["warehouses"] == [
        ("Always On", "STANDARD", "X-Small", 0),
        ("LOAD_WH", "STANDARD", "Large", 600),
    ]


def test_a_role_that_sees_no_warehouse_collects_all_the_same(
    connector: Connector, account: Account, tmp_path: Path
) -> None:
    account.control(answers={"SHOW WAREHOUSES": f"SELECT * FROM ({SHOWN}) AS shown WHERE FALSE"})
    assert "SHOW WAREHOUSES" not in collect(connector, tmp_path / "s", since=datetime(2025, 1, 2)).missing
    assert contents(tmp_path / "s")["warehouses"] == []


def test_show_warehouses_refused_is_missing_and_no_failure(
    connector: Connector, account: Account, tmp_path: Path
) -> None:
    account.fault("deny", sql="SHOW WAREHOUSES")
    collected = collect(connector, tmp_path / "s", since=datetime(2025, 1, 2))
    assert "SHOW WAREHOUSES" in collected.missing
    with open_snapshot(tmp_path / "s") as snapshot:
        assert "warehouses" in {each.view for each in missing_views(snapshot)}
        assert not [note for note in info(snapshot).notes if "SHOW WAREHOUSES" in note]
    (check,) = [each for each in examine(connector).views if each.view == "SHOW WAREHOUSES"]
    assert check.remedy == "GRANT MONITOR ON WAREHOUSE <each of them> TO ROLE ADVISOR_ROLE"
