"""What every test can rely on."""

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


def pytest_configure() -> None:
    """Take Ctrl-C even in the background: the commands that tests start inherit an ignored one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first: under `pytest -n 2` each process takes the next file when it is free."""
    items.sort(key=lambda item: not any(map(item.path.relative_to(TESTS).is_relative_to, CLUSTERS)))
