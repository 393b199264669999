"""Loaders over prepared samples with NVIDIA DALI, and a pool that reuses their pipelines."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from trainables.base.errors import Fault, InputError
from trainables.data.augmentation.labels import augmented_pose
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets.prepared import Samples
from trainables.data.loader.epoch_plan import BatchPlan, batch_count, plan_epoch
from trainables.data.loader.noise import NoiseField
from trainables.data.loader.pipeline import Feed, ImagePipeline, PipelineSpec


@dataclass(frozen=True)
class Batch:
    """Images and their poses, on the loader's device."""

    images: torch.Tensor  # [B, 3, H, W] float32, RGB, normalised with the statistics of ImageNet
    pose_deg: torch.Tensor  # [B, A] float32, the pose seen: of the mirrored or turned image


class Loader:
    """Batches of `samples`; an epoch follows from its seed bit for bit.

    `shuffle` is for training: a new order each epoch, the last partial batch dropped unless it is the only
    one. Otherwise each image comes once, in order. `pool` keeps the pipeline for the loaders after this one.
    `wait_s` is how long the consumer waited for data in the last epoch, seconds.
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
        self.wait_s = 0.0
        operations = augmentation.operations if augmentation else frozenset[str]()
        spec = PipelineSpec(image_px, batch, operations, device, threads)
        self.pipeline = pool.pipeline(spec) if pool else ImagePipeline(spec)
        self._noise = NoiseField(image_px, device) if "noise" in operations else None

    def __len__(self) -> int:
        return batch_count(len(self.samples), self.batch, shuffle=self.shuffle)

    def epoch(self, seed: int) -> Iterator[Batch]:
        """Yield the batches of one epoch. Everything random in it follows from `seed`, at least 0.

        Raises `InputError` naming the files that are missing or cannot be decoded.
        """
        self.wait_s = 0.0
        ahead: deque[BatchPlan] = deque()
        outputs = self.pipeline.run(self._feeds(seed, ahead))
        while True:
            started = time.perf_counter()
            try:
                images, places = next(outputs)
            except StopIteration:
                return
            except RuntimeError as error:
                files = [self.samples.files[place] for plan in ahead for place in plan.places]
                if faults := unreadable(files):
                    raise InputError(faults) from error
                raise
            plan = ahead.popleft()
            if self._noise is not None and plan.parameters is not None:
                self._noise.add_to(images, plan.parameters)
            pose_deg = self.samples.pose_deg[places]
            if plan.parameters is not None:
                pose_deg = augmented_pose(pose_deg, plan.parameters)
            labels = torch.from_numpy(pose_deg).to(self.device)
            self.wait_s += time.perf_counter() - started
            yield Batch(images, labels)

    def _feeds(self, seed: int, ahead: deque[BatchPlan]) -> Iterator[Feed]:
        """Yield the pipeline's inputs, and keep in `ahead` the plans whose output has not come yet."""
        for plan in plan_epoch(
            len(self.samples), self.batch, self.augmentation, shuffle=self.shuffle, seed=seed
        ):
            ahead.append(plan)
            yield Feed([self.samples.files[place] for place in plan.places], plan.places, plan.parameters)


class LoaderPool:
    """Keeps the `keep` pipelines used last for reuse, since DALI never returns its memory.

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
        return pipeline


def unreadable(files: Sequence[Path]) -> list[Fault]:
    """Return a fault for each file that is missing or cannot be decoded to its end."""
    from PIL import Image, UnidentifiedImageError

    faults = []
    for file in files:
        try:
            with Image.open(file) as image:
                image.load()
        except FileNotFoundError:
            faults.append(Fault("this image is missing: build the dataset again", file=str(file)))
        except UnidentifiedImageError:
            faults.append(Fault("this file is not an image: build the dataset again", file=str(file)))
        except (OSError, SyntaxError) as error:
            reason = f"this image cannot be decoded ({error}): build the dataset again"
            faults.append(Fault(reason, file=str(file)))
    return faults
