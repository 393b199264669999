"""The contract of importers: they refuse a wrong folder, explain their options and read labelled faces."""

from __future__ import annotations

import math
import pickle
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from support.raw_layouts import LAYOUTS

from hpsearch.cli.main import main
from trainables.base.errors import InputError
from trainables.data.datasets import open_dataset
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.prepared import COLUMNS
from trainables.data.datasets.raw import LeftOut, RawDataset
from trainables.target import HeadPoseConfig

each_importer = pytest.mark.parametrize("kind", sorted(IMPORTERS))


def write(kind: str, raw: Path) -> Path:
    assert kind in LAYOUTS, (
        f"add the smallest raw dataset of {kind} to LAYOUTS in tests/support/raw_layouts.py"
    )
    LAYOUTS[kind](raw)
    return raw


def built(kind: str, raw: Path) -> RawDataset:
    return IMPORTERS[kind]().build(write(kind, raw))


def typed(value: object) -> str:
    """Return how a person types a setting behind its option."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def options(kind: str) -> list[str]:
    """Return every option of an importer as typed words, each with its default."""
    fields = IMPORTERS[kind].model_fields
    return [word for key, field in fields.items() for word in (option(key), typed(field.default))]


def option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


@each_importer
def test_a_folder_without_the_dataset_is_refused_by_what_is_missing(kind: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        IMPORTERS[kind]().build(tmp_path)
    (fault,) = caught.value.faults
    assert fault.file == str(tmp_path)
    files = [file.relative_to(tmp_path / "raw") for file in write(kind, tmp_path / "raw").rglob("*.*")]
    named = {file.suffix for file in files} | {part for file in files for part in file.parts[:-1]}
    assert any(name in fault.message for name in named), fault.message


@each_importer
def test_the_help_explains_every_option_and_its_default(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["data", "import", kind, "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for key, field in IMPORTERS[kind].model_fields.items():
        assert not field.is_required() and field.description, key
        assert f"{option(key)} VALUE" in shown, key
        assert f"(default: {typed(field.default) or 'none'})" in shown, key


@each_importer
def test_a_link_that_leads_nowhere_is_listed_or_left_out_and_ends_nothing(kind: str, tmp_path: Path) -> None:
    """A file that is gone between the listing and the reading is the same."""
    whole = write(kind, tmp_path / "whole")
    for number, file in enumerate(sorted(file for file in whole.rglob("*") if file.is_file())):
        raw = tmp_path / str(number)
        shutil.copytree(whole, raw)
        link = raw / file.relative_to(whole)
        link.unlink()
        link.symlink_to("nowhere")
        try:
            dataset = IMPORTERS[kind]().build(raw)
            items = list(dataset.items())
        except InputError:
            continue  # the dataset cannot do without this one
        for item in items:
            try:
                dataset.read(item)
            except (LeftOut, OSError, ValueError, LookupError):
                continue  # a reject of the import


@each_importer
def test_every_option_can_be_typed_and_a_wrong_one_is_named(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = str(write(kind, tmp_path / "raw"))
    command = ["data", "import", kind, raw, "--out", "faces", "--root", str(tmp_path)]
    assert main([*command, *options(kind), "--image-px", "32"]) == 0
    assert main([*command, "--image-px", "32"]) == 0, "the defaults are those that the help shows"
    assert "nothing to do" in capsys.readouterr().out
    for key in IMPORTERS[kind].model_fields:
        assert main([*command, option(key), "{a: mapping}"]) == 2
        assert option(key) in capsys.readouterr().err
    dataset = open_dataset("faces", tmp_path / "datasets")
    assert check_dataset(dataset.folder).faults == ()
    assert dataset.card.details["importer"] == kind
    assert {*dataset.labels().columns} == {*COLUMNS, *dataset.label_columns}
    assert dataset.label_columns == tuple(f"{angle}_deg" for angle in dataset.card.angles)
    for file in dataset.labels()["file"]:
        with Image.open(dataset.folder / file) as image:
            assert image.size == (32, 32) and image.mode == "RGB"


@each_importer
def test_the_listing_is_the_same_each_time_and_names_no_image_twice(kind: str, tmp_path: Path) -> None:
    dataset = built(kind, tmp_path / "raw")
    items = list(dataset.items())
    assert items and list(dataset.items()) == items
    assert len({item.name for item in items}) == len(items)
    assert all(item.size > 0 and not Path(item.name).is_absolute() for item in items)


@each_importer
def test_a_reader_gives_square_boxes_on_the_image_and_finite_poses(kind: str, tmp_path: Path) -> None:
    dataset = built(kind, tmp_path / "raw")
    assert dataset.labels == HeadPoseConfig().labels[: len(dataset.labels)] and len(dataset.labels) >= 2
    assert dataset.source and "yaw > 0" in dataset.convention
    read = 0
    for item in dataset.items():
        try:
            labelled = dataset.read(item)
        except LeftOut as rule:
            assert str(rule)
            continue
        read += 1
        box = labelled.box
        assert labelled.image.mode == "RGB"
        assert box.width == box.height > 0 and all(edge == int(edge) for edge in box)
        assert box.left < labelled.image.width and box.right > 0
        assert box.top < labelled.image.height and box.bottom > 0
        assert len(labelled.labels) == len(dataset.labels)
        assert all(math.isfinite(angle) for angle in labelled.labels)
        assert labelled.subject and labelled.split and labelled.split == " ".join(labelled.split.split())
    assert read


@each_importer
def test_a_reader_in_a_worker_reads_the_same(kind: str, tmp_path: Path) -> None:
    dataset = built(kind, tmp_path / "raw")
    item = next(iter(dataset.items()))
    sent = pickle.dumps((dataset, item))  # before the first read, as it is sent to a worker
    there, sent_item = pickle.loads(sent)  # noqa: S301  ours
    here, other = dataset.read(item), there.read(sent_item)
    assert (here.box, here.labels, here.subject, here.split) == (
        other.box,
        other.labels,
        other.subject,
        other.split,
    )
    assert ImageChops.difference(here.image, other.image).getbbox() is None
