"""What `data check` finds in datasets with planted faults, and that it is silent on a good one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps
from support.prepared_datasets import prepared
from support.raw_layouts import photo

from hpsearch.cli.main import main
from trainables.data.check_picture import NAME
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.prepared import PreparedDataset

SPLITS = ["train"] * 30 + ["validation"] * 10


def said(dataset: PreparedDataset) -> str:
    check = check_dataset(dataset.folder)
    return "\n".join((*check.faults, *check.warnings, *check.notes))


def angles(**changed: float) -> dict[str, list[float]]:
    """Return the angles of forty images, of which the first is changed."""
    spread = {
        "yaw": np.linspace(-50, 50, 40),
        "pitch": np.linspace(20, -20, 40),
        "roll": np.linspace(-9, 9, 40),
    }
    for name, value in changed.items():
        spread[name][0] = value
    return {name: list(values) for name, values in spread.items()}


def test_nothing_is_said_of_a_good_dataset(tmp_path: Path) -> None:
    assert said(prepared(tmp_path / "good", SPLITS, **angles())) == ""


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"pitch": -170}, "pitch lies far outside the rest in 1 images, up to -170"),
        ({"yaw": 100}, "1 images have an angle beyond 99 degrees, where HopeNet's bins end"),
        ({"yaw": -85}, "1 images have a yaw of 80 to 100 degrees"),
        ({"yaw": 120}, "1 images have a yaw beyond 90 degrees: each such pose has two names"),
        ({"yaw": 312}, "yaw is beyond -180 to 180 degrees in 1 images, up to 312"),
    ],
)
def test_angles_that_reach_far_are_named(tmp_path: Path, changed: dict[str, float], expected: str) -> None:
    assert expected in said(prepared(tmp_path / "far", SPLITS, **angles(**changed)))


def test_columns_that_say_nothing_or_something_else_are_named(tmp_path: Path) -> None:
    good = angles()
    zero = prepared(tmp_path / "zero", SPLITS, **{**good, "roll": [0.0] * 40})
    assert "roll is 0 in all images" in said(zero)
    swapped = prepared(tmp_path / "swapped", SPLITS, **{**good, "yaw": good["pitch"], "pitch": good["yaw"]})
    assert "pitch varies more than yaw" in said(swapped)
    radians = prepared(tmp_path / "radians", SPLITS, **{k: list(np.radians(v)) for k, v in good.items()})
    assert "these look like radians" in said(radians)


def test_few_profiles_to_train_on_are_named(tmp_path: Path) -> None:
    yaw = [*np.linspace(-50, 50, 120), *np.linspace(-90, 90, 30)]
    dataset = prepared(tmp_path / "frontal", ["train"] * 120 + ["validation"] * 30, yaw=yaw)
    assert "0.0% of the training images show a yaw beyond 60 degrees" in said(dataset)
    assert "33% of validation" in said(dataset)


@pytest.mark.parametrize("change", ["brighter", "smaller", "compressed"])
def test_almost_the_same_image_in_two_splits_is_a_warning_with_a_picture(
    tmp_path: Path, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def image(row: int) -> Image.Image:
        if row != 35:
            return photo(row, (48, 48))
        copy = photo(3, (48, 48))
        if change == "compressed":
            copy.save(tmp_path / "copy.jpg", quality=50)
            return Image.open(tmp_path / "copy.jpg")
        return ImageEnhance.Brightness(copy).enhance(1.2) if change == "brighter" else copy.resize((36, 36))

    dataset = prepared(tmp_path / "datasets" / "near", SPLITS, image=image, **angles())
    (warning,) = check_dataset(dataset.folder).warnings
    assert warning.startswith("1 images of validation are almost the same as one of train")
    assert warning.endswith("images/3.png ~ images/35.png")
    assert main(["data", "check", "near", "--root", str(tmp_path)]) == 0
    assert str(dataset.folder / NAME) in capsys.readouterr().out
    with Image.open(dataset.folder / NAME) as picture:
        assert picture.height > 600 and len(picture.getcolors(1 << 24) or ()) > 500


def test_a_dataset_that_cannot_be_written_to_is_checked_without_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = prepared(tmp_path / "datasets" / "shared", SPLITS, **angles())
    (dataset.folder / NAME).mkdir()
    assert main(["data", "check", "shared", "--root", str(tmp_path)]) == 0
    assert "no picture of it: is a directory" in capsys.readouterr().out


def test_crops_that_reach_beyond_the_image_or_differ_are_named(tmp_path: Path) -> None:
    def image(row: int) -> Image.Image:
        return ImageOps.expand(photo(row, (36, 36)), (6, 6, 6, 6)) if row >= 30 else photo(row, (48, 48))

    dataset = prepared(tmp_path / "rims", SPLITS, image=image, **angles())
    assert "10 crops are black by more than 35%" in said(dataset)
    assert "0% of those of train are black rim and 44% of validation" in said(dataset)


def test_small_faces_are_named(tmp_path: Path) -> None:
    boxes = [256] * 30 + [56] * 10
    dataset = prepared(tmp_path / "small", SPLITS, box_px=boxes, details={"image_px": 256}, **angles())
    assert "10 crops were enlarged more than twice, from 56 pixels" in said(dataset)
    assert "the faces of validation are 56 pixels wide in their images and those of train 256" in said(
        dataset
    )


def turned(yaw: float, pitch: float) -> Image.Image:
    """Return a face: a dark nose on a bright disc, which moves as the head turns and nods."""
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    face = 200.0 * (x**2 + y**2 < 0.8) + 30
    face -= 120 * np.exp(-((x + yaw / 60) ** 2 + (y + pitch / 60) ** 2) / 0.05)
    return Image.fromarray(np.clip(face, 0, 255).astype(np.uint8)).convert("RGB")


def test_the_pixels_tell_a_swapped_column_and_a_split_of_another_sign(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    splits = ["train"] * 200 + ["validation"] * 60
    yaw, pitch = generator.uniform(-40, 40, 260), generator.uniform(-38, 38, 260)

    def image(row: int) -> Image.Image:
        return turned(yaw[row], pitch[row])

    good = prepared(tmp_path / "good", splits, image=image, yaw=list(yaw), pitch=list(pitch))
    assert "swapped" not in said(good) and "other way round" not in said(good)
    swapped = prepared(tmp_path / "swapped", splits, image=image, yaw=list(pitch), pitch=list(yaw))
    assert "the two columns look swapped" in said(swapped)
    other = np.where(np.arange(260) < 200, yaw, -yaw)
    signs = prepared(tmp_path / "signs", splits, image=image, yaw=list(other), pitch=list(pitch))
    assert "the yaw of validation looks as if its sign was the other way round than in train" in said(signs)


def test_labels_without_a_value_are_a_fault_and_leave_a_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nan = float("nan")
    for name, values in (("some", angles(yaw=nan)), ("none", angles() | {"pitch": [nan] * 40})):
        prepared(tmp_path / "datasets" / name, SPLITS, **values)
        assert main(["data", "check", name, "--root", str(tmp_path)]) == 1
        said = capsys.readouterr().out
        assert "is not a finite number in" in said and f"{name}/{NAME}" in said
