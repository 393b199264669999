"""What every test can rely on."""

import signal
from functools import cache
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


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first: under `pytest -n 2` each process takes the next one when it is free.

    Tests that share what their module makes stay together, so that it is made once and not in each process.
    """
    items.sort(key=lambda item: not any(map(item.path.relative_to(TESTS).is_relative_to, CLUSTERS)))
    for item in items:
        if _shares(item.path):
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(TESTS))))


@cache
def _shares(module: Path) -> bool:
    return 'scope="module"' in module.read_text(encoding="utf-8")
