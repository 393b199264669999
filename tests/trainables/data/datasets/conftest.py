"""What tests of importers share."""

from collections.abc import Iterator

import pytest
from support.forks import forked


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    """Start the workers of an import as forks; `test_workers` has them as a launch has."""
    with forked("trainables.data.datasets.workers"):
        yield
