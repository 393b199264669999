"""Decoded images that are kept: the same epochs to the bit, whatever is killed, full or changed meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from PIL import Image
from support.forks import FORKS
from support.patience import PATIENCE_S

from trainables.base.errors import InputError
from trainables.data import decoded
from trainables.data.augmentation import AUGMENTATIONS
from trainables.data.datasets.prepared import PreparedDataset, Samples, write_labels
from trainables.data.decoded import DecodedImages, decoded_bytes, fits
from trainables.data.loader import Batch, Loader, LoaderPool, keeping
from trainables.data.loader.decoding import decoded_batches
from trainables.data.loader.keeping import keeps, kept_file, kept_images
from trainables.data.sources import Decode
from trainables.target import HeadPoseConfig

CPU = torch.device("cpu")
COUNT, SIDE = 150, 40  # three batches of the decoder, the last one partial


def write_dataset(folder: Path, *, count: int = COUNT, first: int = 0, side: int = SIDE) -> Samples:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    files = [f"images/{number:03d}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        coarse = np.random.default_rng(first + number).integers(0, 255, (5, 5, 3)).astype(np.uint8)
        image = Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)
        image.save(folder / file, quality=90)
    numbers = np.arange(count, dtype=float) / 10
    box = dict.fromkeys(("box_left_px", "box_top_px", "box_right_px", "box_bottom_px"), 0)
    pose = {"yaw_deg": numbers, "pitch_deg": -numbers, "roll_deg": numbers / 2}
    write_labels(
        folder, pd.DataFrame({"file": files, "subject": "a", "split": "train", **pose, **box}), source="test"
    )
    return samples_of(folder)


def samples_of(folder: Path) -> Samples:
    return PreparedDataset(folder).samples("train", target=HeadPoseConfig())


@pytest.fixture
def heads(tmp_path: Path) -> Samples:
    return write_dataset(tmp_path / "heads")


def loader(samples: Samples, decode: Decode, level: str = "2", **settings: object) -> Loader:
    given = {"image_px": 32, "batch": 16, "shuffle": True, "device": CPU, **settings}
    return Loader(samples, augmentation=AUGMENTATIONS[level]().build(), decode=decode, **given)


def same(one: Loader, two: Loader, seed: int) -> bool:
    return all(equal(a, b) for a, b in zip(one.epoch(seed), two.epoch(seed), strict=True))


def equal(one: Batch, two: Batch) -> bool:
    return torch.equal(one.images, two.images) and torch.equal(one.labels, two.labels)


def kept_in(samples: Samples) -> list[Path]:
    assert samples.folder is not None
    return sorted((samples.folder / decoded.FOLDER).glob("*.npy"))


def pixels(samples: Samples) -> npt.NDArray[np.uint8]:
    return np.stack([image for batch in decoded_batches(samples.files, 1) for image in batch])


@pytest.mark.parametrize("level", AUGMENTATIONS)
def test_epochs_are_those_of_decoding_to_the_bit(heads: Samples, level: str) -> None:
    plain, kept = (loader(heads, way, level, pool=LoaderPool()) for way in ("cpu", "cache"))
    assert [same(plain, kept, seed) for seed in (3, 4)] == [True, True]
    shutil.rmtree(heads.files[0].parent)  # nothing is decoded from here on
    assert same(kept, loader(heads, "auto", level), 5)


def test_a_partial_epoch_before_leaves_the_next_as_it_is(heads: Samples) -> None:
    plain, kept = loader(heads, "cpu"), loader(heads, "cache")
    next(kept.epoch(1))
    assert same(plain, kept, 2)


def test_loaders_of_kept_images_hold_no_other_pipelines(heads: Samples) -> None:
    """A worker on a GPU keeps two, those of a trial's loaders: the next trial takes both."""
    pool = LoaderPool(keep=2)
    trials = [[loader(heads, "cache", level, pool=pool) for level in ("none", "1")] for _ in range(2)]
    for trial in trials:
        for one in trial:
            list(one.epoch(0))
    assert all(one.pipeline is two.pipeline for one, two in zip(*trials, strict=True))


def test_in_order_and_without_augmentation_each_image_comes_once(heads: Samples) -> None:
    one, two = (loader(heads, way, "none", shuffle=False) for way in ("cpu", "cache"))
    assert same(one, two, 0)
    assert sum(len(batch.images) for batch in two.epoch(0)) == COUNT


def test_the_file_holds_what_the_decoder_gives_in_numpy_s_own_format(heads: Samples) -> None:
    assert kept_images(heads, 1) is not None
    (file,) = kept_in(heads)
    assert np.array_equal(np.load(file, allow_pickle=False), pixels(heads))
    assert file.stat().st_size - 128 == decoded_bytes(heads) == COUNT * SIDE * SIDE * 3


def test_few_of_a_dataset_s_images_leave_nothing_beside_it(heads: Samples) -> None:
    few = heads.first(20)
    assert same(loader(few, "cpu"), loader(few, "cache"), 1)
    assert kept_in(heads) == []


def keep_and_die(folder: Path) -> None:
    """Be killed after the first of three batches."""

    def batches(files: Sequence[Path], threads: int) -> Iterator[list[npt.NDArray[np.uint8]]]:
        for number, batch in enumerate(decoded_batches(files, threads)):
            if number == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    keeping.decoded_batches = batches
    kept_images(samples_of(folder), 1)


def test_a_killed_writer_leaves_nothing_that_is_taken_for_images(heads: Samples) -> None:
    assert heads.folder is not None
    file = kept_file(heads, heads.folder)
    writer = FORKS.Process(target=keep_and_die, args=(heads.folder,))
    writer.start()
    writer.join(PATIENCE_S)
    assert writer.exitcode == -signal.SIGKILL
    assert not file.exists()
    assert len(list(file.parent.glob(".*.unfinished"))) == 1
    assert same(loader(heads, "cpu"), loader(heads, "cache"), 1)
    assert sorted(path.name for path in file.parent.iterdir()) == [file.with_suffix(".lock").name, file.name]


def test_two_that_begin_at_once_see_the_same_images(heads: Samples) -> None:
    begin = threading.Barrier(2)

    def epochs(one: Loader) -> list[float]:
        begin.wait()
        return [sum(float(batch.images.double().sum()) for batch in one.epoch(seed)) for seed in (0, 1, 2)]

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(epochs, [loader(heads, "cache"), loader(heads, "cache")]))
    begin.reset()
    with ThreadPoolExecutor(2) as threads:
        plain = list(threads.map(epochs, [loader(heads, "cpu"), loader(heads, "cpu")]))
    assert found == plain
    assert len(kept_in(heads)) == 1


def test_who_comes_while_another_writes_decodes_and_takes_the_images_in_the_next_epoch(
    heads: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = loader(heads, "cache")
    whole, seen = keeping.decoded_batches, []

    def batches(*given: object) -> Iterator[list[npt.NDArray[np.uint8]]]:
        assert kept_images(heads, 1) is None
        seen.append(same(loader(heads, "cpu"), late, 0))
        yield from whole(*given)

    monkeypatch.setattr(keeping, "decoded_batches", batches)
    assert kept_images(heads, 1) is not None
    shutil.rmtree(heads.files[0].parent)
    assert seen == [True]
    assert len(list(late.epoch(1))) == COUNT // 16


def test_another_version_of_the_dataset_is_decoded_again_and_the_old_file_goes(heads: Samples) -> None:
    assert heads.folder is not None
    kept_images(heads, 1)
    (old,) = kept_in(heads)
    new = write_dataset(heads.folder, first=1000)
    assert same(loader(new, "cpu"), loader(new, "cache"), 1)
    assert [path != old for path in kept_in(new)] == [True]


def test_labels_that_were_changed_by_hand_never_meet_the_images_of_others(heads: Samples) -> None:
    assert heads.folder is not None
    kept_images(heads, 1)
    table = PreparedDataset(heads.folder).labels()[::-1]  # `dataset.json` and its hash stay as they were
    table.to_parquet(heads.folder / "labels.parquet", index=False)
    turned = samples_of(heads.folder)
    assert turned.content_hash == heads.content_hash
    assert same(loader(turned, "cpu"), loader(turned, "cache"), 1)


def test_another_decoder_has_another_file_and_the_old_one_goes(
    heads: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    import nvidia.dali

    kept_images(heads, 1)
    (before,) = kept_in(heads)
    monkeypatch.setattr(nvidia.dali, "__version__", "0.0")
    kept_images(heads, 1)
    (after,) = kept_in(heads)
    assert after != before


def test_a_link_to_the_dataset_finds_the_same_file(heads: Samples, tmp_path: Path) -> None:
    assert heads.folder is not None
    (tmp_path / "link").symlink_to(heads.folder)
    linked = samples_of(tmp_path / "link")
    assert linked.folder is not None
    assert kept_file(linked, linked.folder).name == kept_file(heads, heads.folder).name


def test_a_file_that_lost_its_end_is_written_again(heads: Samples) -> None:
    kept_images(heads, 1)
    (file,) = kept_in(heads)
    os.truncate(file, file.stat().st_size - 1)
    assert same(loader(heads, "cpu"), loader(heads, "cache"), 1)
    assert np.array_equal(np.load(file), pixels(heads))


def test_a_full_disk_is_said_and_images_are_decoded(heads: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    assert heads.folder is not None
    whole = keeping.decoded_batches

    def batches(*given: object) -> Iterator[list[npt.NDArray[np.uint8]]]:
        yield next(iter(whole(*given)))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keeping, "decoded_batches", batches)
    said: list[str] = []
    full = loader(heads, "cache", say=said.append)
    assert same(loader(heads, "cpu"), full, 1)
    assert same(loader(heads, "cpu"), full, 2)
    (line,) = said
    assert "full" in line or "0.7 MiB" in line or "space" in line
    assert [path.suffix for path in (heads.folder / decoded.FOLDER).iterdir()] == [".lock"]


def test_images_of_several_sizes_are_decoded_and_that_is_said(heads: Samples) -> None:
    Image.new("RGB", (SIDE + 2, SIDE + 2)).save(heads.files[90])
    said: list[str] = []
    uneven = loader(heads, "cache", say=said.append)
    assert same(loader(heads, "cpu"), uneven, 1)
    assert f"{SIDE} px and {SIDE + 2} px" in said[0]


def test_what_cannot_be_decoded_is_named(heads: Samples) -> None:
    heads.files[70].write_bytes(b"no image")
    heads.files[3].unlink()
    with pytest.raises(InputError, match="this image is missing"):
        list(loader(heads, "cache").epoch(0))
    assert kept_in(heads) == []


@pytest.mark.parametrize(("memory", "disk", "kept"), [(10, 10, True), (1.9, 10, False), (10, 1.9, False)])
def test_auto_keeps_what_takes_half_of_memory_and_disk(
    heads: Samples, monkeypatch: pytest.MonkeyPatch, memory: float, disk: float, kept: bool
) -> None:
    needed = decoded_bytes(heads)
    assert needed is not None
    usage = shutil.disk_usage(heads.files[0].parent)._replace(free=int(disk * needed))
    monkeypatch.setattr(decoded, "available_bytes", lambda: int(memory * needed))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert keeps("auto", heads) is kept
    assert fits(needed, heads.folder) is kept
    assert same(loader(heads, "cpu"), loader(heads, "auto"), 0)
    assert bool(kept_in(heads)) is kept


def test_what_is_there_takes_no_more_of_the_disk(heads: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    kept_images(heads, 1)
    usage = shutil.disk_usage(heads.files[0].parent)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert keeps("auto", heads)


@pytest.mark.parametrize("text", ["no images", ""])
def test_another_file_is_no_images(tmp_path: Path, text: str) -> None:
    (file := tmp_path / "x.npy").write_text(text)
    with pytest.raises(ValueError, match=r"magic|EOF"), file.open("rb") as opened:
        DecodedImages(opened)


def test_pixels_of_others_are_no_images(tmp_path: Path) -> None:
    for number, array in enumerate((np.zeros((2, 4, 4, 3)), np.zeros((2, 4, 4, 4), np.uint8))):
        np.save(tmp_path / f"{number}.npy", array)
        with pytest.raises(ValueError, match="not images"), (tmp_path / f"{number}.npy").open("rb") as file:
            DecodedImages(file)
