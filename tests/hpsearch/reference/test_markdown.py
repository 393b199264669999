from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hpsearch.reference.json_schema import search_space_schema
from hpsearch.reference.markdown import BEGIN, END, main, render, rewritten

README = Path(__file__).parents[3] / "README.md"


def test_the_readme_holds_every_key_as_the_code_has_it() -> None:
    text = README.read_text(encoding="utf-8")
    assert rewritten(text) == text, "run: python -m hpsearch.reference.markdown README.md"


def test_every_key_of_the_schema_has_a_line() -> None:
    """The schema walks the same classes another way."""
    rows = {line.split("`")[1] for line in render().splitlines() if line.startswith("| `")}
    for path in search_space_schema()["$defs"]:
        parts = path.split(".")
        tails = {".".join(parts[index:]) for index in range(len(parts))} | {f'"{parts[-1]}"'}
        written = any(tail in rows for tail in tails)
        section = any(row.startswith((f"{path}.", f"{parts[-1]}.")) for row in rows)
        assert written or section or parts[0] == "hole" or parts[-1] == "item", path


def test_a_line_says_values_default_and_help() -> None:
    text = render()
    assert "| `network.dropout` | number in [0, 1) | `0.4` | Share of features dropped" in text
    assert "| `grid` | whole number in [2, 5] | `2` | Tiles along each side" in text
    assert "| `search.budget.hours` | number > 0, `null` | `null` | Hours after which" in text
    assert "| `contrast` | number in [0, 1] | `0.2` / `0.2` / `0.3` |" in text


def test_the_block_is_rewritten_in_place(tmp_path: Path) -> None:
    page = shutil.copy(README, tmp_path / "README.md")
    wanted = page.read_text(encoding="utf-8")
    before, rest = wanted.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\nold\n{END}{after}", encoding="utf-8")
    assert main([str(page)]) == 0
    assert page.read_text(encoding="utf-8") == wanted
    with pytest.raises(ValueError, match="must hold the lines"):
        rewritten("# A page without the block\n")
