"""The file map: every module of both packages with the summary of its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("hpsearch", "trainables")
WIDTH = 28
"""Characters for a file's indented name before its description."""


def render(root: Path = ROOT) -> str:
    """Return the map of both packages below `root` as a Markdown code block."""
    trees = ["\n".join(_tree(root / package, 0)) for package in PACKAGES]
    return "\n".join(["```text", "\n\n".join(trees), "```", ""])


def _tree(folder: Path, depth: int) -> Iterator[str]:
    """Yield the folder's own line, then its files and then its folders, both in alphabetical order."""
    yield _line(f"{folder.name}/", folder / "__init__.py", depth)
    for file in sorted(folder.glob("*.py")):
        if file.name != "__init__.py":
            yield _line(file.name, file, depth + 1)
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield from _tree(inner, depth + 1)


def _line(name: str, file: Path, depth: int) -> str:
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    summary = " ".join(docstring.partition("\n\n")[0].split())  # the first paragraph in one line
    return f"{'  ' * depth + name:<{WIDTH}} {summary.rstrip('.')}".rstrip()
