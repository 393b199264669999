"""Naming a dataset: by a prepared folder's name or by a recipe."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from trainables.base.errors import InputError
from trainables.base.schema import Config, faults_of
from trainables.data.datasets import DatasetRef, ensure_dataset, open_dataset
from trainables.data.datasets.prepared import write_labels
from trainables.data.datasets.rendered_heads import RenderedHeads


class Part(Config):
    dataset: DatasetRef
    other: DatasetRef | None = None


class Whole(Config):
    train: Part


def read(dataset: object, other: object = None) -> Part:
    return Whole.model_validate({"train": {"dataset": dataset, "other": other}}).train


def faults(dataset: object, other: object = None) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read(dataset, other)
    return [str(fault) for _, fault in faults_of(caught.value, Whole)]


def test_a_recipe_a_bare_recipe_and_a_name() -> None:
    assert read("rendered-heads").dataset == RenderedHeads()
    assert read({"rendered-heads": None}).dataset == RenderedHeads()
    assert read({"rendered-heads": {"images": 900}}, "biwi").dataset == RenderedHeads(images=900)
    assert read("rendered-heads", "biwi").other == "biwi"


def test_what_is_written_reads_back() -> None:
    for part in (read("rendered-heads", "biwi"), read("300w_lp.v2", {"rendered-heads": {"seed": 7}})):
        assert Part.model_validate(part.model_dump(mode="json")) == part


@pytest.mark.parametrize("name", ["../biwi", "/etc", ".hidden", "a/b", "", "x" * 65, "biwi\n"])
def test_a_path_is_no_name(name: str, tmp_path: Path) -> None:
    assert "is not a valid dataset name" in faults(name)[0]
    with pytest.raises(InputError, match="is not a valid dataset name"):
        open_dataset(name, tmp_path)


def test_faults_name_the_place_and_the_nearest_key() -> None:
    found = faults({"rendered-heads": {"imags": 5, "yaw_deg": 91.0}}, {"rendered-heads": {"sed": 1}})
    assert any(
        f.startswith("train.dataset.rendered-heads.imags: unknown key (did you mean 'images'?") for f in found
    )
    assert any(f.startswith("train.dataset.rendered-heads.yaw_deg: ") for f in found)
    assert any(
        f.startswith("train.other.rendered-heads.sed: unknown key (did you mean 'seed'?") for f in found
    )
    assert faults({"rendered": {}})[0].startswith(
        "train.dataset: 'rendered' is unknown (did you mean 'rendered-heads'?"
    )


def test_a_recipe_that_cannot_fill_its_splits_is_refused() -> None:
    assert "5 images cannot show 400 subjects" in faults({"rendered-heads": {"images": 5}})[0]
    shares = {"validation_share": 0.6, "test_share": 0.5}
    assert "leave none to train on" in faults({"rendered-heads": shares})[0]


def test_the_json_schema_knows_names_and_settings() -> None:
    choices = Part.model_json_schema()["properties"]["dataset"]["anyOf"]
    recipe, name = choices[0]["oneOf"], choices[1]
    assert recipe[0] == {"enum": ["rendered-heads"]}
    assert "yaw_deg" in recipe[1]["properties"]["rendered-heads"]["properties"]
    assert name["type"] == "string"


def test_a_missing_dataset_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "biwi" / "images").mkdir(parents=True)
    (tmp_path / "biwi" / "images" / "a.jpg").write_bytes(b"")
    row = {"file": "images/a.jpg", "subject": "1", "split": "test", "yaw_deg": 0.0, "pitch_deg": 0.0}
    write_labels(tmp_path / "biwi", pd.DataFrame([row]), source="none")
    assert ensure_dataset("biwi", tmp_path).name == "biwi"
    with pytest.raises(InputError, match="did you mean 'biwi'"):
        ensure_dataset("biwy", tmp_path)
    with pytest.raises(InputError, match=r"rendered-heads-\w+ is not built in .*there: biwi.*data build"):
        open_dataset(RenderedHeads(), tmp_path)
