"""The file of what was predicted of each image: read as written, whole or not there."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.poses import predictions

from trainables.base.disk import DiskFault
from trainables.base.errors import InputError
from trainables.pose.angles import ANGLES
from trainables.target import HeadPoseConfig
from trainables.training.image_errors import PredictedImages, errors_file, read_images, write_images


def images(angles: tuple[str, ...] = ANGLES, count: int = 6, seed: int = 0) -> PredictedImages:
    poses = np.random.default_rng(seed).normal(0, 400, (2, count, len(angles))).astype(np.float32)
    files = tuple(f"images/{number}.jpg" for number in range(count))
    subjects = tuple(f"s{number % 2}" for number in range(count))
    return PredictedImages(files, subjects, predictions(poses[0], poses[1], angles), epoch=9)


@pytest.mark.parametrize("angles", [ANGLES, ANGLES[:2]], ids=len)
def test_it_is_read_as_it_was_written(tmp_path: Path, angles: tuple[str, ...]) -> None:
    file, made = errors_file(tmp_path / "0003", "test/biwi"), images(angles)
    assert file == tmp_path / "0003" / "test_biwi_errors.parquet"
    write_images(made, file)
    read = read_images(file, HeadPoseConfig())
    assert read is not None and (read.files, read.subjects, read.epoch) == (made.files, made.subjects, 9)
    assert [label.name for label in read.predictions.target.labels] == list(angles)
    assert np.array_equal(read.predictions.predicted, made.predictions.predicted)
    assert np.array_equal(read.predictions.true, made.predictions.true)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_how_certain_the_network_was_is_kept_where_it_says_so(tmp_path: Path) -> None:
    plain, file = images(), tmp_path / "a_errors.parquet"
    entropy = np.arange(6, dtype=np.float32)
    write_images(replace(plain, predictions=replace(plain.predictions, entropy=entropy)), file)
    read = read_images(file, HeadPoseConfig())
    assert read is not None and np.array_equal(read.predictions.entropy, entropy)
    write_images(plain, file)
    read = read_images(file, HeadPoseConfig())
    assert read is not None and read.predictions.entropy is None
    assert "entropy_nats" not in pd.read_parquet(file)


def test_other_tools_find_what_its_columns_say(tmp_path: Path) -> None:
    file, made = tmp_path / "a_errors.parquet", images()
    write_images(made, file)
    table = pd.read_parquet(file)
    error = (table["predicted_roll_deg"] - table["true_roll_deg"]).abs().mean()
    assert error == pytest.approx(made.predictions.measures()["roll_mae_deg"], rel=1e-5)
    assert {str(table[name].dtype) for name in table if name.endswith("_deg")} == {"float32"}


def test_fifteen_thousand_images_take_less_than_a_megabyte(tmp_path: Path) -> None:
    write_images(images(count=15_000), tmp_path / "a_errors.parquet")
    assert (tmp_path / "a_errors.parquet").stat().st_size < 1e6


def test_a_file_that_is_not_there_is_none_and_a_damaged_one_is_said(tmp_path: Path) -> None:
    file = tmp_path / "validation_errors.parquet"
    assert read_images(file, HeadPoseConfig()) is None
    write_images(images(), file)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputError, match=r"validation_errors.parquet.*damaged.*remove it"):
        read_images(file, HeadPoseConfig())


def test_where_the_disk_is_full_the_file_before_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "validation_errors.parquet"
    write_images(images(), file)
    before = file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(DiskFault):
        write_images(images(seed=1), file)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]
