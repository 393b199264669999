from pathlib import Path

import numpy as np
import pytest
from support.raw_layouts import SAMPLES, needs_samples, write_biwi

from trainables.base.errors import InputError
from trainables.data.datasets.biwi import SAME_PERSON, BIWIConfig, drawn_third, read_boxes
from trainables.data.datasets.crops import Box
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.raw import LabelledImage, LeftOut
from trainables.pose.geometry import matrix_from_pose

ALL = tuple(f"{number:02d}" for number in range(1, 25))


def read_all(raw: Path, **options: object) -> dict[str, LabelledImage]:
    """Return the images by file."""
    dataset = BIWIConfig(**options).build(raw)  # type: ignore[arg-type]
    return {item.file: dataset.read(item) for item in dataset.items()}


def test_the_published_test_vector(tmp_path: Path) -> None:
    rows = (
        (0.980639, 0.109899, 0.162077),
        (-0.11023, 0.993882, -0.00697376),
        (-0.161851, -0.011027, 0.986754),
    )
    write_biwi(tmp_path, "01", {3: np.array(rows)})
    (labelled,) = read_all(tmp_path).values()
    np.testing.assert_allclose(labelled.labels, (9.3275, -0.4049, -6.3944), atol=1e-4)


@needs_samples
def test_labels_of_the_real_samples_are_those_of_the_raw_files(tmp_path: Path) -> None:
    raw = SAMPLES / "BIWI"
    report = import_dataset("biwi", BIWIConfig(), raw, tmp_path / "out", processes=1)
    labels = report.dataset.labels().set_index("file")
    files = sorted((raw / "hpdb").glob("*/*_pose.txt"))
    assert len(labels) == len(files) == 5
    for file in files:
        m = np.array(file.read_text().split(), float)[:9].reshape(3, 3).T
        roll = -np.arctan2(m[1, 0], m[0, 0])
        yaw = -np.arctan2(-m[2, 0], np.sqrt(m[2, 1] ** 2 + m[2, 2] ** 2))
        pitch = np.arctan2(m[2, 1], m[2, 2])
        name = f"images/01/{file.name.removesuffix('_pose.txt')}.jpg"
        row = labels.loc[name, ["yaw_deg", "pitch_deg", "roll_deg"]]
        np.testing.assert_allclose(row.astype(float), np.degrees((yaw, pitch, roll)), atol=1e-4)
    assert report.dataset.card.details["detector"].startswith("200 mm around the head's centre")


@needs_samples
def test_the_sample_heads_are_in_their_boxes() -> None:
    for labelled in read_all(SAMPLES / "BIWI").values():
        # By eye, on the five frames: the face reaches from 295 to 390 and from 215 to 320.
        assert labelled.box.left < 300 and labelled.box.right > 385
        assert labelled.box.top < 220 and labelled.box.bottom > 315
        assert labelled.box.width < 150


@pytest.mark.parametrize("pose", [(30.0, 0.0, 0.0), (0.0, 30.0, 0.0), (0.0, 0.0, 30.0), (50.0, -20.0, 15.0)])
def test_a_known_rotation_turns_the_nose_where_our_convention_says(
    tmp_path: Path, pose: tuple[float, float, float]
) -> None:
    # The head of our convention (x right, y up, z to the viewer) is turned by the transposed matrix of its
    # pose; BIWI's camera has y down and z away, and its head looks against its own z.
    axes = np.diag([1.0, -1.0, -1.0])
    write_biwi(tmp_path, "01", {1: axes @ matrix_from_pose(np.array(pose)).T @ axes})
    (labelled,) = read_all(tmp_path).values()
    np.testing.assert_allclose(labelled.labels, pose, atol=1e-4)


def test_the_box_stands_around_the_projected_head_centre(tmp_path: Path) -> None:
    write_biwi(tmp_path, "01", {1: np.eye(3)}, centre_mm=(100, -50, 1000))
    (tmp_path / "01" / "rgb.cal").write_text(
        "500 0 320\n0 400 240\n0 0 1\n\n0 0 0 0\n\n0 1 0\n-1 0 0\n0 0 1\n\n20 40 1000\n\n640 480\n"
    )
    (labelled,) = read_all(tmp_path, head_mm=240).values()
    # Turned and shifted: -30, -60, 2000 mm; projected: 320 - 500 * 30 / 2000, 240 - 400 * 60 / 2000.
    x, y, side = 312.5, 228, 500 * 240 / 2000
    assert labelled.box == (int(x - side / 2), y - side / 2, int(x + side / 2), y + side / 2)


def test_sequences_are_subjects_and_all_of_them_test(tmp_path: Path) -> None:
    for sequence in ("03", "15"):
        write_biwi(tmp_path / "hpdb", sequence, {4: np.eye(3), 9: np.eye(3)})
    images = read_all(tmp_path)
    assert list(images) == [f"{s}/frame_{n:05d}_rgb.png" for s in ("03", "15") for n in (4, 9)]
    assert [labelled.subject for labelled in images.values()] == ["03", "03", "15", "15"]
    assert {labelled.split for labelled in images.values()} == {"test"}


@pytest.mark.parametrize("seed", range(20))
def test_sixteen_train_eight_test_and_nobody_on_both_sides(seed: int) -> None:
    chosen = drawn_third(ALL, seed)
    assert len(chosen) == 8 and chosen == drawn_third(ALL, seed)
    for one, other in SAME_PERSON:
        assert (one in chosen) == (other in chosen)


def test_the_split_is_an_option(tmp_path: Path) -> None:
    for sequence in ALL[:6]:
        write_biwi(tmp_path, sequence, {1: np.eye(3)})
    splits = [labelled.split for labelled in read_all(tmp_path, split="16/8", seed=3).values()]
    assert sorted(splits) == ["test"] * 2 + ["train"] * 4
    assert drawn_third(ALL, 0) != drawn_third(ALL, 1)


@pytest.mark.parametrize(
    "line",
    [
        "01/frame_00007_rgb.png,100,120,200,240",
        "kinect_head_pose_db/01/frame_00007_rgb.png;100;120;200;240;13.75;-31.89;1.12",
        "01/frame_00007 100 120 200 240",
    ],
)
def test_published_boxes_with_hopenets_margin(tmp_path: Path, line: str) -> None:
    write_biwi(tmp_path, "01", {7: np.eye(3), 8: np.eye(3)})
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(f"#;image;tl_x;tl_y;br_x;br_y;pose\n{line}\n")
    dataset = BIWIConfig(boxes=str(boxes)).build(tmp_path)
    seven, eight = dataset.items()
    # k = 0.35: left 100 - 21, right 200 + 0.21 * 121; top 120 - 42, bottom 240 + 0.21 * 162; its middle.
    assert dataset.read(seven).box == (79, 78 + (196 - 146) // 2, 225, 78 + (196 - 146) // 2 + 146)
    with pytest.raises(LeftOut, match="without a box"):
        dataset.read(eight)
    assert dataset.details()["detector"] == "file boxes.csv, margin k 0.35"


def test_a_bad_file_of_boxes_is_refused_with_its_lines(tmp_path: Path) -> None:
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("file,left,top,right,bottom\n01/frame_00001,1,2,3,4\n01/frame_00002,1,2\nnonsense\n")
    with pytest.raises(InputError) as caught:
        read_boxes(boxes)
    assert [fault.line for fault in caught.value.faults] == [3, 4]
    boxes.write_text("nothing\n")
    with pytest.raises(InputError, match="no line NN/frame_XXXXX"):
        read_boxes(boxes)
    with pytest.raises(InputError, match="cannot be read"):
        read_boxes(tmp_path / "away.csv")
    boxes.write_text("01/frame_00001,1,2,3,4\n")
    assert read_boxes(boxes) == {("01", "00001"): Box(1, 2, 3, 4)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1 0 0\n0 1 0\n0 0 1\n", "9 numbers, not 12"),
        ("1 0 0\n0 1 0\n0 0 -1\n\n0 0 1000\n", "no rotation"),
        ("nan 0 0\n0 1 0\n0 0 1\n\n0 0 1000\n", "no rotation"),
        ("1 0 0\n0 1 0\n0 0 1\n\n0 0 -5\n", "behind the camera"),
    ],
)
def test_a_pose_that_is_none_is_refused(tmp_path: Path, content: str, said: str) -> None:
    write_biwi(tmp_path, "01", {1: np.eye(3)})
    (tmp_path / "01" / "frame_00001_pose.txt").write_text(content)
    with pytest.raises(ValueError, match=said):
        read_all(tmp_path)


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sequence"):
        BIWIConfig().build(tmp_path)
