"""What holds for every test.

No test keeps or finds anything in the user's own cache folder unless it names one. Properties are tried on the same
examples in every run; `pytest --hypothesis-profile default` tries others.
"""

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ["ADVISOR_CACHE_FOLDER"] = "off"

LONG = (
    "test_hostile_kinds.py",
    "test_patience.py",
    "test_prover.py",
    "test_tpc_workload.py",
    "test_tracker.py",
    "test_twins.py",
    "test_what_if.py",
)
"""Each more than 20 seconds."""

settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders come first, with what their tests start, then the files that take longest: at the end a core would wait for
    another."""
    items.sort(key=lambda item: (item.path.parent == Path(__file__).parent, item.path.name not in LONG))


def pytest_collection_finish() -> None:
    """What the imports have left stays until the end. Python would search it for garbage again and again, a third of the time
    that the tests take."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the tables that tests recorded as their property `table`, whichever process ran them."""
    for report in terminalreporter.getreports("passed"):
        for name, table in report.user_properties:
            if name == "table":
                terminalreporter.section(report.nodeid)
                terminalreporter.write_line(str(table))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snapshot `snapshot` and the advice on it, `old`; tests leave both as they are."""
    from tests.commands import advisor
    from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, loads, runs
    from tests.snapshots import write_snapshot

    home = tmp_path_factory.mktemp("home")
    history = [*runs(by_customer, 300, 2000), *loads(100_000)]
    write_snapshot(home / "snapshot", history, [ORDERS], columns=columns("ORDERS"))
    done = advisor("analyze", "--snapshot", "snapshot", "--out", "old", cwd=home)
    assert done.returncode == 0, done.stderr
    return home
