"""The test server, started once for all tests here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from advisor.collector.connection import Connector
from advisor.settings import Settings
from tests.wire.account import PYTHON, Account, filling, free_port, start, write_entry
from tests.wire.planted import write_history
from tests.wire.services import write_services


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    assert PYTHON.exists(), "the test server's environment is missing: `make test` sets it up"
    home = tmp_path_factory.mktemp("snowflake")
    port = free_port()
    write_entry(home, port)
    account = start(home, port)
    yield account
    account.stop()


@pytest.fixture
def account(server: Account) -> Account:
    server.control(reset=True)
    return server


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_history(tmp_path_factory.mktemp("history") / "snapshot")


@pytest.fixture(scope="session")
def orders(server: Account, history: Path) -> list[dict[str, str]]:
    return filling(history, server.home)


@pytest.fixture
def connector(account: Account, orders: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Connector:
    """The entry of the server, which holds the history."""
    account.fill(orders)
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    return Connector("test", Settings(retry_seconds=0.05, request_seconds=5), {})


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_services(tmp_path_factory.mktemp("services") / "snapshot")


@pytest.fixture
def rich(connector: Connector, account: Account, services: Path) -> Connector:
    """The account with every view that there is."""
    (account.home / "rich").mkdir(exist_ok=True)
    account.fill(filling(services, account.home / "rich"))
    return connector
