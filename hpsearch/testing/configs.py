"""Configs to run contracts with: rows of a table, other settings of one, the numbers among its settings."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast

import pytest

from trainables.base.schema import Config
from trainables.base.table import Table

Row = TypeVar("Row")
"""A config by the protocol of its table."""


def rows(table: Mapping[str, type[Any]]) -> list[Any]:
    """Return a parameter for each row: its config with the defaults, under its name."""
    return [pytest.param(row(), id=name) for name, row in table.items()]


def fields_of(config: object) -> list[str]:
    """Return the settings that a config has."""
    return list(type(cast(Config, config)).model_fields)


def changed(config: Row, **settings: Any) -> Row:
    """Return a config with other settings. Raises `ValidationError` where they do not go together."""
    row = cast(Config, config)
    given = {key: getattr(row, key) for key in row.model_fields_set}
    return cast(Row, type(row).model_validate({**given, **settings}))


def written(table: Table[Any], config: object, patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a config as YAML has it, under the name of its row.

    Where its class is no row of the table, because its package is not installed, it is one for the test.
    """
    row = type(cast(Config, config))
    name = next((name for name, other in table.configs.items() if other is row), None)
    if name is None:
        name = f"tested-{row.__name__.lower()}"
        patch.setitem(table.built_in, name, row)
    return {name: cast(Config, config).model_dump(mode="json")}


def assert_read_without_torch(config: object, questions: str) -> None:
    """Fail where a config cannot be sent to another process, or answers questions there by loading torch.

    `questions` are Python expressions about `config`.
    """
    assert pickle.loads(pickle.dumps(config)) == config
    code = (
        "import pickle, sys\n"
        "config = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        f"{questions}\n"
        "assert 'torch' not in sys.modules, 'import torch in the methods that need it'"
    )
    command = [sys.executable, "-c", code, pickle.dumps(config).hex()]
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}  # where pytest found the config's module
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=here)
    assert done.returncode == 0, done.stderr


def numbers(row: type[Config]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield the key and the JSON schema of each number of a config, and whether it stands in a list.

    A number of few allowed values (`enum`) is no range and left out.
    """
    for key, schema in row.model_json_schema().get("properties", {}).items():
        for part in schema.get("anyOf", [schema]):
            listed = part.get("type") == "array"
            number = part.get("items", {}) if listed else part
            if number.get("type") in ("number", "integer") and not number.keys() & {"enum", "const"}:
                yield key, number, listed


def smallest(row: type[Config]) -> dict[str, int]:
    """Return the least value of each whole number of a config: the least work that it can stand for."""
    whole = [
        (key, number) for key, number, listed in numbers(row) if number["type"] == "integer" and not listed
    ]
    return {key: number["minimum"] for key, number in whole if "minimum" in number}
