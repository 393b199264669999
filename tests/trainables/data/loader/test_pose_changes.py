"""The loader mirrors and turns images and labels together: an image shows the pose that it comes with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from support.plain_heads import apart, plain_head
from support.poses import target

from trainables.data.augmentation import AUGMENTATIONS, Magnitudes
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets.prepared import Samples, write_labels
from trainables.data.loader import Batch, Loader
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.pose.angles import ANGLES
from trainables.target import HeadPoseConfig

IMAGE_PX = 64
COUNT = 10
MIRROR_AND_TURN = Magnitudes(mirror=0.5, turn_deg=30).build()


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """Plain heads in poses of large yaw, where a turn is not roll + angle."""
    folder = tmp_path_factory.mktemp("data") / "heads"
    (folder / "images").mkdir(parents=True)
    random = np.random.default_rng(0)
    side = random.choice([-1, 1], COUNT)
    pose_deg = np.stack([side * random.uniform(40, 70, COUNT), *random.uniform(-30, 30, (2, COUNT))], axis=1)
    files = [f"images/{number}.jpg" for number in range(COUNT)]
    for file, pose in zip(files, pose_deg, strict=True):
        plain_head(pose, IMAGE_PX).save(folder / file, quality=98, subsampling=0)
    box = dict.fromkeys(("box_left_px", "box_top_px", "box_right_px", "box_bottom_px"), 0)
    angles = dict(zip(("yaw_deg", "pitch_deg", "roll_deg"), pose_deg.T, strict=True))
    table = pd.DataFrame({"file": files, "subject": "a", "split": "train", **angles, **box})
    return write_labels(folder, table, source="test").samples("train", target=HeadPoseConfig())


def loader(samples: Samples, augmentation: AugmentationPlan | None, *, shuffle: bool = True) -> Loader:
    return Loader(
        samples,
        image_px=IMAGE_PX,
        batch=4,
        augmentation=augmentation,
        shuffle=shuffle,
        device=torch.device("cpu"),
    )


def joined(batches: list[Batch]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.cat([b.images for b in batches]), torch.cat([b.labels for b in batches])


def test_an_image_shows_the_pose_that_it_comes_with(heads: Samples) -> None:
    images, poses = joined(list(loader(heads, MIRROR_AND_TURN).epoch(3)))
    pixels = (images.permute(0, 2, 3, 1).numpy() * IMAGENET_STD + IMAGENET_MEAN) * 255
    assert poses.dtype == torch.float32 and len(poses) == 8
    for image, pose in zip(pixels, poses.numpy(), strict=True):
        shown = apart(image, plain_head(pose, IMAGE_PX))
        others = [apart(image, plain_head(pose + error, IMAGE_PX)) for error in np.diag([8.0, 8.0, 8.0])]
        assert shown < 0.7 * min(others)


def test_labels_stay_those_of_the_samples_without_mirror_and_turn(heads: Samples) -> None:
    for level in ("none", "heavy"):
        _, poses = joined(list(loader(heads, AUGMENTATIONS[level]().build(), shuffle=False).epoch(0)))
        assert torch.equal(poses, torch.tensor(heads.labels))


def test_an_epoch_of_turned_heads_repeats_to_the_bit(heads: Samples) -> None:
    reader = loader(heads, MIRROR_AND_TURN)
    first, other, again = (joined(list(reader.epoch(seed))) for seed in (7, 8, 7))
    assert all(torch.equal(one, two) for one, two in zip(first, again, strict=True))
    assert not any(torch.equal(one, two) for one, two in zip(first, other, strict=True))


def test_a_mirrored_epoch_needs_no_roll_and_a_turned_one_no_label(heads: Samples) -> None:
    no_roll = replace(heads, labels=heads.labels[:, :2], target=target(ANGLES[:2]))
    _, poses = joined(list(loader(no_roll, Magnitudes(mirror=1).build(), shuffle=False).epoch(0)))
    assert torch.equal(poses, torch.tensor(heads.labels[:, :2] * [-1, 1], dtype=torch.float32))
    with pytest.raises(ValueError, match="roll"):
        list(loader(no_roll, MIRROR_AND_TURN).epoch(0))
    images, poses = joined(
        list(loader(replace(heads, labels=heads.labels[:, :0], target=None), MIRROR_AND_TURN).epoch(0))
    )
    labelled, _ = joined(list(loader(heads, MIRROR_AND_TURN).epoch(0)))
    assert torch.equal(images, labelled) and poses.shape == (8, 0)
