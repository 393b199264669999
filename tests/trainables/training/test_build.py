from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from trainables.base.errors import InputError
from trainables.data.augmentation import Level1
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.training.build import load_trunk
from trainables.training.config import TrainConfig
from trainables.training.training_data import open_data, open_tests


def prepared(root: Path, name: str, angles: int = 3, pitch_deg: float = 5.0) -> PreparedDataset:
    folder = root / name
    (folder / "images").mkdir(parents=True)
    rows = []
    for index, split in enumerate(("train", "train", "validation", "test")):
        file = f"images/{index}.jpg"
        Image.fromarray(np.full((8, 8, 3), 40 * index, np.uint8)).save(folder / file)
        pose = {"yaw_deg": 10.0 * index, "pitch_deg": pitch_deg, "roll_deg": 0.0}
        rows.append(
            {"file": file, "subject": f"s{index}", "split": split, **dict(list(pose.items())[:angles])}
        )
    return write_labels(folder, pd.DataFrame(rows), source=name)


def config(**data: object) -> TrainConfig:
    return TrainConfig.model_validate({"data": {"train": {"dataset": "one"}, **data}})


def faults(error: pytest.ExceptionInfo[InputError]) -> str:
    return "\n".join(map(str, error.value.faults))


def test_a_dataset_of_another_convention_is_refused_wherever_it_is_compared(tmp_path: Path) -> None:
    prepared(tmp_path, "one")
    other = prepared(tmp_path, "other")
    card = other.folder / "dataset.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "convention": "azimuth and elevation"}))
    with pytest.raises(InputError) as raised:
        open_data(config(validation={"dataset": "other"}), tmp_path)
    assert "azimuth and elevation" in faults(raised)
    with pytest.raises(InputError) as raised:
        open_tests(config(test=[{"name": "far", "dataset": "other"}]), tmp_path)
    assert "data.test, far" in faults(raised)
    same = open_tests(config(test=[{"name": "near", "dataset": "one"}]), tmp_path)
    assert same["near"].subjects == ("s3",)


@pytest.mark.parametrize("broken", [float("nan"), 181.0])
def test_broken_labels_are_named_with_their_row(tmp_path: Path, broken: float) -> None:
    prepared(tmp_path, "one", pitch_deg=broken)
    with pytest.raises(InputError) as raised:
        open_data(config(), tmp_path)
    assert "row 0" in faults(raised)
    assert "2 labels are NaN or outside -180 to 180 degrees" in faults(raised)


def test_a_validation_set_without_an_angle_of_the_training_set_is_refused(tmp_path: Path) -> None:
    prepared(tmp_path, "one")
    prepared(tmp_path, "flat", angles=2)
    with pytest.raises(InputError) as raised:
        open_data(config(validation={"dataset": "flat"}), tmp_path)
    assert "no roll" in faults(raised)
    data = open_data(config(train={"dataset": "flat"}, validation={"dataset": "one"}), tmp_path)
    assert data.train.label_names == ("yaw", "pitch")


def test_turns_are_refused_where_the_roll_is_unknown_and_mirroring_is_not(tmp_path: Path) -> None:
    prepared(tmp_path, "one", angles=2)

    def augmented(**magnitudes: float) -> TrainConfig:
        return config().model_copy(update={"augmentation": Level1(**magnitudes)})

    with pytest.raises(InputError) as raised:
        open_data(augmented(turn_deg=12.5), tmp_path)
    assert faults(raised) == (
        "augmentation: turn_deg 12.5 needs the roll of every face, and there is yaw and pitch alone: set "
        "turn_deg to 0, or train on a dataset with all labels (mirror works without them)"
    )
    assert open_data(augmented(mirror=0.5), tmp_path).train.label_names == ("yaw", "pitch")
    prepared(tmp_path / "rolls", "one")
    assert open_data(augmented(mirror=0.5, turn_deg=12.5), tmp_path / "rolls").train.label_names[-1] == "roll"


def test_a_damaged_trunk_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "trunk.pt"
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match=r"trunk.pt: this trunk cannot be read.*Remove its folder"):
        load_trunk(path)


def test_people_on_both_sides_of_a_split_are_refused(tmp_path: Path) -> None:
    one = prepared(tmp_path, "one")
    labels = one.labels()
    labels["subject"] = ["ann", "bob", "bob", "ann"]
    write_labels(one.folder, labels, source="one")
    with pytest.raises(InputError, match=r"data.validation: 1 subjects of 'one' .* by: bob\."):
        open_data(config(), tmp_path)
    with pytest.raises(InputError, match=r"data.test, near: 1 subjects of 'one' .* by: ann\."):
        open_tests(config(test=[{"name": "near", "dataset": "one"}]), tmp_path)
    apart = config(
        train={"dataset": "one", "subjects": ["ann"]},
        test=[{"name": "near", "dataset": "one", "subjects": ["ann"]}],
    )
    assert open_data(apart, tmp_path).validation.subjects == ("bob",)
    prepared(tmp_path, "other")  # the same names there are other people
    assert open_data(config(validation={"dataset": "other"}), tmp_path)
    assert open_tests(config(test=[{"name": "far", "dataset": "other"}]), tmp_path)


def test_two_sequences_of_biwi_are_one_person(tmp_path: Path) -> None:
    one = prepared(tmp_path, "one")
    labels = one.labels().assign(subject=["03", "04", "15", "05"])
    write_labels(one.folder, labels, source="one", details={"importer": "biwi"})
    with pytest.raises(InputError, match=r"data.validation: 1 subjects of 'one' .* by: 15\."):
        open_data(config(), tmp_path)
    assert open_data(config(train={"dataset": "one", "subjects": ["04"]}), tmp_path)
