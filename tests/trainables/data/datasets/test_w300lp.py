from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat
from support.raw_layouts import SAMPLES, landmarks, needs_samples, write_300w_lp, write_pair

from trainables.base.errors import InputError
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.raw import LabelledImage, LeftOut, held_out
from trainables.data.datasets.w300lp import FOLDERS, W300LPConfig, subject_of
from trainables.pose.geometry import matrix_from_pose, pose_from_matrix


def read_all(raw: Path, **options: object) -> dict[str, LabelledImage]:
    """Return the images by file."""
    dataset = W300LPConfig(**options).build(raw)  # type: ignore[arg-type]
    return {item.file: dataset.read(item) for item in dataset.items()}


@needs_samples
def test_labels_of_the_real_samples_are_those_of_the_raw_files(tmp_path: Path) -> None:
    raw = SAMPLES / "300W_LP"
    report = import_dataset("300w-lp", W300LPConfig(), raw, tmp_path / "out", processes=1)
    labels = report.dataset.labels().set_index("file")
    assert len(labels) == len(list(raw.glob("*/*.mat"))) == 6
    for mat in raw.glob("*/*.mat"):
        pitch, yaw, roll = np.degrees(loadmat(mat)["Pose_Para"][0][:3])
        row = labels.loc[f"images/{mat.parent.name}/{mat.stem}.jpg"]
        np.testing.assert_allclose(
            row[["yaw_deg", "pitch_deg", "roll_deg"]].astype(float), (yaw, pitch, roll), atol=1e-4
        )


@needs_samples
def test_mirrored_twins_of_the_samples_have_about_the_mirrored_pose() -> None:
    poses = {file: labelled.labels for file, labelled in read_all(SAMPLES / "300W_LP").items()}
    for number in (0, 1):
        pose = poses[f"AFW/AFW_134212_1_{number}.jpg"]
        twin = poses[f"AFW_Flip/AFW_134212_1_{number}.jpg"]
        np.testing.assert_allclose(np.multiply(pose, (-1, 1, -1)), twin, atol=1.0)


def test_a_known_rotation_keeps_its_matrix(tmp_path: Path) -> None:
    turn = matrix_from_pose(np.array([40.0, -25.0, 15.0]))
    write_pair(tmp_path / "AFW" / "AFW_1_1_0", tuple(pose_from_matrix(turn)))
    (labelled,) = read_all(tmp_path).values()
    np.testing.assert_allclose(matrix_from_pose(np.array(labelled.labels)), turn, atol=1e-6)


def test_all_folders_and_their_twins_are_read(tmp_path: Path) -> None:
    for folder in (*FOLDERS, "landmarks", "Code"):
        write_pair(tmp_path / "300W_LP" / folder / f"{folder}_1_0", (1, 2, 3))
    assert sorted(read_all(tmp_path)) == sorted(f"{name}/{name}_1_0.jpg" for name in FOLDERS)


def test_the_box_is_hopenets(tmp_path: Path) -> None:
    write_pair(tmp_path / "AFW" / "a_1_0", (0, 0, 0), pt2d=landmarks((225, 225), 100))
    (labelled,) = read_all(tmp_path, margin_k=0.5).values()
    # Points from 175 to 275: left 145, then right 275 + 0.3 * 130; top 75, then bottom 275 + 0.3 * 200.
    left, top, right, bottom = 145, 75, 314, 335
    assert labelled.box == (
        left,
        top + (bottom - top - 169) // 2,
        right,
        top + (bottom - top - 169) // 2 + 169,
    )
    (whole,) = read_all(tmp_path, margin_k=0.5, square="around").values()
    assert whole.box.width == bottom - top


@pytest.mark.parametrize("pose", [(99.5, 0, 0), (0, -99.5, 0), (0, 0, 400)])
def test_angles_above_99_degrees_are_left_out(tmp_path: Path, pose: tuple[float, ...]) -> None:
    write_pair(tmp_path / "AFW" / "a_1_0", pose)
    with pytest.raises(LeftOut, match="above 99 degrees"):
        read_all(tmp_path)
    assert len(read_all(tmp_path, max_angle_deg=None)) == 1


def test_renderings_and_twins_of_a_photo_stay_on_one_side(tmp_path: Path) -> None:
    write_300w_lp(tmp_path, photos=12)
    images = read_all(tmp_path, validation_share=0.5)
    splits: dict[str, set[str]] = {}
    for labelled in images.values():
        splits.setdefault(labelled.subject, set()).add(labelled.split)
    assert len(splits) == 12 and all(len(names) == 1 for names in splits.values())
    assert {"train"} in splits.values() and {"validation"} in splits.values()


def test_the_held_out_share_is_about_as_asked_and_does_not_move() -> None:
    names = [f"AFW_{number}_1" for number in range(4000)]
    chosen = {name for name in names if held_out(name, 0.05)}
    assert len(chosen) == pytest.approx(200, abs=45)
    assert chosen <= {name for name in names if held_out(name, 0.1)}
    assert not any(held_out(name, 0.0) for name in names)


@pytest.mark.parametrize(
    ("stem", "subject"),
    [
        ("AFW_134212_1_17", "AFW_134212_1"),
        ("HELEN_100032540_1_0", "HELEN_100032540_1"),
        ("IBUG_image_008_1_0", "IBUG_image_008_1"),
        ("LFPW_image_train_0001_3", "LFPW_image_train_0001"),
    ],
)
def test_subjects(stem: str, subject: str) -> None:
    assert subject_of(stem) == subject


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is none of AFW, AFW_Flip"):
        W300LPConfig().build(tmp_path)


def fuzzed(content: bytes, seed: int) -> bytes:
    """Return the file with some bytes changed, and perhaps its end cut off."""
    random = np.random.default_rng(seed)
    changed = bytearray(content[: random.integers(1, len(content))] if seed % 3 == 0 else content)
    for place in random.integers(0, len(changed), random.integers(1, 30)):
        changed[place] = random.integers(0, 256)
    return bytes(changed)


def test_broken_mats_are_set_aside_and_cost_nothing_else(tmp_path: Path) -> None:
    write_300w_lp(tmp_path, photos=20)
    good = (tmp_path / "AFW" / "AFW_000000_1_0.mat").read_bytes()
    for number in range(1, 20):
        (tmp_path / "AFW" / f"AFW_{number:06d}_1_0.mat").write_bytes(fuzzed(good, number))
    (tmp_path / "AFW_Flip" / "AFW_000000_1_0.mat").unlink()
    jpg = tmp_path / "AFW_Flip" / "AFW_000001_1_0.jpg"
    jpg.write_bytes(jpg.read_bytes()[:2000])
    (tmp_path / "AFW_Flip" / "AFW_000002_1_0.jpg").unlink()
    report = import_dataset(
        "300w-lp", W300LPConfig(), tmp_path, tmp_path / "out", processes=2, reject_limit=1
    )
    files = set(report.dataset.labels()["file"])
    rejects = (tmp_path / "out" / "rejects.csv").read_text()
    assert report.rejected >= 13 and len(files) + report.rejected + sum(report.left_out.values()) == 80
    for number in (0, 1, 2):
        assert f"AFW_Flip/AFW_{number:06d}_1_0.jpg" in rejects
    assert {f"images/AFW/AFW_{number:06d}_1_1.jpg" for number in range(20)} <= files
