"""What a network says of the images of a step, and losses of several sizes of images as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from trainables.pretext.views.view import Mean

LEAST = 1e-6  # a loss of 0 has no logarithm


@dataclass(frozen=True)
class Output:
    """The network's output: the head's raw outputs, and in a training step those of each branch by name."""

    pose_raw: Tensor
    pretext: Mapping[str, Any] = field(default_factory=dict)
    further: tuple[Output, ...] = ()
    """Those of `Views.further`."""

    @property
    def each(self) -> tuple[Output, ...]:
        """The output of each size of images."""
        return self, *self.further


def mean_of(found: Sequence[Mapping[str, Tensor]], mean: Mean = "arithmetic") -> dict[str, Tensor]:
    """Return the mean [] of each number [] over sizes of images that all have it; one size's as they are."""
    if len(found) <= 1:
        return dict(found[0]) if found else {}
    together = {name: torch.stack([each[name] for each in found]) for name in found[0]}
    if mean == "geometric":
        return {name: values.clamp(min=LEAST).log().mean().exp() for name, values in together.items()}
    return {name: values.mean() for name, values in together.items()}
