"""Files of images: what is in them is decoded, never run, whatever they are named."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image, UnidentifiedImageError

from trainables.base.errors import InputError
from trainables.data import contact_sheet
from trainables.data.datasets.folder import FolderConfig
from trainables.data.datasets.raw import rgb
from trainables.data.image_file import FORMATS, open_image
from trainables.data.images import upright
from trainables.data.loader.unreadable import unreadable

PACKAGES = Path(__file__).parents[3]


def import_of(file: Path) -> None:
    (file.parent / "labels.csv").write_text(f"file,yaw,pitch,roll\n{file.name},1,2,3\n")
    folder = FolderConfig().build(file.parent)
    [item] = folder.items()
    folder.read(item)


def check_of(file: Path) -> None:
    if faults := unreadable([file]):
        raise InputError(faults)


READERS: dict[str, Callable[[Path], object]] = {
    "predict": upright,
    "import of own images": import_of,
    "import of published ones": rgb,
    "data check": check_of,
    "data show": lambda file: contact_sheet.tile(file, [0.0, 0.0, 0.0]),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_program_in_an_image_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: str
) -> None:
    """PostScript named as a photo; a Ghostscript stands ready that tells of its being run."""
    ran, programs, file = tmp_path / "ran", tmp_path / "bin", tmp_path / "face.jpg"
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\ntouch {ran}\n")
    (programs / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setattr(EpsImagePlugin, "gs_binary", None)  # where Pillow keeps what it found
    Image.new("RGB", (64, 64), (200, 10, 10)).save(file, "EPS")
    with pytest.raises((OSError, InputError), match="not an image"):
        READERS[reader](file)
    assert not ran.exists()


@pytest.mark.parametrize("kind", [*FORMATS, "MPO"])
def test_what_photos_and_datasets_are_stored_as_is_read(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "face"  # the content says what it is
    Image.new("RGB", (16, 12), (200, 10, 10)).save(file, kind)
    image = upright(file)
    assert image.size == (16, 12)
    red, green, blue = image.getpixel((8, 6))  # type: ignore[misc]
    assert abs(red - 200) < 8 and abs(green - 10) < 8 and abs(blue - 10) < 8


def test_every_other_format_of_pillow_is_refused(tmp_path: Path) -> None:
    Image.init()
    tried = 0
    for kind in sorted(set(Image.SAVE) - {*FORMATS, "MPO"}):
        content = io.BytesIO()
        try:
            Image.new("RGB", (16, 16)).save(content, kind)
        except (OSError, ValueError, KeyError, RuntimeError):
            continue  # Pillow writes no such image, or none without another library
        (tmp_path / kind).write_bytes(content.getvalue())
        with pytest.raises(UnidentifiedImageError, match="JPEG, PNG, TIFF"):
            open_image(tmp_path / kind)
        tried += 1
    assert tried > 5


def test_image_files_are_opened_in_one_place() -> None:
    files = [file for name in ("trainables", "hpsearch") for file in (PACKAGES / name).rglob("*.py")]
    assert [file.name for file in files if "Image.open(" in file.read_text()] == [
        "image_file.py",
        "model_card.py",  # text that a user may copy, of a file of theirs
    ]
