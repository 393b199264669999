"""Small raw datasets in the layouts that their authors ship, and where the real samples lie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from scipy.io import savemat

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the real samples are not at {SAMPLES}")


def photo(seed: int, size: tuple[int, int] = (450, 450)) -> Image.Image:
    """Return a smooth coloured image, another one for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR)


def landmarks(centre: tuple[float, float], side: float, count: int = 68) -> npt.NDArray[np.float64]:
    """Return points [2, N] that fill a square."""
    points = np.random.default_rng(0).uniform(-side / 2, side / 2, (2, count))
    points[:, :2] = [[-side / 2, side / 2], [-side / 2, side / 2]]
    return points + np.array(centre)[:, None]


def write_pair(
    stem: Path,
    pose_deg: Sequence[float],
    *,
    pt2d: npt.NDArray[np.float64] | None = None,
    pt3d_68: npt.NDArray[np.float64] | None = None,
    seed: int = 0,
) -> None:
    """Write a jpg + mat pair as 300W-LP and AFLW2000 have them."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    yaw, pitch, roll = np.radians(pose_deg)
    pose_para = np.array([[pitch, yaw, roll, 60.0, 60.0, -60.0, 0.001]], np.float32)
    arrays = {"Pose_Para": pose_para, "pt2d": landmarks((225, 225), 150) if pt2d is None else pt2d}
    arrays["Shape_Para"] = np.zeros((199, 1))
    if pt3d_68 is not None:
        arrays["pt3d_68"] = pt3d_68
    photo(seed).save(f"{stem}.jpg", quality=90)
    savemat(f"{stem}.mat", arrays)


def write_300w_lp(raw: Path, photos: int, renderings: int = 2) -> None:
    """Write photos of AFW with their renderings and mirrored twins."""
    for photo in range(photos):
        for number in range(renderings):
            yaw = 3.0 * photo + 10 * number
            name = f"AFW_{photo:06d}_1_{number}"
            write_pair(raw / "AFW" / name, (yaw, 2, -1), seed=100 * photo + number)
            write_pair(raw / "AFW_Flip" / name, (-yaw, 2, 1), seed=100 * photo + number + 50)


IDENTITY_CAL = "500 0 320\n0 500 240\n0 0 1\n\n0 0 0 0\n\n1 0 0\n0 1 0\n0 0 1\n\n0 0 0\n\n640 480\n"


def write_biwi(
    raw: Path,
    sequence: str,
    poses: dict[int, npt.NDArray[np.float64]],
    centre_mm: tuple[float, float, float] = (0, 0, 1000),
) -> None:
    """Write one sequence of BIWI: a rotation [3, 3] per frame number."""
    folder = raw / sequence
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rgb.cal").write_text(IDENTITY_CAL)
    for frame, rotation in poses.items():
        rows = "\n".join(" ".join(f"{value:.9g}" for value in row) + " " for row in rotation)
        centre = " ".join(f"{value:g}" for value in centre_mm)
        (folder / f"frame_{frame:05d}_pose.txt").write_text(f"{rows}\n\n{centre} \n\n")
        photo(frame, (640, 480)).save(folder / f"frame_{frame:05d}_rgb.png")


def write_xgaze(
    file: Path,
    pitch_yaw_rad: npt.NDArray[np.float64],
    side: int = 224,
    colour: tuple[int, int, int] = (200, 40, 10),
) -> None:
    """Write a subject's .h5 with faces of one colour (blue, green, red), whose upper half is greener."""
    file.parent.mkdir(parents=True, exist_ok=True)
    count = len(pitch_yaw_rad)
    with h5py.File(file, "w") as opened:
        faces = np.empty((count, side, side, 3), np.uint8)
        faces[:] = colour
        faces[:, : side // 2, :, 1] += 20  # one colour alone would be a blank
        faces[:, side // 2 :, :, 1] -= 20
        faces[:, :, :, 0] -= (4 * np.arange(count) % 200).astype(np.uint8)[:, None, None]
        opened.create_dataset("face_patch", data=faces, chunks=(1, side, side, 3), compression="lzf")
        opened.create_dataset("face_head_pose", data=np.asarray(pitch_yaw_rad, np.float32))
        opened.create_dataset("face_mat_norm", data=np.tile(np.eye(3), (count, 1, 1)))
        opened.create_dataset("frame_index", data=np.arange(count)[:, None])
        opened.create_dataset("cam_index", data=np.ones((count, 1), int))


def write_folder(raw: Path, count: int = 3) -> None:
    """Write a table of poses and the images that it names."""
    raw.mkdir(parents=True, exist_ok=True)
    rows = [f"{number}.png,{10 * number},-5,{number},person {number}" for number in range(count)]
    (raw / "labels.csv").write_text("\n".join(["file,yaw,pitch,roll,subject", *rows]))
    for number in range(count):
        photo(number, (60, 40)).save(raw / f"{number}.png")


def write_aflw2000(raw: Path) -> None:
    """Write two photographs, one of them with an angle beyond the split `reduced`."""
    for number, yaw in ((2, 30.0), (4, 120.0)):
        write_pair(raw / f"image{number:05d}", (yaw, 5, -3), seed=number)


def write_xgaze_subjects(raw: Path) -> None:
    """Write a subject to train on, one to validate and one to test."""
    for number, name in enumerate(("train/subject0003", "train/subject0108", "test/subject0012")):
        poses = np.radians([[10.0, -20.0], [-30.0, 40.0]])
        write_xgaze(raw / f"{name}.h5", poses, side=64, colour=(200, 40, 50 * number))


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "300w-lp": lambda raw: write_300w_lp(raw, photos=3),
    "aflw2000": write_aflw2000,
    "biwi": lambda raw: write_biwi(raw, "01", {3: np.eye(3), 7: np.eye(3)}),
    "eth-xgaze": write_xgaze_subjects,
    "folder": write_folder,
}
"""Writes the smallest whole dataset of each importer."""
