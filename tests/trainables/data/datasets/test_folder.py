import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydantic import ValidationError
from support.raw_layouts import photo

from trainables.base.errors import InputError
from trainables.data.datasets.folder import FolderConfig
from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.raw import LabelledImage
from trainables.pose.geometry import matrix_from_pose, pose_from_matrix


def write(raw: Path, table: str, count: int = 3) -> None:
    """Write `labels.csv` and images 0.png, 1.png, ..."""
    for number in range(count):
        photo(number, (60, 40)).save(raw / f"{number}.png")
    (raw / "labels.csv").write_text(table)


def read_all(raw: Path, **options: object) -> list[LabelledImage]:
    """Return the images in the order of the table."""
    dataset = FolderConfig(**options).build(raw)  # type: ignore[arg-type]
    return [dataset.read(item) for item in dataset.items()]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_becomes_a_dataset(tmp_path: Path, kind: str) -> None:
    write(
        tmp_path,
        "file,yaw,pitch,roll,subject,split,box\n"
        "0.png,10.5,-3,7,ann,train,10 5 50 35\n"
        "1.png,-20,4,0,bob,validation,\n"
        '0.png,1,2,3,ann,train small,"0,0,20,20"\n',
    )
    if kind == "parquet":
        pd.read_csv(tmp_path / "labels.csv").to_parquet(tmp_path / "labels.parquet")
        (tmp_path / "labels.csv").unlink()
    report = import_dataset("folder", FolderConfig(image_px=32), tmp_path, tmp_path / "out", processes=1)
    labels = report.dataset.labels()
    assert labels[["yaw_deg", "pitch_deg", "roll_deg"]].to_numpy().tolist() == [
        [10.5, -3, 7],
        [-20, 4, 0],
        [1, 2, 3],
    ]
    assert list(labels["subject"]) == ["ann", "bob", "ann"]
    assert report.dataset.card.splits == {"small": 1, "train": 2, "validation": 1}
    boxes = labels[[f"box_{edge}_px" for edge in ("left", "top", "right", "bottom")]].to_numpy().tolist()
    assert boxes == [[10, 0, 50, 40], [0, -10, 60, 50], [0, 0, 20, 20]]
    assert labels["file"].is_unique


def test_signs_and_radians_are_converted(tmp_path: Path) -> None:
    turn = matrix_from_pose(np.array([35.0, -20.0, 10.0]))
    yaw, pitch, roll = np.radians(pose_from_matrix(turn))
    write(tmp_path, f"file,yaw,pitch,roll\n0.png,{-yaw},{pitch},{-roll}\n")
    (read,) = read_all(tmp_path, unit="radians", negate=("yaw", "roll"))
    np.testing.assert_allclose(matrix_from_pose(np.array(read.labels)), turn, atol=1e-9)


def test_without_subjects_each_file_is_one_and_some_are_held_out(tmp_path: Path) -> None:
    write(tmp_path, "file,yaw,pitch\n" + "".join(f"{n}.png,{n},0\n" for n in range(40)), count=40)
    images = read_all(tmp_path, validation_share=0.5)
    assert len({read.subject for read in images}) == 40
    assert {read.split for read in images} == {"train", "validation"}
    assert images[7].labels == (7, 0)


def test_each_bad_row_is_a_reject_and_the_others_are_imported(tmp_path: Path) -> None:
    """Names that no file can have, a field above csv's limit, bytes that are no text, and a formula."""
    long, wide = "n" * 5000, "\U0001f600" * 62
    bad = {
        b"a\0b.png,1,2": "null byte",
        f"{long}.png,1,2".encode(): "file name too long",
        b"x" * 200_000 + b",1,2": "field larger than field limit",
        b"caf\xe9.png,1,2": "not UTF-8",
        b"=cmd|x.png,1,2": "no such file",
        b"\x1b[2J.png,1,2": "no such file",
        b"0.png,1\x00,2": "is not a number",
    }
    write(tmp_path, "", count=30)
    photo(0, (60, 40)).save(tmp_path / f"{wide}.png")
    good = [f"{number}.png,{number},0".encode() for number in range(30)] + [f"{wide}.png,1,2".encode()]
    rows = [b"file,yaw,pitch", *good[:10], *bad, *good[10:]]
    (tmp_path / "labels.csv").write_bytes(b"\n".join(rows))
    config = FolderConfig(image_px=32)
    report = import_dataset("folder", config, tmp_path, tmp_path / "out", processes=1, reject_limit=0.5)
    assert (report.dataset.card.images, report.rejected) == (31, len(bad))
    content = (tmp_path / "out" / "rejects.csv").read_text(encoding="utf-8")
    listed = list(csv.reader(io.StringIO(content)))[1:]
    for (_, reason), expected in zip(listed, bad.values(), strict=True):
        assert expected in reason and len(reason) < 600
    assert listed[4][0] == "'=cmd|x.png" and listed[5][0] == "\\x1b[2J.png"
    again = import_dataset("folder", config, tmp_path, tmp_path / "out", reject_limit=0.5)
    assert again.imported == 0


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("../secret.png,1,2,3,", "must lie below"),
        ("/etc/secret.png,1,2,3,", "must lie below"),
        ("away.png,1,2,3,", "No such file"),
        ("0.png,east,2,3,", "is not a number"),
        ("0.png,1,2,,", "the row has no roll"),
        ("0.png,1,2,3,5 5 1 1", "not left, top, right, bottom"),
        ("labels.csv,1,2,3,", "not an image"),
    ],
)
def test_rows_that_say_nothing_clear_are_refused(tmp_path: Path, row: str, said: str) -> None:
    write(tmp_path, f"file,yaw,pitch,roll,box\n{row}\n")
    with pytest.raises((ValueError, OSError), match=said):
        read_all(tmp_path)


def test_images_are_turned_upright_as_viewers_do(tmp_path: Path) -> None:
    write(tmp_path, "file,yaw,pitch,roll\n0.jpg,0,0,0\n")
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(0, (60, 40)).save(tmp_path / "0.jpg", exif=exif)
    (read,) = read_all(tmp_path)
    assert read.image.size == (40, 60)


def test_bad_tables_are_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a table that ends in \.csv"):
        FolderConfig().build(tmp_path)
    write(tmp_path, "image,yaw,roll\n0.png,1,2\n")
    with pytest.raises(InputError, match="'file' is missing; the table has image, yaw, roll") as caught:
        FolderConfig().build(tmp_path)
    assert len(caught.value.faults) == 2
    with pytest.raises(ValidationError, match=r"'yow' is not a label \(did you mean 'yaw'\?"):
        FolderConfig(negate=("yow",))
    broken = tmp_path / "broken.parquet"
    broken.write_text("no parquet")
    with pytest.raises(InputError, match="cannot be read"):
        FolderConfig().build(broken)


def test_every_importer_explains_its_options() -> None:
    for name, config in IMPORTERS.items():
        assert config.__doc__
        for field, info in config.model_fields.items():
            assert info.description and not info.is_required(), (name, field)
