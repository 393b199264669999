"""Files of public datasets as people have them: broken in known ways, named with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat
from support.prepared_datasets import prepared
from support.raw_layouts import landmarks, photo, write_aflw2000, write_biwi, write_pair, write_xgaze

from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.landmarks import (
    OF_THE_PHOTO,
    OUTSIDE_CROP,
    OUTSIDE_IMAGE,
    SAME_LANDMARKS,
)
from trainables.data.datasets.raw import LabelledImage
from trainables.data.image_file import open_image
from trainables.data.pixels import rgb_of


def read(kind: str, raw: Path) -> list[LabelledImage]:
    dataset = IMPORTERS[kind]().build(raw)
    return [dataset.read(item) for item in dataset.items()]


def imported(kind: str, raw: Path, out: Path) -> str:
    """Return what a check of an import says."""
    import_dataset(kind, IMPORTERS[kind](image_px=64), raw, out, processes=1)
    return check_dataset(out).text


def pair(raw: Path, **changed: object) -> Path:
    """Write one image of AFLW2000 whose `.mat` is changed."""
    write_pair(raw / "image00002", (10, 5, -3))
    arrays = {
        "Pose_Para": np.array([[0.1, 0.2, 0.3, 0, 0, 0, 1]]),
        "pt2d": landmarks((225, 225), 150),
        **changed,
    }
    savemat(raw / "image00002.mat", {key: value for key, value in arrays.items() if value is not None})
    return raw


def version_7_3(raw: Path) -> Path:
    file = pair(raw) / "image00002.mat"
    with h5py.File(file, "w", userblock_size=512) as opened:
        opened["Pose_Para"] = np.zeros((7, 1))
    head = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM"
    file.write_bytes(head + file.read_bytes()[128:])
    return raw


def biwi(raw: Path, name: str, text: str) -> Path:
    write_biwi(raw, "01", {3: np.eye(3)})
    (raw / "01" / name).write_text(text)
    return raw


IDENTITY = "1 0 0\n0 1 0\n0 0 1\n"


@pytest.mark.parametrize(
    ("kind", "write", "said"),
    [
        ("aflw2000", lambda raw: pair(raw, Pose_Para=None), "image00002.mat holds no Pose_Para, but pt2d"),
        ("aflw2000", lambda raw: pair(raw, Pose_Para=np.array([[0.1, 0.2]])), "holds 2 numbers, not 7"),
        (
            "aflw2000",
            lambda raw: pair(raw, Pose_Para=np.full((1, 7), 1j)),
            "not an array of numbers but complex",
        ),
        ("aflw2000", version_7_3, "is of MATLAB 7.3: save it with the option -v7"),
        (
            "biwi",
            lambda raw: biwi(raw, "rgb.cal", IDENTITY + "\n0 0 0 0\n"),
            "4 rows, not 8 .* rotation from the depth",
        ),
        (
            "biwi",
            lambda raw: biwi(raw, "frame_00003_pose.txt", IDENTITY),
            "9 numbers, not 12: a rotation and a",
        ),
    ],
)
def test_a_file_that_lacks_something_is_named_with_what(
    tmp_path: Path, kind: str, write: Callable[[Path], Path], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        read(kind, write(tmp_path))


def test_transposed_arrays_are_read_as_they_are_meant(tmp_path: Path) -> None:
    points = landmarks((225, 225), 150)
    (plain,) = read("aflw2000", pair(tmp_path / "plain", pt2d=points))
    column = np.array([[0.1], [0.2], [0.3], [0], [0], [0], [1]])
    (turned,) = read("aflw2000", pair(tmp_path / "turned", pt2d=points.T, Pose_Para=column))
    assert (turned.box, turned.labels) == (plain.box, plain.labels)


def test_companions_that_macos_writes_are_no_images(tmp_path: Path) -> None:
    write_pair(tmp_path / "AFW" / "AFW_000001_1_0", (10, 5, -3))
    for ending in ("jpg", "mat"):
        (tmp_path / "AFW" / f"._AFW_000001_1_0.{ending}").write_bytes(b"\0\5\x16\7")
    assert len(read("300w-lp", tmp_path)) == 1


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"images": np.zeros((2, 64, 64, 3), np.uint8)}, "no face_patch and face_head_pose, .* but images"),
        (
            {"face_patch": np.zeros((2, 3, 64, 64), np.uint8), "face_head_pose": np.zeros((2, 2))},
            r"face_patch is uint8 \(2, 3, 64, 64\), not uint8 \[N, 224, 224, 3\]",
        ),
        (
            {"face_patch": np.zeros((2, 64, 64, 3), np.uint8), "face_head_pose": np.zeros((2, 3))},
            r"face_head_pose is \(2, 3\), not \[2, 2\]",
        ),
    ],
)
def test_a_file_of_another_layout_of_eth_xgaze_is_named(
    tmp_path: Path, keys: dict[str, np.ndarray], said: str
) -> None:
    (tmp_path / "train").mkdir()
    with h5py.File(tmp_path / "train" / "subject0003.h5", "w") as opened:
        for key, values in keys.items():
            opened.create_dataset(key, data=values)
    with pytest.raises(ValueError, match=said):
        read("eth-xgaze", tmp_path)


def test_degrees_in_eth_xgaze_are_refused(tmp_path: Path) -> None:
    write_xgaze(tmp_path / "train" / "subject0003.h5", np.array([[10.0, -20.0]]), side=64)
    with pytest.raises(ValueError, match="no angles in radians"):
        read("eth-xgaze", tmp_path)


def test_hidden_landmarks_of_aflw2000_are_counted(tmp_path: Path) -> None:
    write_aflw2000(tmp_path / "raw")
    points = landmarks((225, 225), 150, 21)
    points[:, 3] = -1
    write_pair(tmp_path / "raw" / "image00006", (10, 5, -3), pt2d=points, seed=9)
    said = imported("aflw2000", tmp_path / "raw", tmp_path / "out")
    assert "1 images: hidden landmarks are written as -1 and pull HopeNet's box" in said
    assert "--box pt3d_68" in said and "images/image00006.jpg" in said
    assert OUTSIDE_IMAGE not in said


def test_landmarks_outside_the_image_are_counted(tmp_path: Path) -> None:
    write_pair(tmp_path / "raw" / "AFW" / "AFW_000001_1_0", (1, 2, 3), pt2d=landmarks((30, 225), 150))
    said = imported("300w-lp", tmp_path / "raw", tmp_path / "out")
    assert f"1 images: {OUTSIDE_IMAGE}" in said


def test_a_crop_that_cuts_the_face_is_counted(tmp_path: Path) -> None:
    """The middle square of a face that is far wider than high."""
    wide = landmarks((225, 225), 100)
    wide[0] = (wide[0] - 225) * 4 + 225
    write_pair(tmp_path / "raw" / "AFW" / "AFW_000001_1_0", (1, 2, 3), pt2d=wide)
    assert f"1 images: {OUTSIDE_CROP}" in imported("300w-lp", tmp_path / "raw", tmp_path / "out")


def test_the_same_landmarks_beside_another_rotation_are_named(tmp_path: Path) -> None:
    same, other = landmarks((225, 225), 150), landmarks((220, 230), 150)
    for number, (yaw, points) in enumerate(((10.0, same), (10.2, same), (40.0, same), (40.0, other))):
        name = f"AFW_00000{number}_1_0"
        write_pair(tmp_path / "raw" / "AFW" / name, (yaw, 2, -1), pt2d=points, seed=number)
    said = imported("300w-lp", tmp_path / "raw", tmp_path / "out")
    assert f"1 images: {SAME_LANDMARKS}" in said and "AFW_000002_1_0.jpg" in said
    labels = check_dataset(tmp_path / "out")
    assert labels.images == 4 and labels.faults == ()


def test_renderings_with_the_landmarks_of_their_photo_are_explained(tmp_path: Path) -> None:
    """300W-LP has them so throughout: its own samples show it."""
    for number, yaw in enumerate((10.0, 40.0)):
        write_pair(tmp_path / "raw" / "AFW" / f"AFW_000001_1_{number}", (yaw, 2, -1), seed=number)
    import_dataset("300w-lp", IMPORTERS["300w-lp"](), tmp_path / "raw", tmp_path / "out", processes=1)
    check = check_dataset(tmp_path / "out")
    assert check.warnings == ()
    assert any(note.startswith(f"1 images: {OF_THE_PHOTO}") for note in check.notes)


@pytest.mark.parametrize("name", ["two.gif", "two.tif", "two.webp", "two.png"])
def test_a_file_of_several_pictures_is_refused(tmp_path: Path, name: str) -> None:
    photo(0, (32, 32)).save(tmp_path / name, save_all=True, append_images=[photo(1, (32, 32))])
    with open_image(tmp_path / name) as opened, pytest.raises(ValueError, match="it holds 2 pictures"):
        rgb_of(opened, upright=True)
    photo(0, (32, 32)).save(tmp_path / name)
    with open_image(tmp_path / name) as opened:
        assert rgb_of(opened, upright=True).mode == "RGB"


def test_images_with_fewer_bits_than_they_claim_are_named(tmp_path: Path) -> None:
    """Fourteen bits in sixteen: a quarter of white is the brightest."""

    def image(row: int) -> Image.Image:
        picture = photo(row, (48, 48))
        return picture.point(lambda value: value // 4) if row == 3 else picture

    dataset = prepared(tmp_path / "dark", ["train"] * 6 + ["validation"] * 3, image=image)
    (warning,) = (text for text in check_dataset(dataset.folder).warnings if "black" in text)
    assert warning.startswith("1 images are almost black") and warning.endswith("images/3.png")
