"""Loaders over prepared samples with NVIDIA DALI, and a pool that reuses their pipelines."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from trainables.base.errors import InputError
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.datasets.prepared import Samples
from trainables.data.decoded import DecodedImages
from trainables.data.loader.epoch_plan import BatchPlan, batch_count, plan_epoch
from trainables.data.loader.keeping import NotKept, keeps, kept_images
from trainables.data.loader.noise import COLUMNS, NoiseField
from trainables.data.loader.pipeline import Feed, ImagePipeline, Output, PipelineSpec, Source, release_unused
from trainables.data.loader.unreadable import unreadable
from trainables.data.loader.waiting import WaitClock
from trainables.data.normalization import IMAGENET, Normalization
from trainables.data.sources import Decode


def unsaid(_: str) -> None:
    """Take what there is to say, and tell nobody."""


@dataclass(frozen=True)
class Batch:
    """Images and their labels, on the loader's device."""

    images: torch.Tensor  # [B, 3, H, W] float32, RGB, normalised
    labels: torch.Tensor  # [B, L] float32, those of the image as it is seen: mirrored or turned


class Loader:
    """Batches of `samples`; an epoch follows from its seed bit for bit.

    `shuffle` is for training: a new order each epoch, the last partial batch dropped unless it is the only
    one. Otherwise each image comes once, in order. `pool` keeps the pipeline for the loaders after this one.
    `decode` is that of `data.decode`; `say` is told where decoded images are wanted and cannot be kept.
    `beside`: its epochs run while those of another loader do.
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
        decode: Decode = "cpu",
        say: Callable[[str], None] = unsaid,
        beside: bool = False,
        normalization: Normalization = IMAGENET,
    ) -> None:
        self.samples = samples
        self.batch = batch
        self.augmentation = augmentation
        self.shuffle = shuffle
        self.device = device
        self._clock = WaitClock(device)
        operations = augmentation.operations if augmentation else frozenset[str]()
        source: Source = "mixed" if decode == "mixed" and device.type == "cuda" else "cpu"
        self._spec = PipelineSpec(image_px, batch, operations, device, threads, source, beside, normalization)
        self._pool = pool
        self._keeping, self._say = keeps(decode, samples), say
        self._kept: DecodedImages | None = None
        self._pipeline: ImagePipeline | None = None
        self._noise = NoiseField(image_px, device, normalization) if "noise" in operations else None

    def __len__(self) -> int:
        return batch_count(len(self.samples), self.batch, shuffle=self.shuffle)

    @property
    def pipeline(self) -> ImagePipeline:
        """The pipeline, taken from the pool when it is first needed: what is read is known only then."""
        if self._pipeline is None:
            self._pipeline = self._pool.pipeline(self._spec) if self._pool else ImagePipeline(self._spec)
        return self._pipeline

    @property
    def wait_s(self) -> float:
        """Seconds that the consumer, or the GPU it feeds, waited for data in the last epoch."""
        return self._clock.waited_s()

    def epoch(self, seed: int) -> Iterator[Batch]:
        """Yield the batches of one epoch. Everything random in it follows from `seed`, at least 0.

        Raises `InputError` naming the files that are missing or cannot be decoded.
        """
        self._clock = WaitClock(self.device)
        with self._clock.waiting():
            self._keep()
        ahead: deque[BatchPlan] = deque()
        outputs = self.pipeline.run(self._feeds(seed, ahead))
        while True:
            with self._clock.waiting():
                batch = self._next(outputs, ahead)
            if batch is None:
                return
            yield batch

    def _keep(self) -> None:
        """Take decoded images from now on, where they are kept and no other process is still writing them."""
        if not self._keeping or self._kept is not None:
            return
        try:
            self._kept = kept_images(self.samples, self._spec.threads)
        except NotKept as reason:
            self._keeping = False
            self._say(f"decoded images are not kept, and decoded in every epoch: {reason}")
        if self._kept is not None:
            self._spec, self._pipeline = replace(self._spec, source="pixels"), None

    def _next(self, outputs: Iterator[Output], ahead: deque[BatchPlan]) -> Batch | None:
        try:
            images, beside = next(outputs)
        except StopIteration:
            return None
        except RuntimeError as error:
            files = [self.samples.files[place] for plan in ahead for place in plan.places]
            if self._kept is None and (faults := unreadable(files)):
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
            files = self.samples.files
            images = self._kept.read(plan.places) if self._kept else [files[place] for place in plan.places]
            yield Feed(images, self._beside(plan), plan.parameters)

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
    Loaders that share one take turns, one epoch each; one that runs beside them has another.
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
