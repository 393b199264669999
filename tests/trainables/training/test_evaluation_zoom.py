"""What a network is measured on: the middle of the images, as much of it as training showed on average."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.toy import CPU, prepared_blobs, toy_config

from trainables.data.datasets import open_dataset
from trainables.data.images import face_square, upright
from trainables.data.loader import LoaderPool
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.target import HeadPoseConfig
from trainables.training.build import build_loader
from trainables.training.config import TrainConfig, parse_config

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.mark.parametrize(
    ("augmentation", "zoom", "expected"),
    [
        ("none", "auto", 0.0),
        ("1", "auto", 0.1),
        ("heavy", "auto", 0.15),
        ({"1": {"zoom": 0.0}}, "auto", 0.0),
        ({"2": {"zoom": 0.4}}, "auto", 0.2),
        ("2", 0.0, 0.0),
        ("none", 0.3, 0.3),
    ],
)
def test_it_is_the_mean_of_training_s_zoom_unless_it_is_written(
    augmentation: object, zoom: object, expected: float
) -> None:
    tree = {"data": {"train": {"dataset": "heads"}, "evaluation_zoom": zoom}, "augmentation": augmentation}
    assert TrainConfig.model_validate(tree).evaluation_zoom == expected


def test_a_zoom_that_leaves_nothing_is_refused() -> None:
    faults = parse_config({"data": {"train": {"dataset": "heads"}, "evaluation_zoom": 1.0}})
    assert isinstance(faults, list)
    assert {path for path, _ in faults} == {("data", "evaluation_zoom")}


def seen(config: TrainConfig, datasets: Path, *, train: bool = False) -> np.ndarray:
    """Return the pixels [N, H, W, 3] that a loader of a config gives, 0 to 255."""
    samples = open_dataset("blobs", datasets).samples("validation", target=HeadPoseConfig())
    loader = build_loader(config, samples, train=train, device=CPU, threads=1, pool=LoaderPool())
    images = np.concatenate([batch.images.numpy() for batch in loader.epoch(0)]).transpose(0, 2, 3, 1)
    return (images * np.array(IMAGENET_STD) + np.array(IMAGENET_MEAN)) * 255


def test_the_loader_and_a_user_s_image_show_the_network_the_same_pixels(tmp_path: Path) -> None:
    blobs = prepared_blobs(tmp_path / "blobs", splits=("validation",), count=8)
    files = blobs.samples("validation", target=HeadPoseConfig()).files
    whole = seen(toy_config(evaluation_zoom=0.0), tmp_path)
    for zoom in (0.0, 0.1, 0.25):
        config = toy_config(evaluation_zoom=zoom)
        loaded = seen(config, tmp_path)
        own = np.stack(
            [np.asarray(face_square(upright(file), config.data.image_px, zoom), float) for file in files]
        )
        assert np.abs(loaded - own).max() <= 2.01
        assert (zoom == 0) == np.array_equal(loaded, whole)


def test_a_wide_image_is_zoomed_about_the_middle_of_its_square() -> None:
    columns = np.tile(np.arange(200, dtype=np.uint8)[None, :, None], (100, 1, 3))
    image = Image.fromarray(columns)  # 100 high, 200 wide: the square reaches from 50 to 150
    zoomed = np.asarray(face_square(image, 32, 0.2), float)[16, :, 0]
    step = 80 / 32
    assert np.abs(zoomed - (60 + step * (np.arange(32) + 0.5) - 0.5)).max() <= 1


@pytest.mark.parametrize("init", ["imagenet", "ssl", "random"])
def test_weights_of_images_normalised_otherwise_are_refused(init: str) -> None:
    data = {"train": {"dataset": "heads"}, "normalization": "unit"}
    parsed = parse_config({"data": data, "init": init})
    if init == "random":
        assert isinstance(parsed, TrainConfig)
    else:
        assert not isinstance(parsed, TrainConfig)
        assert "take init: random" in str(parsed[0][1])


def test_training_images_do_not_depend_on_it(tmp_path: Path) -> None:
    prepared_blobs(tmp_path / "blobs", splits=("validation",), count=8)
    images = [
        seen(toy_config(evaluation_zoom=zoom, augmentation="1"), tmp_path, train=True) for zoom in (0.0, 0.3)
    ]
    assert np.array_equal(*images)
