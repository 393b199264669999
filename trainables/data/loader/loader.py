"""Loaders over prepared samples with NVIDIA DALI, and a pool that reuses their pipelines."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from trainables.base.errors import Fault, InputError, why
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets.prepared import Samples
from trainables.data.loader.epoch_plan import BatchPlan, batch_count, plan_epoch
from trainables.data.loader.noise import COLUMNS, NoiseField
from trainables.data.loader.pipeline import Feed, ImagePipeline, Output, PipelineSpec, release_unused
from trainables.data.loader.waiting import WaitClock

WAY_OUT = (
    "bring it back, by importing the dataset again or from a copy, or drop it: `hpsearch data check NAME "
    "--repair`, after which the dataset is another one, and a study that has trained on it needs a new name"
)
"""What a user can do about an image that cannot be read."""


@dataclass(frozen=True)
class Batch:
    """Images and their labels, on the loader's device."""

    images: torch.Tensor  # [B, 3, H, W] float32, RGB, normalised with the statistics of ImageNet
    labels: torch.Tensor  # [B, L] float32, those of the image as it is seen: mirrored or turned


class Loader:
    """Batches of `samples`; an epoch follows from its seed bit for bit.

    `shuffle` is for training: a new order each epoch, the last partial batch dropped unless it is the only
    one. Otherwise each image comes once, in order. `pool` keeps the pipeline for the loaders after this one.
    """

    def __init__(
        self,
        samples: Samples,
        *,
        image_px: int,
        batch: int,
        augmentation: AugmentationPlan | None,
        shuffle: bool,
        device: torch.device,
        threads: int = 1,
        pool: LoaderPool | None = None,
    ) -> None:
        self.samples = samples
        self.batch = batch
        self.augmentation = augmentation
        self.shuffle = shuffle
        self.device = device
        self._clock = WaitClock(device)
        operations = augmentation.operations if augmentation else frozenset[str]()
        spec = PipelineSpec(image_px, batch, operations, device, threads)
        self.pipeline = pool.pipeline(spec) if pool else ImagePipeline(spec)
        self._noise = NoiseField(image_px, device) if "noise" in operations else None

    def __len__(self) -> int:
        return batch_count(len(self.samples), self.batch, shuffle=self.shuffle)

    @property
    def wait_s(self) -> float:
        """Seconds that the consumer, or the GPU it feeds, waited for data in the last epoch."""
        return self._clock.waited_s()

    def epoch(self, seed: int) -> Iterator[Batch]:
        """Yield the batches of one epoch. Everything random in it follows from `seed`, at least 0.

        Raises `InputError` naming the files that are missing or cannot be decoded.
        """
        self._clock = WaitClock(self.device)
        ahead: deque[BatchPlan] = deque()
        outputs = self.pipeline.run(self._feeds(seed, ahead))
        while True:
            with self._clock.waiting():
                batch = self._next(outputs, ahead)
            if batch is None:
                return
            yield batch

    def _next(self, outputs: Iterator[Output], ahead: deque[BatchPlan]) -> Batch | None:
        try:
            images, beside = next(outputs)
        except StopIteration:
            return None
        except RuntimeError as error:
            files = [self.samples.files[place] for plan in ahead for place in plan.places]
            if faults := unreadable(files):
                raise InputError(faults) from error
            raise
        ahead.popleft()
        labels = self.samples.labels.shape[1]
        if self._noise is not None:
            self._noise.add_to(images, beside[:, labels:])
        return Batch(images, beside[:, :labels])

    def _feeds(self, seed: int, ahead: deque[BatchPlan]) -> Iterator[Feed]:
        """Yield the pipeline's inputs, and keep in `ahead` the plans whose output has not come yet."""
        for plan in plan_epoch(
            len(self.samples), self.batch, self.augmentation, shuffle=self.shuffle, seed=seed
        ):
            ahead.append(plan)
            files = [self.samples.files[place] for place in plan.places]
            yield Feed(files, self._beside(plan), plan.parameters)

    def _beside(self, plan: BatchPlan) -> npt.NDArray[np.float32]:
        """Return what a batch needs besides images: the labels as seen, and where to cut noise."""
        labels, rows, target = self.samples.labels[plan.places], plan.parameters, self.samples.target
        if rows is None:
            return labels
        if target is not None:
            turn_deg = rows["turn_deg"]
            labels = target.augmented(labels, mirrored=rows["mirrored"] != 0, turn_deg=turn_deg)
        noise = [rows[name][:, None] for name in COLUMNS] if self._noise is not None else []
        return np.concatenate([labels, *noise], axis=1)


class LoaderPool:
    """Keeps the `keep` pipelines used last for reuse; on a GPU, the memory of others goes back to it.

    A pipeline holds no data: any loader of equal image size, batch, operations, device and threads uses it.
    Loaders that share one take turns, one epoch each.
    """

    def __init__(self, keep: int = 4) -> None:
        self.keep = keep
        self._pipelines: OrderedDict[PipelineSpec, ImagePipeline] = OrderedDict()

    def pipeline(self, spec: PipelineSpec) -> ImagePipeline:
        """Return the pipeline kept for `spec`, or a new one."""
        pipeline = self._pipelines.pop(spec, None) or ImagePipeline(spec)
        self._pipelines[spec] = pipeline
        if len(self._pipelines) > self.keep:
            self._pipelines.popitem(last=False)
            release_unused(spec.device)
        return pipeline


def unreadable(files: Sequence[Path]) -> list[Fault]:
    """Return a fault for each file that is missing or cannot be decoded to its end."""
    from PIL import UnidentifiedImageError

    from trainables.data.image_file import open_image

    faults = []
    for file in files:
        try:
            with open_image(file) as image:
                image.load()
        except FileNotFoundError:
            faults.append(Fault(f"this image is missing: {WAY_OUT}", file=str(file)))
        except UnidentifiedImageError:
            faults.append(Fault(f"this file is not an image: {WAY_OUT}", file=str(file)))
        except (OSError, SyntaxError, ValueError) as error:
            reason = f"this image cannot be decoded ({why(error)}): {WAY_OUT}"
            faults.append(Fault(reason, file=str(file)))
    return faults
