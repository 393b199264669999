"""Writes the generated pages of `docs/`: `python -m hpsearch.reference.markdown docs`.

They have what hpsearch itself brings; with `--plugins` behind the folder also what installed packages add.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hpsearch.reference import file_map, keys

COMMAND = "python -m hpsearch.reference.markdown docs"
PLUGINS = "--plugins"


def pages(*, plugins: bool = False) -> dict[str, str]:
    """Return the text of each generated page by its file name; `plugins`: with rows of installed packages."""
    return {
        "keys.md": _page(
            "Keys of a search space",
            f"Generated from the config classes by `{COMMAND}`; to change a text, edit its docstring.",
            keys.render(plugins=plugins),
        ),
        "file_map.md": _page(
            "File map",
            f"Generated from the modules' docstrings by `{COMMAND}`; to change a line, edit its docstring.",
            file_map.render(),
        ),
    }


def _page(title: str, sentence: str, content: str) -> str:
    return f"# {title}\n\n{sentence}\n\n{content}"


def main(arguments: list[str]) -> int:
    """Write the pages into the folder that is named; return the exit status."""
    if len(arguments) not in (1, 2) or arguments[1:] not in ([], [PLUGINS]):
        print(f"usage: {COMMAND} [{PLUGINS}]", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(plugins=PLUGINS in arguments).items():
        (folder / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
