"""Every search space that is shipped can be launched, and says to an editor what it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from hpsearch.study.spec import load_spec
from trainables.base.yaml_document import load_yaml

FOLDER = Path(__file__).parents[1] / "search_spaces"
SPACES = sorted(FOLDER.rglob("*.yaml"))
each_space = pytest.mark.parametrize("path", SPACES, ids=lambda path: str(path.relative_to(FOLDER)))


def test_there_are_some() -> None:
    assert FOLDER / "quickstart.yaml" in SPACES


@each_space
def test_it_loads(path: Path) -> None:
    spec = load_spec(path)
    assert spec.trials is None or spec.trials >= 1
    for params in spec.enqueued:
        spec.config(spec.space.complete(params))


@each_space
def test_its_first_line_names_the_schema_and_it_fits(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    relative = Path(os.path.relpath(FOLDER / "schema.json", path.parent)).as_posix()
    assert first == f"# yaml-language-server: $schema={relative}"
    schema = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    errors = Draft202012Validator(schema).iter_errors(load_yaml(path).tree)
    assert [f"{error.json_path}: {error.message[:200]}" for error in errors] == []


@pytest.mark.parametrize("name", ["authors_a", "authors_siamese"])
def test_a_twin_on_rendered_heads_has_the_recipe_of_its_space(name: str) -> None:
    """It is cut to size in data, backbone, batch, optimizer and epochs alone."""

    def arms(space: str) -> set[tuple[object, ...]]:
        spec = load_spec(FOLDER / "paper" / f"{space}.yaml")
        configs = [spec.config(spec.space.complete(params)) for params in spec.enqueued]
        return {
            (
                *(config.augmentation, config.pretext, config.head, config.network.dropout),
                *(config.lookahead, config.keep, config.evaluation_zoom),
            )
            for config in configs[: spec.trials]
        }

    assert arms(f"{name}_heads") == arms(name)
