"""The names of searched values: a shared path is that of the config's row, however it is found."""

from __future__ import annotations

from pathlib import Path

from hpsearch.study.naming import rows
from hpsearch.study.shared_paths import shared_path
from hpsearch.study.spec import load_spec

SPACE = Path(__file__).parents[3] / "search_spaces" / "quickstart.yaml"
NO_ROWS = ("network", "pretext.puzzling", "optimizer.adamw.lr.more", "pretext.none.grid", "seeds")


def test_a_path_has_the_shared_path_of_its_row() -> None:
    spec = load_spec(SPACE)
    for params, config in spec.designs:
        expected = {row.path: row.shared for row in rows(config)}
        for path in (*params, *expected, *NO_ROWS):
            assert shared_path(config, path.split(".")) == expected.get(path, ""), path
