from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from support import spaces

from hpsearch.reference.fields import help_of
from hpsearch.reference.json_schema import render, search_space_schema
from hpsearch.study.config import SearchConfig
from trainables.base.errors import InputError
from trainables.base.yaml_document import load_yaml
from trainables.training.config import TrainConfig

SPACES = Path(__file__).parents[3] / "search_spaces"


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(render())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def fits(folder: Path, text: str) -> bool:
    return bool(validator().is_valid(load_yaml(spaces.write(folder, text)).tree))


def test_the_committed_schema_is_the_one_the_code_gives() -> None:
    committed = (SPACES / "schema.json").read_text(encoding="utf-8")
    assert committed == render(plugins=False), "run: hpsearch schema > search_spaces/schema.json"


def test_writing_the_references_loads_no_library_that_takes_long() -> None:
    code = (
        "import sys\n"
        "from hpsearch.reference import json_schema, markdown\n"
        "assert json_schema.render() and markdown.pages()\n"
        "print([n for n in ('torch', 'ray', 'optuna', 'mlflow', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


GOOD = [
    "",
    "search:\n",
    "search: {sampler: {tpe: {candidates: 3}}, pruner: none, resources: {gpus: 0.5}}",
    "augmentation: {choice: [none, 1, '2', {heavy: {zoom: {float: [0.1, 0.3]}}}]}",
    "network: {choice: {small: {backbone: resnet10}, large: {backbone: resnet50, dropout: 0.5}}}",
    "pretext: {choice: [none, {puzzling: {grid: {choice: [2, 3]}, flag: {int: [1, 4]}}}, rotation: null]}",
    "pretext: {puzzling: {ssl_weight: {float: [1, 9], log: true}, branch: {stride: {choice: [null, 1]}}}}",
    "pretext: {puzzling: {ssl_weight: {int: [1, 9], step: 2}}}",
    "pretext: {puzzling: {choice: {a: {grid: 2}, b: {grid: 3, flag: 2}}}}",
    "init: {choice: [random, imagenet, {file: {path: a.pt}}, {ssl: {pretext: {choice: [rotation]}}}]}",
    "init: {ssl: {data: {dataset: faces, subjects: [a]}, epochs: {int: [10, 50]}, optimizer: adamw}}",
    "schedule: {multi_step: {epochs: [{int: [1, 5]}, 9]}}",
    "clip_norm: {choice: [null, {float: [0.5, 5]}]}",
    "seed: {int: [0, 4]}\nsearch: {enqueue: [{seed: 3}]}",
    "search: {confirm: null}",
]
BAD = [
    "search: {sampler: tpee}",
    "search: {seed: {int: [0, 5]}}",
    "search: {budget: {trials: 0}}",
    "search: {enqueue: [{pretex: none}]}",
    "serach: {}",
    "choice: [a, b]",
    "network: {backbone: {float: [0, 1]}}",
    "network: {backbone: resnet19}",
    "network: {dropout: {float: [0, 1]}}",
    "network: {dropout: {float: [0.1]}}",
    "network: {dropout: {float: [0.1, 0.5], setp: 0.1}}",
    "network: {dropout: '0.5'}",
    "head: {bins: {bin_deg: {int: [1, 3]}}}",
    "epochs: {float: [1, 5]}",
    "epochs: true",
    "seed: {choice: []}",
    "seed: {choice: [1, x]}",
    "pretext: {choice: [none, puzling]}",
    "pretext: {puzzling: {grid: {int: [2, 9]}}}",
    "pretext: {puzzling: {}, rotation: {}}",
    "init: file",
    "init: {ssl: {pretext: none}}",
    "init: {ssl: {data: {subjects: [a]}}}",
    "augmentation: {choice: [{heavy: {zoom: 2}}]}",
    "clip_norm: {choice: [null, {float: [-1, 5]}]}",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_schema_accepts_what_a_launch_accepts(tmp_path: Path, text: str) -> None:
    spaces.load(tmp_path, text)
    assert fits(tmp_path, text)


@pytest.mark.parametrize("text", BAD)
def test_the_schema_refuses_what_a_launch_refuses(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        spaces.load(tmp_path, text)
    assert not fits(tmp_path, text)


def test_every_key_has_a_help_text_and_every_optional_one_its_default() -> None:
    definitions = search_space_schema()["$defs"]
    assert definitions["network.dropout"]["default"] == 0.4
    assert definitions["augmentation"]["default"] == "1"
    assert definitions["pretext.puzzling.grid"]["default"] == 2
    bare = [
        name
        for name, text in definitions.items()
        if not text.get("description") and not name.endswith(".item")
    ]
    assert bare == []
    for model in (TrainConfig, SearchConfig):
        assert all(help_of(field) for field in model.model_fields.values())


def test_references_resolve() -> None:
    schema = search_space_schema()
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            found.update([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
            for child in node.values():
                visit(child)
        elif isinstance(node, list):
            for child in node:
                visit(child)

    visit(schema)
    assert found == {f"#/$defs/{name}" for name in schema["$defs"]}
