import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from support.raw_layouts import SAMPLES, needs_samples, write_xgaze

from trainables.base.errors import InputError
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.eth_xgaze import AS_LABELLED, ETHXGazeConfig, aflw2000_angles
from trainables.data.datasets.importing import import_dataset
from trainables.pose.angles import CONVENTION
from trainables.pose.geometry import matrix_from_pose
from trainables.target import HeadPoseConfig

POSES = np.radians([[10.0, -20.0], [-30.0, 40.0], [0.0, 5.0]])
"""Pitch and yaw."""


def write_all(raw: Path, train: tuple[int, ...] = (0, 3, 108), test: tuple[int, ...] = (12,)) -> None:
    """Write subjects in the true layout."""
    for folder, numbers in (("train", train), ("test", test)):
        for number in numbers:
            write_xgaze(raw / folder / f"subject{number:04d}.h5", POSES, colour=(200, 40, number % 100))


def test_labels_colours_and_splits(tmp_path: Path) -> None:
    write_all(tmp_path / "xgaze_224")
    report = import_dataset("eth-xgaze", ETHXGazeConfig(), tmp_path, tmp_path / "out", processes=1)
    dataset = report.dataset
    assert dataset.card.splits == {"test": 3, "train": 6, "validation": 3}
    assert dataset.card.angles == ("yaw", "pitch") and dataset.card.convention == AS_LABELLED
    samples = dataset.samples("train", ["subject0003"], HeadPoseConfig())
    np.testing.assert_allclose(samples.labels, np.degrees(POSES[:, ::-1]), atol=1e-4)
    assert "roll_deg" not in dataset.labels()
    with Image.open(samples.files[1]) as image:
        assert image.size == (224, 224)
        np.testing.assert_allclose(np.asarray(image).mean((0, 1)), (3, 40, 196), atol=1.5)  # red, green, blue
    assert check_dataset(tmp_path / "out").faults == ()


def test_validation_subjects_cannot_be_trained_on(tmp_path: Path) -> None:
    for name in ("108", "subject0109", "0111"):
        with pytest.raises(ValidationError, match="are for validation, never trained on"):
            ETHXGazeConfig(train_subjects=("3", name))
    with pytest.raises(ValidationError, match="'me' is not a subject"):
        ETHXGazeConfig(train_subjects=("me",))
    write_all(tmp_path)
    report = import_dataset("eth-xgaze", ETHXGazeConfig(test=False), tmp_path, tmp_path / "out", processes=1)
    with pytest.raises(InputError, match="no subject 'subject0108': it is in 'validation'"):
        report.dataset.samples("train", ["subject0108"])


def test_subjects_are_taken_by_list(tmp_path: Path) -> None:
    write_all(tmp_path)
    dataset = ETHXGazeConfig(train_subjects=("3",), test=False).build(tmp_path)
    assert {(item.detail[0], item.detail[2]) for item in dataset.items()} == {
        ("train/subject0003.h5", "train"),
        ("train/subject0108.h5", "validation"),
    }
    with pytest.raises(InputError, match=r"no subject0007\.h5"):
        ETHXGazeConfig(train_subjects=("3", "7")).build(tmp_path)


def test_the_published_list_says_who_trains(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "train_test_split.json").write_text(
        json.dumps({"train": ["subject0003.h5", "subject0108.h5"]})
    )
    splits = dict(ETHXGazeConfig().build(tmp_path).files)
    assert splits == {
        "train/subject0000.h5": "test",
        "train/subject0003.h5": "train",
        "train/subject0108.h5": "validation",
        "test/subject0012.h5": "test",
    }


@needs_samples
def test_the_official_list_is_understood(tmp_path: Path) -> None:
    write_all(tmp_path)
    shutil.copy(SAMPLES / "ETH-XGaze" / "train_test_split.json", tmp_path)
    assert sorted(split for _, split in ETHXGazeConfig().build(tmp_path).files) == [
        "test",
        "train",
        "train",
        "validation",
    ]


@pytest.mark.parametrize(
    "pose", [(30.0, 0.0, 0.0), (0.0, 30.0, 0.0), (-50.0, 40.0, 0.0), (60.0, -30.0, 20.0)]
)
def test_a_known_rotation_means_the_same_nose(pose: tuple[float, float, float]) -> None:
    # Where the nose of our convention points: x to the right, y up, z to the viewer.
    right, up, viewer = matrix_from_pose(np.array(pose)).T @ (0, 0, 1)
    # ETH-XGaze's axis points the other way, in a frame with y down and z away.
    z_axis = np.array([-right, up, viewer])
    label_pitch, label_yaw = np.arcsin(z_axis[1]), np.arctan2(z_axis[0], z_axis[2])
    np.testing.assert_allclose(np.degrees(aflw2000_angles(label_yaw, label_pitch)), pose[:2], atol=1e-6)
    if 0.0 in pose[:2]:
        np.testing.assert_allclose(np.degrees((label_yaw, label_pitch)), pose[:2], atol=1e-6)


def test_labels_turned_into_our_convention_say_so(tmp_path: Path) -> None:
    write_xgaze(tmp_path / "train" / "subject0001.h5", np.radians([[30.0, 60.0]]))
    dataset = ETHXGazeConfig(angles="aflw2000").build(tmp_path)
    assert dataset.convention == CONVENTION
    (item,) = dataset.items()
    np.testing.assert_allclose(dataset.read(item).labels, (48.590, 49.107), atol=1e-3)


def test_broken_files_are_set_aside(tmp_path: Path) -> None:
    write_all(tmp_path, train=(0, 1, 2, 3, 4), test=())
    train = tmp_path / "train"
    whole = (train / "subject0001.h5").read_bytes()
    (train / "subject0001.h5").write_bytes(whole[: len(whole) // 2])
    (train / "subject0002.h5").write_bytes(b"no h5 at all")
    with h5py.File(train / "subject0003.h5", "a") as opened:
        del opened["face_head_pose"]
        opened["face_head_pose"] = np.zeros((2, 2))
    with h5py.File(train / "subject0004.h5", "w") as opened:
        opened.create_dataset("face_patch", (3, 100_000, 100_000, 3), np.uint8, chunks=(1, 64, 64, 3))
        opened["face_head_pose"] = np.zeros((3, 2))
    with pytest.raises(
        InputError, match=r"12 of 15 images \(80\.0%\)"
    ):  # each counts for as many as the good one has
        import_dataset("eth-xgaze", ETHXGazeConfig(), tmp_path, tmp_path / "out", processes=1)
    report = import_dataset(
        "eth-xgaze", ETHXGazeConfig(), tmp_path, tmp_path / "out", processes=1, reject_limit=0.9
    )
    assert report.dataset.card.images == 3
    rejects = (tmp_path / "out" / "rejects.csv").read_text()
    assert "face_head_pose is (2, 2), not [3, 2]" in rejects
    assert "claims faces of 100000 px" in rejects
    assert "train/subject0001.h5" in rejects and "train/subject0002.h5" in rejects


def test_a_broken_row_loses_one_image(tmp_path: Path) -> None:
    write_xgaze(tmp_path / "train" / "subject0001.h5", np.zeros((150, 2)), side=32)
    file = tmp_path / "train" / "subject0001.h5"
    with h5py.File(file) as opened:
        place = opened["face_patch"].id.get_chunk_info(70)
    content = bytearray(file.read_bytes())
    content[place.byte_offset : place.byte_offset + place.size] = bytes([0xFF]) * place.size
    file.write_bytes(content)
    report = import_dataset("eth-xgaze", ETHXGazeConfig(image_px=32), tmp_path, tmp_path / "out", processes=1)
    assert report.rejected == 1 and report.dataset.card.images == 149
    assert "train/subject0001.h5[70]" in (tmp_path / "out" / "rejects.csv").read_text()


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no train/subjectXXXX\.h5"):
        ETHXGazeConfig().build(tmp_path)
