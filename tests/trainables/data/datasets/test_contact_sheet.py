"""The contact sheet and the axes on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from trainables.base.errors import InputError
from trainables.data.contact_sheet import contact_sheet, sheet_size
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.pose.angles import AXIS_COLOURS
from trainables.pose.axes import axes_px, draw_axes


def dataset(folder: Path, images: int, roll: bool = True) -> PreparedDataset:
    folder.mkdir()
    rows = []
    for number in range(images):
        Image.new("RGB", (20, 20), (200, 200, 200)).save(folder / f"{number}.jpg")
        pose = {"yaw_deg": number * 3.0 - 20, "pitch_deg": 5.0} | ({"roll_deg": 0.0} if roll else {})
        rows.append({"file": f"{number}.jpg", "subject": f"s{number % 4}", "split": "train", **pose})
    return write_labels(folder, pd.DataFrame(rows), source="grey squares")


@pytest.mark.parametrize("roll", [True, False])
def test_the_sheet_has_a_place_for_every_head(tmp_path: Path, roll: bool) -> None:
    made = dataset(tmp_path / "grey", 11, roll)
    for count, shown in ((5, 5), (9, 9), (40, 11)):
        out = contact_sheet(made, tmp_path / "deep" / "sheet.png", "train", count)
        with Image.open(out) as sheet:
            assert sheet.format == "PNG"
            assert sheet.size == sheet_size(shown)
            blue = np.abs(np.asarray(sheet, np.int16) - AXIS_COLOURS[2]).max(axis=2) < 12
            assert blue.sum() > 20 * shown  # a nose axis on each


def test_faults_are_bad_input(tmp_path: Path) -> None:
    made = dataset(tmp_path / "grey", 3)
    with pytest.raises(InputError, match="did you mean 'train'"):
        contact_sheet(made, tmp_path / "sheet.png", "trian")
    with pytest.raises(InputError, match=r"name it sheet\.png"):
        contact_sheet(made, tmp_path / "sheet.tiff")
    (made.folder / "1.jpg").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"1\.jpg"):
        contact_sheet(made, tmp_path / "sheet.png")


def hopenet_axes(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """The published formula, written out: tips of the red, green and blue axis, x right, y down."""
    pitch, yaw, roll = np.radians([pitch_deg, -yaw_deg, roll_deg])
    cos, sin = np.cos, np.sin
    return np.array(
        [
            [cos(yaw) * cos(roll), cos(pitch) * sin(roll) + cos(roll) * sin(pitch) * sin(yaw)],
            [-cos(yaw) * sin(roll), cos(pitch) * cos(roll) - sin(pitch) * sin(yaw) * sin(roll)],
            [sin(yaw), -cos(yaw) * sin(pitch)],
        ]
    )


def test_axes_are_those_of_hopenet() -> None:
    rng = np.random.default_rng(0)
    for pose_deg in rng.uniform(-90, 90, (50, 3)):
        np.testing.assert_allclose(axes_px(pose_deg), hopenet_axes(*pose_deg), atol=1e-9)


def test_the_nose_axis_ends_where_it_is_drawn() -> None:
    image = Image.new("RGB", (100, 100))
    draw_axes(image, (60, 20, 10), centre=(50, 50), length=40)
    x, y = 50 + 40 * axes_px((60, 20, 10))[2]
    assert x < 50  # yaw > 0: to the left
    assert y < 50  # pitch > 0: up
    assert image.getpixel((round(x), round(y))) == AXIS_COLOURS[2]
