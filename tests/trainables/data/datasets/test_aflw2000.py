from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from support.raw_layouts import SAMPLES, landmarks, needs_samples, write_pair

from trainables.base.errors import InputError
from trainables.data.datasets.aflw2000 import AFLW2000Config
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.raw import LabelledImage
from trainables.pose.geometry import matrix_from_pose, pose_from_matrix
from trainables.target import HeadPoseConfig


def read_all(raw: Path, **options: object) -> dict[str, LabelledImage]:
    """Return the images by file."""
    dataset = AFLW2000Config(**options).build(raw)  # type: ignore[arg-type]
    return {item.file: dataset.read(item) for item in dataset.items()}


@needs_samples
def test_labels_of_the_real_samples_are_those_of_the_raw_files(tmp_path: Path) -> None:
    raw = SAMPLES / "AFLW2000"
    report = import_dataset("aflw2000", AFLW2000Config(), raw, tmp_path / "out", processes=1)
    labels = report.dataset.labels().set_index("file")
    assert len(labels) == 16
    for mat in raw.glob("*.mat"):
        pitch, yaw, roll = np.degrees(loadmat(mat)["Pose_Para"][0][:3])
        row = labels.loc[f"images/{mat.stem}.jpg", ["yaw_deg", "pitch_deg", "roll_deg"]]
        np.testing.assert_allclose(row.astype(float), (yaw, pitch, roll), atol=1e-4)


def test_full_and_reduced_are_two_names_for_overlapping_images(tmp_path: Path) -> None:
    write_pair(tmp_path / "image00002", (10, 20, 30), seed=1)
    write_pair(tmp_path / "image00004", (-98.9, 98.9, -98.9), seed=2)
    write_pair(tmp_path / "image03123", (351.2, -713.7, -972.3), seed=3)
    (tmp_path / "readme.jpg").write_text("no image of it")
    report = import_dataset("aflw2000", AFLW2000Config(), tmp_path, tmp_path / "out", processes=1)
    assert report.dataset.card.splits == {"full": 3, "reduced": 2}
    assert len(report.dataset.samples("full")) == 3
    reduced = report.dataset.samples("reduced", target=HeadPoseConfig())
    assert [file.stem for file in reduced.files] == ["image00002", "image00004"]
    np.testing.assert_allclose(
        report.dataset.samples("full", target=HeadPoseConfig()).labels[2], (351.2, -713.7, -972.3), rtol=1e-5
    )
    assert check_dataset(tmp_path / "out").faults == ()


def test_a_known_rotation_keeps_its_matrix(tmp_path: Path) -> None:
    turn = matrix_from_pose(np.array([-60.0, 10.0, 35.0]))
    write_pair(tmp_path / "AFLW2000" / "image00001", tuple(pose_from_matrix(turn)))
    (labelled,) = read_all(tmp_path).values()
    np.testing.assert_allclose(matrix_from_pose(np.array(labelled.labels)), turn, atol=1e-6)


def test_hopenets_box_and_the_box_of_the_68_landmarks(tmp_path: Path) -> None:
    hidden = landmarks((250, 250), 100, 21)
    hidden[:, 5] = -1  # HopeNet reads the hidden landmarks too
    write_pair(
        tmp_path / "image00001",
        (0, 0, 0),
        pt2d=hidden,
        pt3d_68=np.vstack([landmarks((250, 250), 100), np.zeros(68)]),
    )
    (hopenet,) = read_all(tmp_path, square="around").values()
    # -1 to 300 is 301: left -1 - 0.4 * 301 = -121.4, right 300 + 0.4 * 421.4 = 468.56; the height is less.
    assert (hopenet.box.left, hopenet.box.right) == (-121, 468)
    (tight,) = read_all(tmp_path, box="pt3d_68", square="around").values()
    # 200 to 300: left 160, then right 300 + 0.4 * 140.
    assert (tight.box.left, tight.box.right) == (160, 356)


def test_a_missing_key_names_it(tmp_path: Path) -> None:
    write_pair(tmp_path / "image00001", (0, 0, 0))
    with pytest.raises(ValueError, match=r"image00001\.mat holds no pt3d_68"):
        read_all(tmp_path, box="pt3d_68")


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no imageNNNNN\.jpg"):
        AFLW2000Config().build(tmp_path)


def test_an_import_says_what_hopenets_box_does_to_the_faces() -> None:
    assert "half the side" in AFLW2000Config().note and "--box pt3d_68" in AFLW2000Config().note
    assert AFLW2000Config(box="pt3d_68").note == ""
