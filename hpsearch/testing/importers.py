"""The contract of importers: they refuse a wrong folder, and read labelled faces from a whole one."""

from __future__ import annotations

import math
import pickle
import shutil
from pathlib import Path
from typing import cast

import pytest
from PIL import ImageChops

from trainables.base.errors import InputError
from trainables.base.schema import Config
from trainables.data.datasets.raw import ImporterConfig, LeftOut
from trainables.target import HeadPoseConfig, TargetConfig


class ImporterContract:
    """What every importer keeps; parametrise a subclass with `config`, whose settings are all optional.

    The subclass has a fixture `raw`, the smallest whole dataset, and names another `target` where the labels
    are not head poses.
    """

    target: TargetConfig = HeadPoseConfig()

    def test_every_option_has_a_default_and_a_help_text(self, config: ImporterConfig) -> None:
        for key, field in type(cast(Config, config)).model_fields.items():
            assert not field.is_required() and field.description, key

    def test_a_folder_without_the_dataset_is_refused_by_what_is_missing(
        self, config: ImporterConfig, raw: Path, tmp_path: Path
    ) -> None:
        empty = tmp_path / "empty"
        empty.mkdir()
        with pytest.raises(InputError) as caught:
            config.build(empty)
        (fault,) = caught.value.faults
        assert fault.file == str(empty)
        files = [file.relative_to(raw) for file in raw.rglob("*.*")]
        named = {file.suffix for file in files} | {part for file in files for part in file.parts[:-1]}
        assert any(name in fault.message for name in named), fault.message

    def test_a_link_that_leads_nowhere_is_listed_or_left_out_and_ends_nothing(
        self, config: ImporterConfig, raw: Path, tmp_path: Path
    ) -> None:
        """A file that is gone between the listing and the reading is the same."""
        for number, file in enumerate(sorted(file for file in raw.rglob("*") if file.is_file())):
            broken = tmp_path / f"broken-{number}"
            shutil.copytree(raw, broken)
            link = broken / file.relative_to(raw)
            link.unlink()
            link.symlink_to("nowhere")
            try:
                dataset = config.build(broken)
                items = list(dataset.items())
            except InputError:
                continue  # the dataset cannot do without this one
            for item in items:
                try:
                    dataset.read(item)
                except (LeftOut, OSError, ValueError, LookupError):
                    continue  # a reject of the import

    def test_the_listing_is_the_same_each_time_and_names_no_image_twice(
        self, config: ImporterConfig, raw: Path
    ) -> None:
        dataset = config.build(raw)
        items = list(dataset.items())
        assert items and list(dataset.items()) == items
        assert len({item.name for item in items}) == len(items)
        assert all(item.size > 0 and not Path(item.name).is_absolute() for item in items)

    def test_a_reader_gives_square_boxes_on_the_image_and_finite_labels(
        self, config: ImporterConfig, raw: Path
    ) -> None:
        dataset = config.build(raw)
        needed = [label for label in self.target.labels if not label.optional]
        assert dataset.labels == self.target.labels[: len(dataset.labels)]
        assert len(dataset.labels) >= len(needed)
        assert dataset.source and dataset.convention
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
            assert all(math.isfinite(value) for value in labelled.labels)
            assert labelled.subject and labelled.split
            assert labelled.split == " ".join(labelled.split.split())
        assert read

    def test_a_reader_in_a_worker_reads_the_same(self, config: ImporterConfig, raw: Path) -> None:
        dataset = config.build(raw)
        item = next(iter(dataset.items()))
        sent = pickle.dumps((dataset, item))  # before the first read, as it is sent to a worker
        there, sent_item = pickle.loads(sent)
        here, other = dataset.read(item), there.read(sent_item)
        assert (here.box, here.labels, here.subject, here.split) == (
            other.box,
            other.labels,
            other.subject,
            other.split,
        )
        assert ImageChops.difference(here.image, other.image).getbbox() is None
