"""The code of docs/extending.md as a package, `my_tasks`, and the rows that the page adds to tables."""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

from trainables.base.schema import Config

EXTENDING = Path(__file__).parents[2] / "docs" / "extending.md"
PACKAGE = "my_tasks"

_folder = tempfile.TemporaryDirectory()  # until the process ends: contracts start others, which import it too


@cache
def sources() -> dict[str, str]:
    """Return each block of Python by the name of its file, which stands in the sentence before it."""
    text = EXTENDING.read_text(encoding="utf-8")
    named = re.findall(r"`(\w+)\.py`:\n\n```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(named) == text.count("```python"), "the sentence before a block ends with its file's name"
    return dict(named)


@cache
def modules() -> dict[str, ModuleType]:
    """Import every block, and return the modules by name."""
    package = Path(_folder.name) / PACKAGE
    package.mkdir()
    (package / "__init__.py").touch()
    for name, source in sources().items():
        (package / f"{name}.py").write_text(source, encoding="utf-8")
    sys.path.append(_folder.name)
    return {name: importlib.import_module(f"{PACKAGE}.{name}") for name in sources()}


@cache
def configs() -> dict[str, type[Config]]:
    """Return every config class that the blocks define, by its name."""
    found = [value for module in modules().values() for value in vars(module).values()]
    return {
        value.__name__: value
        for value in found
        if isinstance(value, type) and issubclass(value, Config) and value.__module__.startswith(PACKAGE)
    }


@cache
def rows() -> dict[str, dict[str, str]]:
    """Return by table the name of each row that the page adds, with the name of its class."""
    found: dict[str, dict[str, str]] = {}
    text = EXTENDING.read_text(encoding="utf-8")
    for name, row, table in re.findall(r'the row `"(\w+)": (\w+)` in `(\w+)`', text, flags=re.IGNORECASE):
        found.setdefault(table, {})[name] = row
    return found


def rows_of(table: str) -> dict[str, type[Config]]:
    """Return the rows that the page adds to a table."""
    return {name: configs()[row] for name, row in rows().get(table, {}).items()}
