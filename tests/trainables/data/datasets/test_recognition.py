"""A dataset is known again wherever it lies, and never taken for another one."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from support.toy import prepared_blobs

from trainables.base.errors import InputError
from trainables.data.datasets.prepared import LABELS, PreparedDataset
from trainables.data.datasets.recognition import ContentChanged, digests_of, known_again


def negate(folder: Path) -> None:
    table = pd.read_parquet(folder / LABELS)
    table["yaw_deg"] = -table["yaw_deg"]
    table.to_parquet(folder / LABELS, index=False)


def flip_a_byte(folder: Path) -> None:
    file = folder / "images" / "3.jpg"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def replace_images(folder: Path) -> None:
    for number in (0, 1):
        shutil.copy(folder / "images" / "7.jpg", folder / "images" / f"{number}.jpg")


def import_others(folder: Path) -> None:
    shutil.rmtree(folder)
    prepared_blobs(folder, count=10)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (negate, "^labels.parquet is another, images differ$"),
        (flip_a_byte, "^1 of 12 images were written after that$"),
        (replace_images, "^2 of 12 images were written after that$"),
        (import_others, "^labels.parquet is another, it has 10 images, and had 12$"),
    ],
)
def test_what_became_another_is_said(tmp_path: Path, change: Callable[[Path], None], said: str) -> None:
    dataset = prepared_blobs(tmp_path / "heads")
    before, since_s = digests_of(dataset), time.time()
    assert known_again(dataset, before, since_s) == before
    wait_for_the_clock(tmp_path)
    change(dataset.folder)
    with pytest.raises(ContentChanged, match=said):
        known_again(PreparedDataset(dataset.folder), before, since_s)


def wait_for_the_clock(folder: Path) -> None:
    """Wait until the file system gives a new time: its clock ticks every few milliseconds."""
    first, file = time.time(), folder / "clock"
    while not file.exists() or file.stat().st_ctime <= first:
        file.write_text("")


def test_a_copy_is_the_same_dataset_though_all_its_times_are_others(tmp_path: Path) -> None:
    dataset = prepared_blobs(tmp_path / "heads")
    before = digests_of(dataset)
    copy = tmp_path / "copy"
    shutil.copytree(dataset.folder, copy, copy_function=shutil.copyfile)
    for file in copy.rglob("*"):
        os.utime(file, (1e9, 1e9))
    again = known_again(PreparedDataset(copy), before, time.time())
    assert again.content == before.content and again.listing != before.listing
    assert known_again(PreparedDataset(copy), again, time.time()) == again


def test_images_that_are_away_are_no_other_dataset(tmp_path: Path) -> None:
    dataset = prepared_blobs(tmp_path / "heads")
    before = digests_of(dataset)
    (dataset.folder / "images").rename(tmp_path / "away")
    for look in (lambda: known_again(dataset, before, 0.0), lambda: digests_of(dataset)):
        with pytest.raises(InputError, match=r"12 of its 12 images are missing: images/0\.jpg"):
            look()
    (tmp_path / "away").rename(dataset.folder / "images")
    assert known_again(dataset, before, 0.0) == before


def test_a_card_that_is_older_than_its_images_is_not_believed(tmp_path: Path) -> None:
    dataset = prepared_blobs(tmp_path / "heads")
    assert digests_of(dataset).content == dataset.card.content_hash
    flip_a_byte(dataset.folder)
    later = time.time() + 60
    os.utime(dataset.folder / "images" / "3.jpg", (later, later))
    assert digests_of(dataset).content != dataset.card.content_hash
