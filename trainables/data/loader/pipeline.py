"""The DALI pipeline: decodes, augments and normalises images, with parameters that are drawn outside of it.

It has no random state and holds no data: its output follows from its input alone, whatever ran before, so one
pipeline serves trial after trial.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.dlpack import from_dlpack

from trainables.data.augmentation.plan import REFERENCE_PX, Parameters
from trainables.data.loader.decoding import decoded, path_bytes
from trainables.data.normalization import IMAGENET, Normalization

PREFETCH = 2
"""Batches that the pipeline works ahead of the consumer."""

HW_DECODER_LOAD = 0.0
"""Share of a batch that a GPU's JPEG decoder takes: 0 or 1. In between, the pixels of an image would depend
on its place in the batch, and on the first batch that the decoder saw. `tests/gpu/run` measures both."""

INPUTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "turn": ("angle",),
        "zoom": ("roi_start", "roi_end"),
        "blur": ("sigma",),
        "downscale": ("detail",),
        "hue": ("hue",),
        "channel_contrast": ("factor",),
        "tone": ("contrast", "brightness", "brightness_shift"),
        "cutout": ("anchor", "shape"),
        "mirror": ("mirror",),
    }
)
"""The inputs of each operation. Noise is not here: that of DALI depends on what ran before."""

Source = Literal["cpu", "mixed", "pixels"]
"""What a pipeline takes: files, decoded on the CPU or (`mixed`) on a GPU, or pixels. What is not decoded on a
GPU goes there as bytes, a batch at a time."""

Output = tuple[torch.Tensor, torch.Tensor]
"""Images [B, 3, H, W] and what was carried beside them [B, C], both on the pipeline's device."""


@dataclass(frozen=True)
class Feed:
    """The pipeline's input for one batch. `parameters` is None where it makes no operation.

    `beside` is carried to the device with the images: a copy made by the consumer would wait for all that the
    device still has to do.
    """

    images: Sequence[Path] | npt.NDArray[np.uint8]  # B files, or pixels [B, H, W, 3]
    beside: npt.NDArray[np.float32]  # [B, C]
    parameters: Parameters | None  # [B]


@dataclass(frozen=True)
class PipelineSpec:
    """Everything that a pipeline is built from. `batch` is the largest one; smaller ones work too."""

    image_px: int
    batch: int
    operations: frozenset[str]
    device: torch.device
    threads: int
    source: Source = "cpu"
    beside: bool = False
    """Whether it runs while another pipeline does, which is then another one."""
    normalization: Normalization = IMAGENET

    @property
    def inputs(self) -> list[str]:
        """The inputs of its operations, in order."""
        return [name for operation, names in INPUTS.items() if operation in self.operations for name in names]


class ImagePipeline:
    """Decodes, augments and normalises its input, one epoch at a time."""

    def __init__(self, spec: PipelineSpec) -> None:
        self.spec = spec
        self._pipeline: Any = None
        self._feeds: Iterator[Feed] = iter(())
        self._carried = 0  # columns that the consumer gets of what stands beside the images
        self._turn = 0

    def run(self, feeds: Iterable[Feed]) -> Iterator[Output]:
        """Yield the output of each feed, working ahead.

        Images own their memory: no later batch overwrites it. Raises `RuntimeError` where a file cannot be
        read, and where another run began before this one ended.
        """
        self._turn += 1
        turn = self._turn
        self._drain()
        self._feeds = iter(feeds)
        for images, beside in self._outputs():
            yield images, beside[:, : self._carried]
            if turn != self._turn:
                raise RuntimeError("another epoch began on this pipeline: finish one before the next")

    def _drain(self) -> None:
        """Discard the output of a run that was broken off."""
        self._feeds = iter(())
        if self._pipeline is not None:
            with contextlib.suppress(RuntimeError):  # an unreadable image in output that is discarded
                for _ in self._outputs():
                    pass

    def _outputs(self) -> Iterator[Output]:
        while True:
            try:
                if self._pipeline is None:
                    self._pipeline = _build(self.spec, self._next_feed)
                # On a GPU the output is bound to the stream that torch works on.
                on_gpu = self.spec.device.type == "cuda"
                stream = torch.cuda.current_stream(self.spec.device) if on_gpu else None
                images, beside = self._pipeline.run(stream)
            except StopIteration:
                self._pipeline.reset()
                return
            except BaseException:
                self._pipeline = None  # its state is unknown: the next run builds another
                raise
            yield from_dlpack(images.as_tensor()), from_dlpack(beside.as_tensor())

    def _next_feed(self) -> tuple[Any, ...]:
        feed = next(self._feeds)
        images = feed.images if isinstance(feed.images, np.ndarray) else path_bytes(feed.images)
        inputs = {} if feed.parameters is None else operator_inputs(feed.parameters, self.spec.image_px)
        self._carried = feed.beside.shape[1]
        beside = (
            feed.beside if self._carried else np.zeros((len(images), 1), np.float32)
        )  # DALI takes no [B, 0]
        return images, *map(np.ascontiguousarray, (beside, *(inputs[name] for name in self.spec.inputs)))


def release_unused(device: torch.device) -> None:
    """Give a GPU the memory back that no pipeline uses any more: DALI keeps what it once had."""
    if device.type == "cuda":
        importlib.import_module("nvidia.dali.backend").ReleaseUnusedMemory()


def operator_inputs(rows: Parameters, image_px: int) -> dict[str, npt.NDArray[np.float32]]:
    """Return the inputs of DALI's operators for parameters [B]: [B], or [B, 2] of height and width."""
    rim = (1 - rows["kept"]) / 2
    side = np.round(rows["cutout_side"] * image_px)
    top, left = (np.round(rows[f"cutout_{axis}"] * (image_px - side)) for axis in "yx")
    detail = np.minimum(rows["detail_px"], image_px)
    return {
        "angle": -rows["turn_deg"],  # DALI turns anticlockwise
        "roi_start": np.stack([rim, rim], 1),
        "roi_end": np.stack([1 - rim, 1 - rim], 1),
        "sigma": np.maximum(rows["blur_sigma_px"] * (image_px / REFERENCE_PX), 0.01),  # must be > 0
        "detail": np.stack([detail, detail], 1),
        "hue": rows["hue_deg"],
        "factor": rows["channel_contrast"],
        "contrast": rows["contrast"],
        "brightness": rows["brightness"],
        "brightness_shift": rows["brightness_shift"],
        "anchor": np.stack([top, left], 1),
        "shape": np.stack([side, side], 1),
        "mirror": rows["mirrored"],
    }


def _build(spec: PipelineSpec, source: Callable[[], tuple[Any, ...]]) -> Any:
    """Return a DALI pipeline. On a GPU the decoder hands over to it, and later operators follow the data."""
    dali: Any = importlib.import_module("nvidia.dali")  # on first use: takes a second; partly typed
    fn, types = dali.fn, dali.types
    on_gpu = spec.device.type == "cuda"
    square = [spec.image_px, spec.image_px]
    scale = spec.normalization
    mean, std = ([255 * value for value in values] for values in (scale.mean, scale.std))
    pipeline = dali.Pipeline(
        batch_size=spec.batch,
        num_threads=spec.threads,
        device_id=(spec.device.index or 0) if on_gpu else None,
        prefetch_queue_depth=PREFETCH,
    )
    with pipeline:
        dtypes = [types.UINT8, types.FLOAT, *(types.FLOAT for _ in spec.inputs)]
        image, beside, *fed = fn.external_source(source, num_outputs=len(dtypes), dtype=dtypes)
        given = dict(zip(spec.inputs, fed, strict=True))
        settings = {
            operation: {name: given[name] for name in names}
            for operation, names in INPUTS.items()
            if operation in spec.operations
        }
        if spec.source == "pixels":
            image = fn.reshape(image, layout="HWC")
        else:
            image = decoded(fn, image, device=spec.source, hw_decoder_load=HW_DECODER_LOAD)
        if on_gpu and spec.source != "mixed":
            image = image.gpu()
        if "turn" in settings:  # before the zoom, which then cuts most of the black corners off
            image = fn.rotate(image, keep_size=True, fill_value=0, **settings["turn"])
        zoom = settings.get("zoom", {})
        image = fn.resize(image, size=square, interp_type=types.INTERP_LINEAR, roi_relative=True, **zoom)
        if "blur" in settings:
            image = fn.gaussian_blur(image, **settings["blur"])
        if "downscale" in settings:
            image = fn.resize(image, size=given["detail"], interp_type=types.INTERP_NN)
            image = fn.resize(image, size=square, interp_type=types.INTERP_NN)
        if "hue" in settings:
            image = fn.hue(image, **settings["hue"])
        if "channel_contrast" in settings:
            means = fn.reductions.mean(image, axes=[0, 1], keep_dims=True)  # [1, 1, 3], fp32
            image = fn.cast((image - means) * given["factor"] + means, dtype=types.UINT8)  # rounds and clips
        if "tone" in settings:  # apart from the hue, whose matrix takes ten times as long
            image = fn.brightness_contrast(image, **settings["tone"])
        if "cutout" in settings:
            blank = [round(value) for value in mean]
            image = fn.erase(image, axis_names="HW", fill_value=blank, **settings["cutout"])
        flip = {"mirror": fn.cast(given["mirror"], dtype=types.INT32)} if "mirror" in settings else {}
        image = fn.crop_mirror_normalize(
            image, dtype=types.FLOAT, output_layout="CHW", mean=mean, std=std, **flip
        )
        pipeline.set_outputs(image, beside.gpu() if on_gpu else beside)
    pipeline.build()
    return pipeline
