"""What a design takes of a device, and what of it decides how much memory that is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from trainables.model.backbones import Backbone
from trainables.training.config import Precision, TrainConfig


@dataclass(frozen=True)
class MemoryShape:
    """What of a config decides its memory. Left out: what changes it by less than the margin of a share."""

    backbone: Backbone
    image_px: int
    batch: int
    precision: Precision
    optimizer: str
    weighting: str
    averages: bool
    compiled: bool
    cuda_graph: bool
    pretext: Hashable
    mixed: bool = field(default=False, repr=False)
    """Whether JPEGs are decoded on the GPU."""

    @classmethod
    def of(cls, config: TrainConfig) -> MemoryShape:
        """Return the shape of a config; configs of equal shapes take the same memory."""
        return cls(
            backbone=config.network.backbone,
            image_px=config.data.image_px,
            batch=config.data.batch,
            precision=config.precision,
            optimizer=type(config.optimizer).__name__ + ("Lookahead" if config.lookahead else ""),
            weighting=type(config.weighting).__name__,
            averages=config.average.build(config.epochs) is not None,
            compiled=config.compile,
            cuda_graph=config.cuda_graph,
            pretext=_pretext(config),
            mixed=config.data.decode == "mixed",
        )

    def __str__(self) -> str:
        """Return the key of files that are kept; those of older versions say nothing of decoding."""
        return f"{self!r}, decoded on the GPU" if self.mixed else repr(self)


def _pretext(config: TrainConfig) -> Hashable:
    """Return what the task adds; where it learns from no unlabelled image, what older versions wrote down."""
    own, share = config.pretext.memory(), config.unlabelled_share
    return (own, share) if share else own


@dataclass(frozen=True)
class Footprint:
    """What a training takes of a device.

    `torch_mib` is the most that torch reserved, `other_mib` all else that its process has there: the CUDA
    context and DALI's pools. `wait_share` is the share of time in which the device waited for images that
    one CPU thread prepared.
    """

    torch_mib: float
    other_mib: float
    wait_share: float
