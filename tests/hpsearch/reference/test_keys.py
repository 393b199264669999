from __future__ import annotations

from hpsearch.reference.json_schema import search_space_schema
from hpsearch.reference.keys import render


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
    assert "| `search.budget.hours` | number in (0, 1 000 000], `null` | `null` | Hours after which" in text
    assert "| `contrast` | number in [0, 1] | `0.2` / `0.2` / `0.3` |" in text


def test_a_section_that_may_be_left_out_and_a_list_of_pairs_have_lines() -> None:
    text = render()
    assert "| `search.confirm` | a mapping, `null` | `null` | Train the leaders again" in text
    assert "| `lookahead` | a mapping, `null` | `null` | Slow weights" in text
    share = "number in [0.25, 2]"
    assert f"| `scales` | list of: {share} or [{share}, {share}] | `[0.5, 1.0]` | Sides of the copies" in text
