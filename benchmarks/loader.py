"""The loader beside torchvision and a DataLoader that do the same to the same images, from one run.

    python benchmarks/loader.py --level 2 --workers 2
    python benchmarks/loader.py --level 1 --mirror 0.5 --turn-deg 15

Prints images/s, taken in turns: of the loader with images that are kept decoded (`data.decode: cache`), of
the loader that decodes in every epoch (`cpu`), and of torchvision, which does too; then the time of a new
pipeline's first batch. First epochs, in which workers start and what is kept is decoded, are not counted.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.io import decode_jpeg, read_file
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from trainables.data.augmentation import AUGMENTATIONS
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets.prepared import Samples
from trainables.data.loader import Loader
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.data.sources import Decode
from trainables.target import HeadPoseConfig

BATCH = 64
SIDES_PX = (64, 112, 224)
WAYS: tuple[Decode, ...] = ("cache", "cpu")


class TorchvisionDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The same changes by torchvision's operators, image after image."""

    def __init__(self, samples: Samples, image_px: int, augmentation: AugmentationPlan | None) -> None:
        self.samples, self.image_px = samples, image_px
        self.rows = augmentation.draw(len(samples), 0) if augmentation else None
        self.labels = samples.labels
        if self.rows is not None and samples.target is not None:
            mirrored, turn_deg = self.rows["mirrored"] != 0, self.rows["turn_deg"]
            self.labels = samples.target.augmented(samples.labels, mirrored=mirrored, turn_deg=turn_deg)
        self.operations = augmentation.operations if augmentation else frozenset[str]()

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, place: int) -> tuple[torch.Tensor, torch.Tensor]:
        side = self.image_px
        image = decode_jpeg(read_file(str(self.samples.files[place])))
        if self.rows is None:
            return self._normalised(F.resize(image, [side, side])), torch.tensor(self.labels[place])
        row = self.rows[place]
        if "turn" in self.operations:
            image = F.rotate(image, -float(row["turn_deg"]), InterpolationMode.BILINEAR)
        rim = round(image.shape[-1] * float(1 - row["kept"]) / 2)
        crop = image.shape[-1] - 2 * rim
        image = F.resized_crop(image, rim, rim, crop, crop, [side, side])
        if "blur" in self.operations:
            sigma = max(float(row["blur_sigma_px"]) * side / 224, 0.01)
            image = F.gaussian_blur(image, [2 * int(np.ceil(3 * sigma)) + 1] * 2, [sigma, sigma])
        if "downscale" in self.operations:
            detail = min(int(row["detail_px"]), side)
            for size in (detail, side):
                image = F.resize(image, [size, size], InterpolationMode.NEAREST)
        if "hue" in self.operations:
            image = F.adjust_hue(image, float(row["hue_deg"]) / 360)
        if "tone" in self.operations:
            image = F.adjust_contrast(image, float(row["contrast"]))
            image = F.adjust_brightness(image, float(row["brightness"]))
        if "cutout" in self.operations:
            cut = round(float(row["cutout_side"]) * side)
            top, left = (round(float(row[f"cutout_{axis}"]) * (side - cut)) for axis in "yx")
            image = F.erase(image, top, left, cut, cut, torch.tensor([124, 116, 104]).view(3, 1, 1).byte())
        if row["mirrored"]:
            image = F.horizontal_flip(image)
        image = F.to_dtype(image, torch.float32, scale=True)
        if "noise" in self.operations:
            image = F.gaussian_noise(image, sigma=float(row["noise_sigma"]))
        return self._normalised(image), torch.tensor(self.labels[place])

    def _normalised(self, image: torch.Tensor) -> torch.Tensor:
        return F.normalize(
            F.to_dtype(image, torch.float32, scale=True), list(IMAGENET_MEAN), list(IMAGENET_STD)
        )


def write_images(folder: Path, count: int, side_px: int) -> Samples:
    """Write JPEG files with the detail of a photograph: soft shapes under a little grain."""
    random = np.random.default_rng(0)
    files = []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (12, 12, 3)).astype(np.uint8))
        soft = np.asarray(coarse.resize((side_px, side_px), Image.Resampling.BICUBIC), dtype=float)
        grain = random.normal(0, 4, soft.shape)
        files.append(folder / f"{number:04d}.jpg")
        Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8)).save(files[-1], quality=92)
    pose_deg = random.uniform(-60, 60, (count, 3)).astype(np.float32)
    target = HeadPoseConfig()
    return Samples(tuple(files), pose_deg, ("a",) * count, target.build(target.labels), "benchmark")


def rate(batches: Iterable[object], images: int) -> float:
    """Return images/s of going through `batches` once."""
    started = time.perf_counter()
    for _ in batches:
        pass
    return images / (time.perf_counter() - started)


def compare(
    samples: Samples, image_px: int, augmentation: AugmentationPlan | None, workers: int, rounds: int
) -> str:
    """Return a line with all rates (medians) and the ratios to torchvision's."""
    ours = {
        way: Loader(
            samples,
            image_px=image_px,
            batch=BATCH,
            augmentation=augmentation,
            shuffle=True,
            device=torch.device("cpu"),
            threads=workers,
            decode=way,
        )
        for way in WAYS
    }
    theirs: DataLoader[tuple[torch.Tensor, torch.Tensor]] = DataLoader(
        TorchvisionDataset(samples, image_px, augmentation),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=True,
        multiprocessing_context="spawn",  # a fork of the process with DALI's threads crashes
    )
    images = len(theirs) * BATCH
    rates: dict[str, list[float]] = {**{way: [] for way in WAYS}, "theirs": []}
    for seed in range(rounds + 1):  # the first round starts the workers and decodes what is kept
        for way, loader in ours.items():
            rates[way].append(rate(loader.epoch(seed), images))
        rates["theirs"].append(rate(theirs, images))
    cells = [f"{image_px:5d} px"]
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(found[1:], rates["theirs"][1:], strict=True)]
        cells.append(f"{statistics.median(found[1:]):9.0f}")
        if name != "theirs":
            cells.append(f"{statistics.median(ratios):6.2f}x")
    return " ".join(cells)


def first_batch_ms(
    samples: Samples, image_px: int, augmentation: AugmentationPlan | None, workers: int
) -> tuple[float, float]:
    """Return the time of the first batch of a new pipeline and of the next epoch on the same one."""
    settings = {"image_px": image_px, "batch": BATCH, "shuffle": True, "device": torch.device("cpu")}
    loader = Loader(samples, augmentation=augmentation, threads=workers, **settings)
    times = []
    for seed in range(2):
        started = time.perf_counter()
        next(epoch := loader.epoch(seed))
        times.append(1000 * (time.perf_counter() - started))
        list(epoch)
    return times[0], times[1]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--level", choices=AUGMENTATIONS, default="2")
    parser.add_argument("--mirror", type=float, default=0.0, help="share of mirrored images")
    parser.add_argument("--turn-deg", type=float, default=0.0, help="largest turn in the image plane")
    parser.add_argument("--workers", type=int, default=2, help="our threads, their processes")
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--source-px", type=int, help="side of the JPEG files; that of the batch if left out")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    changes = {name: value for name in ("mirror", "turn_deg") if (value := getattr(given, name))}
    augmentation = AUGMENTATIONS[given.level].model_validate(changes).build()
    with tempfile.TemporaryDirectory() as folder:
        print(f"images/s, level {given.level} {changes or ''}, {given.workers} workers")
        print("              kept            decoded         torchvision")
        for image_px in SIDES_PX:
            below = Path(folder, str(image_px))
            below.mkdir()
            samples = write_images(below, given.images, given.source_px or image_px)
            print(compare(samples, image_px, augmentation, given.workers, given.rounds))
            new, kept = first_batch_ms(samples, image_px, augmentation, given.workers)
            print(
                f"         first batch {new:.0f} ms on a new pipeline, {kept:.0f} ms on a kept one",
                flush=True,
            )


if __name__ == "__main__":
    main()
