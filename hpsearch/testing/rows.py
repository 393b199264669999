"""The rows of a table as parameters of a contract's tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest


def rows(table: Mapping[str, type[Any]]) -> list[Any]:
    """Return a parameter for each row: its config with the defaults, under its name."""
    return [pytest.param(row(), id=name) for name, row in table.items()]
