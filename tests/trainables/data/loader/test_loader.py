"""The loader against oracles of PIL, numpy and scipy, and an epoch as a function of its seed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter

from trainables.base.errors import InputError
from trainables.data.augmentation import AUGMENTATIONS, Magnitudes
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets.prepared import Samples, write_labels
from trainables.data.loader import Batch, Loader, LoaderPool
from trainables.data.loader.epoch_plan import batch_count, plan_epoch
from trainables.data.loader.noise import COLUMNS, NoiseField
from trainables.data.loader.pipeline import Feed, ImagePipeline, PipelineSpec
from trainables.data.normalization import IMAGENET, IMAGENET_MEAN, IMAGENET_STD, NORMALIZATIONS
from trainables.target import HeadPoseConfig

CPU = torch.device("cpu")
COUNT = 22  # two batches of 8 and a partial one


def write_dataset(
    folder: Path, pixels: Callable[[int], npt.NDArray[np.uint8]], count: int = COUNT
) -> Samples:
    """Write `count` images; the yaw of an image is its number."""
    (folder / "images").mkdir(parents=True)
    files = [f"images/head {number:02d} é.jpg" for number in range(count)]
    for number, file in enumerate(files):
        Image.fromarray(pixels(number)).save(folder / file, quality=95)  # 4:2:0, as the importers write
    numbers = np.arange(count, dtype=float)
    box = dict.fromkeys(("box_left_px", "box_top_px", "box_right_px", "box_bottom_px"), 0)
    table = pd.DataFrame(
        {"file": files, "subject": "a", "split": "train", "yaw_deg": numbers, "pitch_deg": -numbers, **box}
    )
    return write_labels(folder, table, source="test").samples("train", target=HeadPoseConfig())


def smooth(number: int, side: int = 96) -> npt.NDArray[np.uint8]:
    coarse = np.random.default_rng(number).integers(30, 220, (6, 6, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def grey_level(number: int) -> int:
    return 10 + 10 * number


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return write_dataset(tmp_path_factory.mktemp("data") / "heads", smooth)


@pytest.fixture(scope="module")
def greys(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Flat images whose grey level tells their number."""
    folder = tmp_path_factory.mktemp("data") / "greys"
    return write_dataset(folder, lambda number: np.full((40, 40, 3), grey_level(number), np.uint8))


def loader(samples: Samples, augmentation: AugmentationPlan | None = None, **settings: object) -> Loader:
    given = {"image_px": 48, "batch": 8, "shuffle": True, "device": CPU, **settings}
    return Loader(samples, augmentation=augmentation, **given)


def pixels_of(images: torch.Tensor) -> npt.NDArray[np.float64]:
    """Return normalised images [B, 3, H, W] as [B, H, W, 3] from 0 to 255."""
    channels_last = images.permute(0, 2, 3, 1).double().numpy()
    return (channels_last * np.array(IMAGENET_STD) + np.array(IMAGENET_MEAN)) * 255


def through_pipeline(samples: Samples, image_px: int, **columns: object) -> npt.NDArray[np.float64]:
    """Return the pixels [N, H, W, 3] of all samples with these parameters, the others neutral."""
    rows = Magnitudes().build().draw(len(samples), 0)
    for name, values in columns.items():
        rows[name] = values
    operations = frozenset(
        {
            "kept": "zoom",
            "blur_sigma_px": "blur",
            "detail_px": "downscale",
            "hue_deg": "hue",
            "contrast": "tone",
            "brightness": "tone",
            "brightness_shift": "tone",
            "channel_contrast": "channel_contrast",
            "cutout_side": "cutout",
            "cutout_x": "cutout",
            "cutout_y": "cutout",
            "mirrored": "mirror",
            "turn_deg": "turn",
        }[name]
        for name in columns
    )
    pipeline = ImagePipeline(PipelineSpec(image_px, len(samples), operations, CPU, 1))
    ((images, _),) = pipeline.run([Feed(samples.files, samples.labels, rows)])
    return pixels_of(images)


def decoded(samples: Samples) -> npt.NDArray[np.float64]:
    return np.stack([np.asarray(Image.open(file), dtype=float) for file in samples.files])


def same(first: list[Batch], second: list[Batch]) -> bool:
    return len(first) == len(second) and all(
        torch.equal(one.images, two.images) and torch.equal(one.labels, two.labels)
        for one, two in zip(first, second, strict=True)
    )


# An epoch is a function of its seed.


@pytest.mark.parametrize("level", AUGMENTATIONS)
def test_an_epoch_repeats_to_the_bit_whatever_ran_before(heads: Samples, level: str) -> None:
    augmentation = AUGMENTATIONS[level]().build()
    fresh = list(loader(heads, augmentation).epoch(7))
    used = loader(heads, augmentation)
    list(used.epoch(1))
    next(used.epoch(2))  # broken off with batches in flight
    assert same(list(used.epoch(7)), fresh)
    assert not same(list(used.epoch(8)), fresh)


@pytest.mark.parametrize("level", ["1", "2", "heavy"])
def test_another_seed_draws_other_augmentations_for_the_same_image(heads: Samples, level: str) -> None:
    in_order = loader(heads, AUGMENTATIONS[level]().build(), shuffle=False)
    one, two = (torch.cat([batch.images for batch in in_order.epoch(seed)]) for seed in (0, 1))
    assert all(not torch.equal(first, second) for first, second in zip(one, two, strict=True))


def test_augmentation_is_drawn_for_each_sample_not_for_each_batch(tmp_path: Path) -> None:
    twins = write_dataset(tmp_path / "twins", lambda _: smooth(0), count=8)
    (batch,) = loader(twins, AUGMENTATIONS["1"]().build()).epoch(0)
    distinct = {image.numpy().tobytes() for image in batch.images}
    assert len(distinct) == 8


@pytest.mark.parametrize("level", ["2", "heavy"])
def test_batch_size_leaves_each_image_as_it_was(heads: Samples, level: str) -> None:
    augmentation = AUGMENTATIONS[level]().build()
    images = [
        torch.cat([b.images for b in loader(heads, augmentation, batch=size, shuffle=False).epoch(3)])
        for size in (4, 22)
    ]
    assert torch.equal(*images)


def test_batches_own_their_memory(heads: Samples) -> None:
    copies, kept = [], []
    for seed in range(3):
        for batch in (reader := loader(heads)).epoch(seed):
            kept.append(batch.images)
            copies.append(batch.images.clone())
    del reader
    assert all(torch.equal(image, copy) for image, copy in zip(kept, copies, strict=True))
    kept[0].zero_()
    assert torch.equal(kept[1], copies[1])


# Which image stands where.


@given(images=st.integers(1, 60), batch=st.integers(1, 20), seed=st.integers(0, 2**31 - 1))
def test_a_plan_holds_each_image_once(images: int, batch: int, seed: int) -> None:
    shuffled = list(plan_epoch(images, batch, None, shuffle=True, seed=seed))
    assert len(shuffled) == batch_count(images, batch, shuffle=True)
    places = np.concatenate([plan.places for plan in shuffled])
    assert len(set(places)) == len(places) == min(images, max(batch, images // batch * batch))
    assert set(places) <= set(range(images))
    in_order = list(plan_epoch(images, batch, None, shuffle=False, seed=seed))
    assert len(in_order) == batch_count(images, batch, shuffle=False)
    assert np.concatenate([plan.places for plan in in_order]).tolist() == list(range(images))


@pytest.mark.parametrize("shuffle", [True, False])
def test_an_image_keeps_its_pose(greys: Samples, shuffle: bool) -> None:
    reader = loader(greys, shuffle=shuffle)
    batches = list(reader.epoch(5))
    assert [len(batch.images) for batch in batches] == ([8, 8] if shuffle else [8, 8, 6])
    assert len(reader) == len(batches)
    numbers = torch.cat([batch.labels[:, 0] for batch in batches]).int().tolist()
    seen = np.concatenate([pixels_of(batch.images).mean(axis=(1, 2, 3)) for batch in batches])
    assert np.allclose(seen, [grey_level(number) for number in numbers], atol=1.5)
    assert torch.equal(batches[0].labels[:, 1], -batches[0].labels[:, 0])
    assert (numbers == list(range(COUNT))) is not shuffle
    assert len(set(numbers)) == len(numbers)


def test_the_only_batch_is_kept_though_partial(greys: Samples) -> None:
    (batch,) = loader(greys, batch=64).epoch(0)
    assert batch.images.shape == (COUNT, 3, 48, 48)
    assert batch.images.dtype == batch.labels.dtype == torch.float32


def test_images_need_no_labels(heads: Samples) -> None:
    unlabelled = replace(heads, labels=np.empty((COUNT, 0), np.float32), target=None)
    batch = next(loader(unlabelled).epoch(0))
    assert batch.images.isfinite().all()
    assert batch.labels.shape == (8, 0)


# What a pixel becomes.


def test_an_image_of_the_right_size_stays_as_it_is(heads: Samples) -> None:
    batches = loader(heads, image_px=96, shuffle=False).epoch(0)
    seen = np.concatenate([pixels_of(batch.images) for batch in batches])
    assert np.abs(seen - decoded(heads)).max() < 0.01


@pytest.mark.parametrize("image_px", [48, 128])
def test_resizing_is_that_of_pil(heads: Samples, image_px: int) -> None:
    batches = loader(heads, image_px=image_px, shuffle=False).epoch(0)
    seen = np.concatenate([pixels_of(batch.images) for batch in batches])
    for file, image in zip(heads.files, seen, strict=True):
        expected = Image.open(file).resize((image_px, image_px), Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(expected, dtype=float) - image).max() <= 1.01


def test_zoom_is_a_central_crop(heads: Samples) -> None:
    kept = np.linspace(0.5, 1, COUNT)
    seen = through_pipeline(heads, 48, kept=kept)
    for file, share, image in zip(heads.files, kept, seen, strict=True):
        rim = 96 * (1 - share) / 2
        box = (rim, rim, 96 - rim, 96 - rim)
        expected = Image.open(file).resize((48, 48), Image.Resampling.BILINEAR, box=box)
        assert np.abs(np.asarray(expected, dtype=float) - image).max() <= 2.01


def inside(side: int) -> npt.NDArray[np.bool_]:
    """Return the pixels of the circle in a square, which stay in the image however it is turned."""
    axis = np.arange(side) - (side - 1) / 2
    return np.hypot(axis[:, None], axis) < side / 2 - 2


def test_a_turn_is_that_of_pil_and_clockwise(heads: Samples) -> None:
    turn_deg = np.linspace(-45, 45, COUNT)
    seen = through_pipeline(heads, 96, turn_deg=turn_deg)
    for file, clockwise, image in zip(heads.files, turn_deg, seen, strict=True):
        expected = Image.open(file).rotate(-clockwise, Image.Resampling.BILINEAR)
        assert np.abs(np.asarray(expected, dtype=float) - image)[inside(96)].max() <= 2.01


def test_what_a_turn_brings_in_from_outside_is_black(heads: Samples) -> None:
    image = through_pipeline(heads, 96, turn_deg=45)[0]
    assert image[:20, :20][np.add.outer(np.arange(20), np.arange(20)) < 20].max() < 0.01


def test_a_zoom_cuts_the_black_corners_off(heads: Samples) -> None:
    darkest = through_pipeline(heads, 48).min(axis=(1, 2, 3))
    turned = through_pipeline(heads, 48, turn_deg=45, kept=0.7)  # the diagonal of 0.7 is below the side
    assert (turned.min(axis=(1, 2, 3)) > darkest - 5).all()


def test_a_mirrored_image_is_exactly_that_and_the_others_stay(heads: Samples) -> None:
    mirrored = np.arange(COUNT) % 3 == 0
    seen, plain = through_pipeline(heads, 48, mirrored=mirrored), through_pipeline(heads, 48)
    assert np.array_equal(seen[mirrored], plain[mirrored][:, :, ::-1])
    assert np.array_equal(seen[~mirrored], plain[~mirrored])


def test_colours_come_as_red_green_blue(tmp_path: Path) -> None:
    colours = np.array([[250, 20, 10], [10, 250, 20], [10, 20, 250]], np.uint8)
    samples = write_dataset(tmp_path / "rgb", lambda n: np.tile(colours[n], (32, 32, 1)), count=3)
    (batch,) = loader(samples, shuffle=False).epoch(0)
    assert pixels_of(batch.images).mean(axis=(1, 2)).argmax(axis=1).tolist() == [0, 1, 2]


def test_contrast_and_brightness(heads: Samples) -> None:
    contrast, brightness = np.linspace(0.4, 1.6, COUNT), np.linspace(1.3, 0.7, COUNT)
    seen = through_pipeline(heads, 96, contrast=contrast, brightness=brightness)
    about_grey = contrast[:, None, None, None] * (decoded(heads) - 128) + 128
    expected = np.clip(brightness[:, None, None, None] * about_grey, 0, 255)
    assert np.abs(seen - expected).max() <= 0.51


def test_brightness_is_added_after_it_was_multiplied(heads: Samples) -> None:
    brightness, shift = np.linspace(0.7, 1.3, COUNT), np.linspace(-0.3, 0.3, COUNT)
    seen = through_pipeline(heads, 96, brightness=brightness, brightness_shift=shift)
    factor, added = (column[:, None, None, None] for column in (brightness, 255 * shift))
    assert np.abs(seen - np.clip(factor * decoded(heads) + added, 0, 255)).max() <= 0.51


def test_contrast_of_channels_is_about_the_mean_of_each(heads: Samples) -> None:
    contrast = np.linspace(0, 2, COUNT)
    seen, original = through_pipeline(heads, 96, channel_contrast=contrast), decoded(heads)
    means = original.mean(axis=(1, 2), keepdims=True)
    expected = contrast[:, None, None, None] * (original - means) + means
    assert np.ptp(means, axis=3).max() > 5  # a grey in common would be another centre
    assert np.abs(seen - np.clip(expected, 0, 255)).max() <= 0.51


def test_hue_turns_the_chroma_and_leaves_the_luma(heads: Samples) -> None:
    hue_deg = np.linspace(-180, 180, COUNT)
    seen = through_pipeline(heads, 96, hue_deg=hue_deg)
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.321], [0.211, -0.523, 0.311]])
    for angle, image, original in zip(np.deg2rad(hue_deg), seen, decoded(heads), strict=True):
        turn = np.array([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
        expected = original @ (np.linalg.inv(to_yiq) @ turn @ to_yiq).T
        assert np.abs(image - np.clip(expected, 0, 255)).max() <= 0.52


def test_blur_is_gaussian_and_scales_with_the_image(heads: Samples) -> None:
    sigma_px = np.linspace(0, 4, COUNT)
    seen = through_pipeline(heads, 96, blur_sigma_px=sigma_px)
    for sigma, image, original in zip(sigma_px * 96 / 224, seen, decoded(heads), strict=True):
        expected = gaussian_filter(
            original, (max(sigma, 0.01),) * 2 + (0,), mode="mirror", radius=int(np.ceil(3 * sigma)) or 1
        )
        assert np.abs(image - expected).max() <= 0.55


@pytest.mark.parametrize("image_px", [32, 96])
def test_downscaling_leaves_so_many_pixels_of_detail(heads: Samples, image_px: int) -> None:
    seen = through_pipeline(heads, image_px, detail_px=14)
    whole = through_pipeline(heads, image_px)
    source = ((np.arange(14) + 0.5) * image_px / 14).astype(int)  # the pixel nearest to each centre
    back = ((np.arange(image_px) + 0.5) * 14 / image_px).astype(int)
    assert np.abs(seen - whole[:, source[back]][:, :, source[back]]).max() < 0.01


def test_downscaling_never_enlarges(heads: Samples) -> None:
    assert np.array_equal(through_pipeline(heads, 32, detail_px=37), through_pipeline(heads, 32))


def test_cutout_blanks_the_square_that_was_drawn(heads: Samples) -> None:
    rows = AUGMENTATIONS["2"]().build().draw(COUNT, 4)
    drawn = {name: rows[name] for name in ("cutout_side", "cutout_x", "cutout_y")}
    seen = through_pipeline(heads, 96, **drawn)
    for image, original, row in zip(seen, decoded(heads), rows, strict=True):
        side = round(float(row["cutout_side"]) * 96)
        left, top = (round(float(row[name]) * (96 - side)) for name in ("cutout_x", "cutout_y"))
        inside = np.zeros((96, 96), bool)
        inside[top : top + side, left : left + side] = True
        assert inside.sum() == side * side
        assert np.abs(image - original)[~inside].max() < 0.01
        assert np.abs(image[inside] - 255 * np.array(IMAGENET_MEAN)).max(initial=0) <= 0.51


def test_noise_has_the_drawn_sigma_and_stays_in_range(greys: Samples) -> None:
    plan = Magnitudes(noise=0.2).build()
    (batch,) = loader(greys, plan, batch=COUNT, shuffle=False).epoch(0)
    seen = pixels_of(batch.images)
    assert seen.min() > -0.01
    assert seen.max() < 255.01
    (planned,) = plan_epoch(COUNT, COUNT, plan, shuffle=False, seed=0)
    assert planned.parameters is not None
    sigma = planned.parameters["noise_sigma"]
    mid = slice(10, 15)  # grey levels from which the noise rarely reaches black or white
    assert np.allclose(seen[mid].std(axis=(1, 2, 3)), 255 * sigma[mid], rtol=0.06, atol=0.5)
    noise = (seen[mid] - seen[mid].mean(axis=(1, 2, 3), keepdims=True)).reshape(5, -1)
    assert np.abs(np.corrcoef(noise) - np.eye(5)).max() < 0.06


def test_normalised_to_unit_images_are_the_same_pixels_from_black_to_white(heads: Samples) -> None:
    settings = {"zoom": 0.2, "noise": 0.2, "cutout": 0.4, "cutout_least": 0.3}
    plan = Magnitudes(**settings).build()
    scales = (IMAGENET, NORMALIZATIONS["unit"])
    imagenet, unit = (
        torch.cat([b.images for b in loader(heads, plan, shuffle=False, normalization=scale).epoch(0)])
        for scale in scales
    )
    assert unit.min() == 0 and unit.max() <= 1
    pixels, (planned,) = pixels_of(imagenet), plan_epoch(COUNT, COUNT, plan, shuffle=False, seed=0)
    assert planned.parameters is not None
    for image, other, row in zip(unit.permute(0, 2, 3, 1).numpy(), pixels, planned.parameters, strict=True):
        side = round(float(row["cutout_side"]) * 48)
        left, top = (round(float(row[name]) * (48 - side)) for name in ("cutout_x", "cutout_y"))
        outside = np.ones((48, 48), bool)
        outside[top : top + side, left : left + side] = False  # noise on black there, on the mean colour here
        assert np.abs(255 * image - other)[outside].max() < 0.05
        assert (image[~outside] == 0).mean() > 0.45


def test_normalised_by_half_black_is_minus_one_and_white_one(tmp_path: Path) -> None:
    greys = write_dataset(tmp_path / "greys", lambda i: np.full((40, 40, 3), 255 * i, np.uint8), count=2)
    half = NORMALIZATIONS["half"]
    (batch,) = loader(greys, augmentation=None, shuffle=False, normalization=half).epoch(0)
    assert [image.unique().tolist() for image in batch.images] == [[-1.0], [1.0]]


def test_noise_is_new_in_every_batch_and_epoch(tmp_path: Path) -> None:
    twins = write_dataset(tmp_path / "twins", lambda _: np.full((40, 40, 3), 128, np.uint8), count=4)
    reader = loader(twins, Magnitudes(noise=0.2).build(), batch=2, shuffle=False)
    noise = [(pixels_of(batch.images) - 128).ravel() for seed in (0, 1) for batch in reader.epoch(seed)]
    assert np.abs(np.corrcoef(noise) - np.eye(4)).max() < 0.05


def test_each_image_gets_its_own_crop_of_the_field_with_its_own_sigma() -> None:
    rows = Magnitudes(noise=0.2).build().draw(6, 3)
    images = torch.zeros(6, 3, 32, 32)
    columns = torch.from_numpy(np.stack([rows[name] for name in COLUMNS], axis=1))
    NoiseField(32, CPU).add_to(images, columns)
    field = torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(0))
    std = torch.tensor(IMAGENET_STD).view(3, 1, 1)
    black, white = ((level - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / std for level in (0, 1))
    for image, row in zip(images, rows, strict=True):
        left, top = round(float(row["noise_x"]) * 32), round(float(row["noise_y"]) * 32)
        crop = field[:, top : top + 32, left : left + 32] / std * float(row["noise_sigma"])
        assert torch.allclose(image, crop.clamp(black, white), atol=1e-6)


# Files that cannot be read.


def damage(file: Path, kind: str) -> None:
    content = file.read_bytes()
    match kind:
        case "missing":
            file.unlink()
        case "empty":
            file.write_bytes(b"")
        case "text":
            file.write_text("not an image")
        case "truncated":
            file.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated"])
def test_an_unreadable_image_is_named_and_the_loader_goes_on_after_it(tmp_path: Path, kind: str) -> None:
    samples = write_dataset(tmp_path / "broken", smooth)
    reader = loader(samples, shuffle=False)
    before = list(reader.epoch(0))
    content = samples.files[13].read_bytes()
    damage(samples.files[13], kind)
    with pytest.raises(InputError, match=r"head 13 é\.jpg: this (image|file) .*--repair") as caught:
        list(reader.epoch(0))
    assert len(caught.value.faults) == 1
    samples.files[13].write_bytes(content)
    assert same(list(reader.epoch(0)), before)


def test_a_fault_in_an_epoch_broken_off_does_not_reach_the_next(tmp_path: Path) -> None:
    samples = write_dataset(tmp_path / "broken", smooth)
    damage(samples.files[9], "truncated")
    pool = LoaderPool()
    next(loader(samples, shuffle=False, pool=pool).epoch(0))
    sound = samples.first(8)
    assert len(list(loader(sound, pool=pool).epoch(0))) == 1


# Pipelines are kept.


def test_the_pool_returns_the_same_pipeline_for_other_data(heads: Samples, greys: Samples) -> None:
    pool = LoaderPool()
    weak, strong = (Magnitudes(zoom=share).build() for share in (0.1, 0.4))
    first = loader(heads, weak, pool=pool)
    list(first.epoch(0))
    second = loader(greys, strong, pool=pool)
    assert second.pipeline is first.pipeline
    assert same(list(second.epoch(3)), list(loader(greys, strong).epoch(3)))
    assert loader(heads, Magnitudes(contrast=0.1).build(), pool=pool).pipeline is not first.pipeline
    assert loader(heads, weak, image_px=32, pool=pool).pipeline is not first.pipeline


def test_the_pool_forgets_what_was_used_longest_ago(heads: Samples) -> None:
    pool = LoaderPool(keep=2)
    first, second = (loader(heads, image_px=side, pool=pool).pipeline for side in (32, 40))
    assert loader(heads, image_px=32, pool=pool).pipeline is first
    assert loader(heads, image_px=48, pool=pool).pipeline is not first
    assert loader(heads, image_px=32, pool=pool).pipeline is first
    assert loader(heads, image_px=40, pool=pool).pipeline is not second


def test_loaders_that_share_a_pipeline_take_turns(heads: Samples) -> None:
    pool = LoaderPool()
    training, validation = loader(heads, pool=pool), loader(heads, shuffle=False, pool=pool)
    assert training.pipeline is validation.pipeline
    epoch = training.epoch(0)
    next(epoch)
    assert same(list(validation.epoch(0)), list(loader(heads, shuffle=False).epoch(0)))
    with pytest.raises(RuntimeError, match="another epoch began"):
        next(epoch)


def test_waiting_is_counted_for_the_last_epoch_alone(heads: Samples) -> None:
    reader = loader(heads)
    for seed in range(2):
        started = time.perf_counter()
        for _ in reader.epoch(seed):
            time.sleep(0.05)
        assert 0 < reader.wait_s < time.perf_counter() - started - 2 * 0.05


def test_importing_the_loader_leaves_dali_out() -> None:
    code = (
        "import sys, trainables.data.loader; "
        "sys.exit(any(name.startswith('nvidia.dali') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The GPU.


def test_every_operator_of_the_pipeline_has_a_gpu_backend() -> None:
    from nvidia.dali import ops

    assert "decoders__Image" in ops.mixed_ops()
    used = {"Resize", "GaussianBlur", "Hue", "BrightnessContrast", "Erase", "CropMirrorNormalize", "Rotate"}
    assert used <= set(ops.gpu_ops())
