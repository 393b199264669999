"""What every test can rely on."""

import os
import signal
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CLUSTERS = (
    "hpsearch/driver",
    "hpsearch/plan",
    "hpsearch/ray",
    "test_example.py",
    "test_readme.py",
)
"""Where Ray clusters are started, or whole studies launched: the longest tests."""


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this run of the tests that all of its processes have."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def empty_store(shared: Path) -> Path:
    """A database of MLflow without runs, to be copied: making one for each test takes a second."""
    from hpsearch.tracking.store import ready  # not where the tests of trainables alone run

    store = shared / "mlflow.db"
    ready(store, migrates=False)
    return store


def pytest_configure() -> None:
    """Take Ctrl-C even in the background: the commands that tests start inherit an ignored one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first: under `pytest -n 2` each process takes the next file when it is free."""
    items.sort(key=lambda item: not any(map(item.path.relative_to(TESTS).is_relative_to, CLUSTERS)))
