"""The README's file map: every module with the first line of its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

BEGIN = "<!-- file map: written by `python -m hpsearch.reference.markdown README.md` -->"
END = "<!-- file map: end -->"

PACKAGES = ("hpsearch", "trainables")
WIDTH = 24
"""Characters for a file's name before its line."""


def render(root: Path) -> str:
    """Return the map of both packages below `root` as a code block."""
    lines = [line for package in PACKAGES for line in [*_lines(root / package, 0), ""]]
    return "\n".join(["```text", *lines[:-1], "```", ""])


def _lines(folder: Path, depth: int) -> Iterator[str]:
    """Yield the folder's own line, then its files, then its folders."""
    yield _line(f"{folder.name}/", folder / "__init__.py", depth)
    for file in sorted(folder.glob("*.py")):
        if file.name != "__init__.py":
            yield _line(file.name, file, depth + 1)
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield from _lines(inner, depth + 1)


def _line(name: str, file: Path, depth: int) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return f"{'  ' * depth + name:<{WIDTH}} {docstring.splitlines()[0].rstrip('.')}"
