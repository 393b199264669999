"""Processes of the code under test as forks that have the libraries loaded, where no start is the subject."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.forks import FORKS


@contextmanager
def forked(module: str) -> Iterator[None]:
    """Let a module start its processes so meanwhile; what they are sent is pickled as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{module}.get_context", lambda method: FORKS)
        yield
