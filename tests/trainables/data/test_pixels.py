"""Every kind of pixels becomes the same 8-bit RGB for import and prediction, or is refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from trainables.base.errors import InputError
from trainables.data.datasets.folder import FolderConfig
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.raw import rgb
from trainables.data.images import upright
from trainables.data.pixels import is_blank, rgb_of

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
"""Every value of 8 bits once."""


def imported(file: Path) -> Image.Image:
    (file.parent / "labels.csv").write_text(f"file,yaw,pitch,roll\n{file.name},1,2,3\n")
    folder = FolderConfig().build(file.parent)
    return folder.read(next(iter(folder.items()))).image


READERS: dict[str, Callable[[Path], Image.Image]] = {
    "import of own images": imported,
    "import of published ones": rgb,
    "predict": upright,
}
each_reader = pytest.mark.parametrize("reader", READERS)


@each_reader
@pytest.mark.parametrize(
    ("values", "suffix"),
    [
        (RAMP, "png"),
        (RAMP.astype(np.uint16) * 257, "png"),
        (RAMP.astype(np.uint16) * 257, "tif"),
        (RAMP.astype(np.uint16) * 257, "ppm"),
        (RAMP.astype(np.int32) * 257, "tif"),
        (RAMP.astype(np.float32) / 255, "tif"),
    ],
    ids=["8 bits", "16 bits", "16 bits TIFF", "16 bits PPM", "32 bits", "float"],
)
def test_grey_of_any_depth_is_the_same_image(
    tmp_path: Path, reader: str, values: npt.NDArray[np.generic], suffix: str
) -> None:
    file = tmp_path / f"ramp.{suffix}"
    Image.fromarray(values).save(file)
    np.testing.assert_array_equal(np.asarray(READERS[reader](file)), np.stack([RAMP] * 3, axis=2))


@each_reader
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (RAMP.astype(np.uint16) * 14, "reach from 0 to 3570 of 65535, which would all be black"),
        (RAMP.astype(np.float32), "float pixels reach from 0 to 255"),
        (RAMP.astype(np.float32) - 1, "float pixels reach from -1 to 254"),
        (np.full((16, 16), np.nan, np.float32), "float pixels reach from nan"),
        (RAMP.astype(np.int32) * 1000, "reach from 0 to 255000, and have no known white"),
    ],
    ids=["12 bits in 16", "float to 255", "negative", "NaN", "beyond 16 bits"],
)
def test_values_without_a_known_white_are_refused(
    tmp_path: Path, reader: str, values: npt.NDArray[np.generic], said: str
) -> None:
    file = tmp_path / "ramp.tif"
    Image.fromarray(values).save(file)
    with pytest.raises(ValueError, match=said):
        READERS[reader](file)


@each_reader
def test_what_is_transparent_is_black_whatever_colour_hides_there(tmp_path: Path, reader: str) -> None:
    seen = np.full((16, 16, 4), 200, np.uint8)
    seen[:, :8, 3], seen[:, 8:, 3] = 255, 0
    file = tmp_path / "cut-out.png"
    Image.fromarray(seen).save(file)
    pixels = np.asarray(READERS[reader](file))
    assert (pixels[:, :8] == 200).all() and (pixels[:, 8:] == 0).all()


@each_reader
@pytest.mark.parametrize("mode", ["P", "CMYK", "LA", "YCbCr"])
def test_other_modes_keep_their_colours(tmp_path: Path, reader: str, mode: str) -> None:
    colour = (200, 200, 200) if mode == "LA" else (200, 40, 10)
    file = tmp_path / f"plain.{'png' if mode in ('P', 'LA') else 'tif'}"
    Image.new("RGB", (16, 16), colour).convert(mode).save(file)
    np.testing.assert_allclose(np.asarray(READERS[reader](file)).mean((0, 1)), colour, atol=3)


def test_own_images_are_turned_upright_and_published_ones_stay_as_their_labels_mean_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.stack([RAMP[:8]] * 3, axis=2)).save(file, exif=exif)
    assert {name: read(file).size for name, read in READERS.items()} == {
        "import of own images": (8, 16),
        "import of published ones": (16, 8),
        "predict": (8, 16),
    }


@pytest.mark.parametrize(
    ("low", "high", "blank"), [(9, 9, True), (0, 15, True), (0, 16, False), (0, 255, False)]
)
def test_an_image_without_contrast_is_blank(low: int, high: int, blank: bool) -> None:
    pixels = np.full((16, 16, 3), low, np.uint8)
    pixels[4:8, 4:8, 1] = high
    assert is_blank(Image.fromarray(pixels)) == blank


def test_blank_crops_are_not_imported(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    Image.new("RGB", (32, 32), (255, 255, 255)).save(raw / "white.png")
    Image.fromarray(np.stack([RAMP] * 3, axis=2)).save(raw / "face.png")
    (raw / "labels.csv").write_text("file,yaw,pitch\nwhite.png,1,2\nface.png,1,2\n")
    with pytest.raises(InputError, match=r"1 of 2 images .* 'white.png': the crop is blank"):
        import_dataset("folder", FolderConfig(), raw, tmp_path / "out", processes=1)


def test_arrays_and_images_in_memory_are_read_alike() -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * 257)
    np.testing.assert_array_equal(np.asarray(upright(deep)), np.asarray(rgb_of(deep, upright=False)))
