"""Tables as people write them: read as they are meant, or refused with the way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation
from support.raw_layouts import photo

from trainables.base.errors import InputError
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.crops import Box
from trainables.data.datasets.folder import Folder, FolderConfig
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.raw import LabelledImage

POSES = [(-41.5, 0.94, -4.66), (20.25, -7.5, 3.0)]
HEADING = "file,yaw,pitch,roll,subject"


def plain(n: int) -> str:
    return ",".join([f"{n}.png", *map(str, POSES[n]), f"s{n}"])


def comma(value: float) -> str:
    return str(value).replace(".", ",")


def table(heading: str, row: Callable[[int], str]) -> str:
    return "\n".join([heading, *map(row, range(len(POSES)))]) + "\n"


GOOD = table(HEADING, plain)


def folder(raw: Path, content: str | bytes, name: str = "labels.csv", **options: object) -> Folder:
    raw.mkdir(exist_ok=True)
    for number in range(len(POSES)):
        photo(number, (60, 40)).save(raw / f"{number}.png")
    (raw / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return FolderConfig(**options).build(raw)  # type: ignore[arg-type]


def read(dataset: Folder) -> list[LabelledImage]:
    return [dataset.read(item) for item in dataset.items()]


READ = {
    "semicolons": GOOD.replace(",", ";"),
    "tabs": GOOD.replace(",", "\t"),
    "decimal commas between semicolons": table(
        HEADING.replace(",", ";"), lambda n: ";".join([f"{n}.png", *map(comma, POSES[n]), f"s{n}"])
    ),
    "decimal commas in quotes": table(
        HEADING, lambda n: ",".join([f"{n}.png", *(f'"{comma(value)}"' for value in POSES[n]), f"s{n}"])
    ),
    "capitals, spaces and units in the heading": table("File, Yaw (deg) , PITCH,Roll, Subject", plain),
    "spaces after commas": table(HEADING, lambda n: plain(n).replace(",", ", ")),
    "degree signs": table(
        HEADING, lambda n: ",".join([f"{n}.png", *(f"{value}°" for value in POSES[n]), f"s{n}"])
    ),
    "UTF-16": GOOD.encode("utf-16"),
    "UTF-16 without a mark": GOOD.encode("utf-16-le"),
    "UTF-16, the other way round": GOOD.encode("utf-16-be"),
    "UTF-8 with a mark": GOOD.encode("utf-8-sig"),
    "empty lines and commas at the end": GOOD.replace("\n", ",,\n") + "\n,,,,,\n",
}


@pytest.mark.parametrize("case", READ)
def test_a_table_without_doubt_is_read(tmp_path: Path, case: str) -> None:
    images = read(folder(tmp_path, READ[case]))
    assert [image.labels for image in images] == POSES
    assert [image.subject for image in images] == ["s0", "s1"]


def test_the_formats_give_the_same(tmp_path: Path) -> None:
    rows = [
        {
            "file": f"{n}.png",
            "yaw": yaw,
            "pitch": pitch,
            "roll": roll,
            "subject": f"s{n}",
            "box": [5, 5, 40, 35],
        }
        for n, (yaw, pitch, roll) in enumerate(POSES)
    ]
    lines = "\n".join(map(json.dumps, rows)) + "\n"
    parquet = tmp_path / "parquet"
    parquet.mkdir()
    pd.DataFrame([{**row, "box": "5 5 40 35"} for row in rows]).to_parquet(parquet / "labels.parquet")
    for number in range(len(POSES)):
        photo(number, (60, 40)).save(parquet / f"{number}.png")
    for dataset in (folder(tmp_path / "lines", lines, "labels.jsonl"), FolderConfig().build(parquet)):
        images = read(dataset)
        assert [image.labels for image in images] == POSES
        assert {image.box for image in images} == {Box(5, 2, 40, 37)}


def test_a_row_with_more_fields_than_the_heading_is_refused_with_its_line(tmp_path: Path) -> None:
    """Unquoted decimal commas were read as yaw -41, pitch 5, roll 0 of the subject 94."""
    content = table(HEADING, lambda n: ",".join([f"{n}.png", *map(comma, POSES[n]), f"s{n}"]))
    with pytest.raises(
        ValueError, match=r"line 2 .* has 8 fields, the heading has 5: '0.png,-41,5,0.*in quotes"
    ):
        read(folder(tmp_path, content))


@pytest.mark.parametrize("columns", ["left,top,right,bottom", "box"])
def test_a_box_may_stand_in_one_column_or_in_four(tmp_path: Path, columns: str) -> None:
    edges = "10,5,40,35" if "," in columns else '"10,5,40,35"'
    images = read(folder(tmp_path, table(f"{HEADING},{columns}", lambda n: f"{plain(n)},{edges}")))
    assert {image.box for image in images} == {Box(10, 5, 40, 35)}


REFUSED = {
    "yaw twice": (table(HEADING + ",yaw", lambda n: plain(n) + ",44"), "'yaw', 'yaw' mean the same"),
    "yaw in two units": (table(HEADING + ",yaw_deg", lambda n: plain(n) + ",44"), "are one label"),
    "a mistyped column": (GOOD.replace("roll", "rol"), "no column 'rol': if 'roll' is meant"),
    "half a box": (table(HEADING + ",left,top", lambda n: plain(n) + ",1,1"), "and right, bottom missing"),
    "no heading": (GOOD.split("\n", 1)[1], "is no heading: write one above"),
    "no row": (HEADING + "\n", "a heading and no row"),
    "rotations without axes": ("file,qw,qx,qy,qz\n0.png,1,0,0,0\n", "--frame opencv .* --frame opengl"),
    "no angle": ("file,a,b\n0.png,1,2\n", "Instead of angles it may have quaternions qw, qx"),
    "one person in two splits": (
        "file,yaw,pitch,subject,split\n0.png,1,2,ann,train\n1.png,3,4,ann,validation\n",
        "1 subjects are both in train and in validation: ann. Give all images of a person one split",
    ),
    "one person in a split and without one": (
        "file,yaw,pitch,subject,split\n"
        + "".join(f"0.png,1,2,s{n},{'test' * s}\n" for n in range(9) for s in (0, 1)),
        "subjects are both in test and in train",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_table_that_would_be_read_wrongly_is_refused(tmp_path: Path, case: str) -> None:
    content, said = REFUSED[case]
    with pytest.raises(InputError, match=said) as raised:
        folder(tmp_path, content)
    assert all(fault.file == str(tmp_path / "labels.csv") for fault in raised.value.faults)


def small(unit: float) -> str:
    return "file,yaw,pitch\n" + "".join(f"{n % 2}.png,{n * unit},{-n * unit}\n" for n in range(10))


def test_radians_are_not_taken_for_degrees_unless_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"all 10 rows are below 3.2, the largest is 0.9: .* --unit radians"):
        folder(tmp_path, small(0.1))
    assert read(folder(tmp_path, small(0.1), unit="degrees"))[9].labels == (0.9, -0.9)
    assert read(folder(tmp_path, small(0.1), unit="radians"))[9].labels == pytest.approx(
        np.degrees((0.9, -0.9))
    )
    assert read(folder(tmp_path, small(10.0)))[9].labels == (90, -90)
    with pytest.raises(ValueError, match="not within -180 to 180 degrees, read as radians"):
        read(folder(tmp_path, small(10.0), unit="radians"))


def test_an_angle_beyond_half_a_turn_is_wrapped_and_told_and_one_beyond_a_turn_is_refused(
    tmp_path: Path,
) -> None:
    rows = "".join(f"{n % 2}.png,{yaw},0\n" for n, yaw in enumerate((312, -200, 180, -180, 20)))
    dataset = folder(tmp_path, "file,yaw,pitch\n" + rows)
    assert [image.labels[0] for image in read(dataset)] == [-48, 160, 180, -180, 20]
    report = import_dataset("folder", dataset.config, tmp_path, tmp_path / "out", processes=1)
    (said,) = (text for text in check_dataset(report.dataset.folder).warnings if "beyond" in text)
    assert said.startswith("2 images: an angle beyond 180 degrees was taken as the same one")
    for yaw in ("370", "9.5e5"):
        with pytest.raises(ValueError, match="not within -180 to 180 degrees"):
            read(folder(tmp_path, f"file,yaw,pitch\n0.png,{yaw},0\n"))


def test_files_are_found_however_their_paths_are_written(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    photo(0, (60, 40)).save(elsewhere / "a.png")
    for written in (str(tmp_path / "elsewhere" / "a.png"), "elsewhere\\a.png"):
        assert len(read(folder(tmp_path, f"file,yaw,pitch\n{written},1,2\n"))) == 1
    table = tmp_path / "table"
    for written in (str(elsewhere / "a.png"), "a.png"):
        assert len(read(folder(table, f"file,yaw,pitch\n{written},1,2\n", images=str(elsewhere)))) == 1
    for written in ("/etc/passwd", "C:\\a.png", "../elsewhere/a.png"):
        with pytest.raises(ValueError, match=r"must lie below .* --images"):
            read(folder(table, f"file,yaw,pitch\n{written},1,2\n"))


@pytest.mark.parametrize(
    ("columns", "written"),
    [
        ("qw,qx,qy,qz", lambda turn: turn.as_quat(scalar_first=True)),
        ("r00,r01,r02,r10,r11,r12,r20,r21,r22", lambda turn: turn.as_matrix().ravel()),
        ("rotvec_x,rotvec_y,rotvec_z", lambda turn: turn.as_rotvec()),
    ],
)
def test_poses_are_read_from_rotations(
    tmp_path: Path, columns: str, written: Callable[[Rotation], np.ndarray]
) -> None:
    """`Rz(roll) Ry(yaw) Rx(pitch)` of a pose is the frame 6drepnet."""
    yaw, pitch, roll = POSES[0]
    turn = Rotation.from_euler("xyz", (pitch, yaw, roll), degrees=True)
    row = ",".join(map(repr, map(float, written(turn))))
    (image,) = read(folder(tmp_path, f"file,{columns}\n0.png,{row}\n", frame="6drepnet"))
    assert image.labels == pytest.approx(POSES[0])


def test_options_that_do_not_fit_the_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--frame is for poses given as rotations"):
        folder(tmp_path, GOOD, frame="opencv")
    with pytest.raises(InputError, match="--negate is for angles"):
        folder(tmp_path, "file,qw,qx,qy,qz\n0.png,1,0,0,0\n", frame="opencv", negate=("yaw",))
    with pytest.raises(InputError, match="--images: there is no folder"):
        folder(tmp_path, GOOD, images=str(tmp_path / "nowhere"))


def test_what_was_not_used_is_said(tmp_path: Path) -> None:
    content = "file,yaw,pitch,split,x,y,w,h\n0.png,1,2,train,1,1,9,9\n1.png,1,2,val,1,1,9,9\n"
    dataset = folder(tmp_path, content)
    (unused, subjects) = dataset.details()["notes"]
    assert unused == "columns that were not used: x, y, w, h"
    assert "2 of 2 rows name no subject" in subjects
    content = "file,yaw,pitch,split,subject\n0.png,1,2,train,a\n1.png,1,2,val,b\n"
    (splits,) = folder(tmp_path, content).details()["notes"]
    assert "no split is called 'validation' (there: train, val)" in splits


def test_lines_that_are_no_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a list of them is none"):
        folder(tmp_path, '[{"file": "0.png"}]', "labels.jsonl")
    good = '{"file": "0.png", "yaw": 1, "pitch": 2}\n'
    with pytest.raises(ValueError, match=r"line 2 of the table is not a JSON object: .\{broken"):
        read(folder(tmp_path, good + "{broken\n", "labels.jsonl"))
    with pytest.raises(ValueError, match="the row has no pitch"):
        read(folder(tmp_path, good + '{"file": "1.png", "yaw": 1}\n', "labels.jsonl"))


def test_two_tables_in_one_folder_are_not_chosen_between(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    with pytest.raises(InputError, match=r"holds labels.csv and labels.tsv: name the one"):
        folder(tmp_path, GOOD.replace(",", "\t"), "labels.tsv")


def test_a_finished_import_of_an_older_version_is_the_same_one() -> None:
    assert FolderConfig().model_dump(mode="json") == {
        "image_px": 256,
        "jpeg_quality": 95,
        "unit": "degrees",
        "negate": [],
        "square": "around",
        "validation_share": 0.1,
    }
