"""The commands on a live account, and what they never let out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from advisor.collector.connection import Connector, overrides
from advisor.collector.doctor import examine
from advisor.collector.grants import script
from advisor.errors import InputError
from advisor.settings import Settings
from advisor.snapshot.views import VIEWS
from tests import commands
from tests.wire.account import PYTHON, ROOT, Account, advisor, write_entry
from tests.wire.planted import DAYS

NEW_AND_OLD = pytest.mark.parametrize("python", [Path(sys.executable), PYTHON], ids=["newer", "older"])
SECRETS = ("planted-password", "planted-token", "planted-passphrase", "planted-passcode")


def test_analyze_keeps_the_snapshot_beside_its_advice_and_goes_on_from_it(
    connector: Connector, account: Account, tmp_path: Path
) -> None:
    arguments = ("analyze", "--connection", "test", "--days", str(DAYS), "--out", str(tmp_path / "out"))
    first = advisor(account, *arguments)
    assert first.returncode == 0, first.stderr
    advice = json.loads((tmp_path / "out" / "advice.json").read_bytes())
    assert advice["snapshot"]["source"] == "snowflake"
    assert [r["kind"] for r in advice["recommendations"]] == ["clustering_key"]
    account.control(reset=True)
    second = commands.advisor(*arguments, cwd=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "2025-01-01" not in " ".join(account.statements())
    again = json.loads((tmp_path / "out" / "advice.json").read_bytes())
    # What the collection took is another run's to tell.
    assert again | {"snapshot": None} == advice | {"snapshot": None}
    kept = str(tmp_path / "out" / "snapshot")
    offline = commands.advisor("analyze", "--snapshot", kept, "--out", "offline", cwd=tmp_path)
    assert offline.returncode == 0, offline.stderr
    assert (tmp_path / "offline" / "advice.json").read_bytes() == (tmp_path / "out" / "advice.json").read_bytes()


def test_an_offline_analysis_loads_no_connector(history: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from advisor.cli import cli;"
        f"cli.main(['analyze', '--snapshot', {str(history)!r}, '--out', {str(tmp_path / 'out')!r}], standalone_mode=False);"
        "print([name for name in sys.modules if name.startswith(('snowflake', 'advisor.collector'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_doctor_finds_nothing_to_fix_where_all_is_readable(rich: Connector, account: Account) -> None:
    done = advisor(account, "doctor", "--connection", "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("account AB12345, role ADVISOR_ROLE, warehouse ADVISOR_WH\n")
    assert "ok       QUERY_HISTORY: 154 rows, newest 2025-01-02 23:40 UTC" in done.stdout
    assert done.stdout.splitlines()[-1] == "nothing to fix"


def test_doctor_names_the_grant_and_what_it_would_unlock(rich: Connector, account: Account) -> None:
    account.fault("deny", sql="FROM SNOWFLAKE.ACCOUNT_USAGE.TABLE_DML_HISTORY")
    checkup = examine(rich)
    (missing,) = [check for check in checkup.views if check.remedy is not None]
    assert missing.remedy == "GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER TO ROLE ADVISOR_ROLE"
    assert missing.unlocks == VIEWS["table_dml_history"].effect
    done = commands.advisor("doctor", "--connection", "test", cwd=account.home)
    assert done.returncode == 2
    assert f"missing  TABLE_DML_HISTORY: {missing.unlocks}\n         {missing.remedy}" in done.stdout
    assert done.stdout.splitlines()[-1] == "to fix: 1 view can't be read: the grants are above"


def test_doctor_without_the_query_history_is_a_refusal(connector: Connector, account: Account) -> None:
    account.control(run="DROP TABLE SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY")
    done = commands.advisor("doctor", "--connection", "test", cwd=account.home)
    assert done.returncode == 3
    assert "GRANT DATABASE ROLE SNOWFLAKE.GOVERNANCE_VIEWER TO ROLE ADVISOR_ROLE" in done.stderr


@NEW_AND_OLD
def test_an_entry_that_is_not_there_is_the_user_s_to_fix(account: Account, python: Path) -> None:
    done = advisor(account, "doctor", "--connection", "nope", python=python)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "'nope' of connections.toml" in done.stderr


def test_grants_open_three_views_of_metadata_and_nothing_wider() -> None:
    lines = [line for line in script("advisor", '"odd ""Wh"').splitlines() if not line.startswith("--")]
    assert [line.split(" TO ROLE")[0] for line in lines] == [
        "GRANT DATABASE ROLE SNOWFLAKE.GOVERNANCE_VIEWER",
        "GRANT DATABASE ROLE SNOWFLAKE.OBJECT_VIEWER",
        "GRANT DATABASE ROLE SNOWFLAKE.USAGE_VIEWER",
        'GRANT USAGE ON WAREHOUSE "odd ""Wh"',
    ]
    assert all(" TO ROLE ADVISOR;" in line for line in lines)
    with pytest.raises(InputError):
        script("", None)


def test_grants_on_tables_are_said_and_left_to_the_administrator() -> None:
    lines = script("advisor", None).splitlines()
    assert "-- GRANT SELECT ON TABLE <database>.<schema>.<table> TO ROLE ADVISOR;" in lines
    assert [line for line in lines if "ON TABLE" in line and not line.startswith("--")] == []


def test_a_role_s_name_can_end_no_statement() -> None:
    assert 'TO ROLE "X; DROP ROLE Y";' in script("x; drop role y", None)


# ---------------------------------------------------------------- credentials


def test_the_environment_overrides_the_entry_and_the_entry_s_own_variable_wins() -> None:
    environment = {
        "SNOWFLAKE_USER": "everyone",
        "SNOWFLAKE_ROLE": "R",
        "SNOWFLAKE_CONNECTIONS_PROD_USER": "me",
        "PRIVATE_KEY_PASSPHRASE": "p",
        "SNOWFLAKE_HOME": "elsewhere",
    }
    assert overrides("prod", environment, "secret_name") == {"user": "me", "role": "R", "secret_name": "p"}


@NEW_AND_OLD
def test_a_key_s_passphrase_comes_from_the_environment(
    rich: Connector, account: Account, tmp_path: Path, python: Path
) -> None:
    key = tmp_path / "key.p8"
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-aes256"]
    subprocess.run([*command, "-pass", "pass:planted-passphrase", "-out", key], check=True, capture_output=True)
    write_entry(tmp_path, account.port, authenticator="SNOWFLAKE_JWT", private_key_file=str(key), password="")
    home = {"SNOWFLAKE_HOME": str(tmp_path)}
    done = advisor(
        account, "doctor", "--connection", "test", python=python, PRIVATE_KEY_PASSPHRASE="planted-passphrase", **home
    )
    assert done.returncode == 0, done.stderr
    logins = [entry["login"] for entry in account.control(log=True) if "login" in entry["path"]]
    assert {login["AUTHENTICATOR"] for login in logins} == {"SNOWFLAKE_JWT"}
    refused = advisor(
        account, "doctor", "--connection", "test", python=python, PRIVATE_KEY_PASSPHRASE="planted-wrong", **home
    )
    assert refused.returncode in (2, 3)
    assert len(refused.stderr.splitlines()) == 1
    assert "planted" not in refused.stderr


@NEW_AND_OLD
@pytest.mark.parametrize("passphrase", ["planted-passphrase", "planted-wrong"])
def test_neither_a_key_nor_its_passphrase_is_written_anywhere(
    connector: Connector, account: Account, tmp_path: Path, python: Path, passphrase: str
) -> None:
    """Whether the key opens or not, with every logger at its loudest."""
    home = tmp_path / "home"
    home.mkdir()
    key = home / "key.p8"
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-aes256"]
    subprocess.run([*command, "-pass", "pass:planted-passphrase", "-out", key], check=True, capture_output=True)
    unlock = ["openssl", "pkey", "-in", str(key), "-passin", "pass:planted-passphrase"]
    opened = subprocess.run(unlock, check=True, capture_output=True, text=True)
    write_entry(home, account.port, authenticator="SNOWFLAKE_JWT", private_key_file=str(key), password="")
    (tmp_path / "loud.py").write_text(LOUD)
    planted = {"PRIVATE_KEY_PASSPHRASE": passphrase, "SNOWFLAKE_HOME": str(home), "ADVISOR_ATTEMPTS": "1"}
    arguments = ["collect", "--connection", "test", "--days", "1", "--no-statistics", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [python, str(tmp_path / "loud.py"), *arguments],
        cwd=tmp_path,
        env={**account.environment, "PYTHONPATH": str(ROOT), **planted},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode == 0) == (passphrase == "planted-passphrase"), done.stderr
    assert "DEBUG:" in done.stderr
    secrets = ["planted", *(line for pem in (key.read_text(), opened.stdout) for line in pem.splitlines()[1:-1])]
    assert len(secrets) > 40
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent != home]
    for text in (done.stdout, done.stderr, *(path.read_bytes().decode(errors="replace") for path in files)):
        assert [secret for secret in secrets if secret in text] == []


@NEW_AND_OLD
def test_an_access_token_comes_from_the_environment(
    rich: Connector, account: Account, tmp_path: Path, python: Path
) -> None:
    write_entry(tmp_path, account.port, authenticator="PROGRAMMATIC_ACCESS_TOKEN", password="")
    home = {"SNOWFLAKE_HOME": str(tmp_path)}
    done = advisor(account, "doctor", "--connection", "test", python=python, SNOWFLAKE_TOKEN="planted-token", **home)
    assert done.returncode == 0, done.stderr
    (login, *_) = [entry["login"] for entry in account.control(log=True) if "login" in entry["path"]]
    assert (login["AUTHENTICATOR"], login["TOKEN"]) == ("PROGRAMMATIC_ACCESS_TOKEN", "planted-token")


LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
from advisor.cli import main
main()
"""


@pytest.mark.parametrize(
    ("python", "fault", "loud"),
    [
        (Path(sys.executable), None, True),
        (Path(sys.executable), "query-request", False),
        (Path(sys.executable), "login", True),
        (PYTHON, "login", True),
    ],
    ids=["newer", "newer, query refused", "newer, login refused", "older, login refused"],
)
def test_no_secret_is_written_anywhere(
    connector: Connector, account: Account, tmp_path: Path, python: Path, fault: str | None, loud: bool
) -> None:
    """Not even where somebody has every logger write all that it has, the connector's own among them."""
    if fault:
        account.fault("status", status=403, path=fault)
    (tmp_path / "home").mkdir()
    write_entry(tmp_path / "home", account.port, **{name: f"planted-{name}" for name in ("passcode", "token")})
    (tmp_path / "loud.py").write_text(LOUD)
    planted = {
        "SNOWFLAKE_TOKEN": "planted-token",
        "SNOWFLAKE_CONNECTIONS_TEST_PASSWORD": "planted-password",
        "PRIVATE_KEY_PASSPHRASE": "planted-passphrase",
        "SNOWFLAKE_PASSCODE": "planted-passcode",
        "SNOWFLAKE_HOME": str(tmp_path / "home"),
    }
    program = [str(tmp_path / "loud.py")] if loud else ["-m", "advisor"]
    arguments = ["collect", "--connection", "test", "--days", "1", "--no-statistics", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [python, *program, *arguments],
        cwd=tmp_path,
        env={**account.environment, "PYTHONPATH": str(ROOT), "ADVISOR_ATTEMPTS": "1", **planted},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("advisor: ")]
    assert (done.returncode, len(said)) == ((3, 1) if fault else (0, 0)), done.stderr
    assert loud or "Traceback" not in done.stderr
    assert loud == ("DEBUG:" in done.stderr)
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "home"]
    assert len(files) > 5 or fault
    for text in (done.stdout, done.stderr, *(path.read_bytes().decode(errors="replace") for path in files)):
        assert [secret for secret in SECRETS if secret in text] == []


def test_a_file_of_connections_that_is_no_toml_is_told_by_its_line_and_not_quoted(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "connections.toml"
    file.write_text('[test]\npassword = "planted-password\n')
    file.chmod(0o600)
    monkeypatch.setenv("SNOWFLAKE_HOME", str(tmp_path))
    with pytest.raises(InputError, match="line 2") as said:
        Connector("test", Settings(), {}).open()
    assert "planted" not in str(said.value)


def test_a_secret_that_the_connector_repeats_is_struck_out(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as said:
        Connector("planted-password", Settings(), {"SNOWFLAKE_PASSWORD": "planted-password"}).open()
    assert "***" in str(said.value)
