"""A network whose weights are the running mean of those of a network in training."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from trainables.data.batches import Batch
from trainables.model.network import HeadPoseNetwork
from trainables.optim.averages import NORM_BATCHES, Average
from trainables.training.execution import Execution
from trainables.training.seeding import torch_seeded


class AveragedNetwork:
    """The mean of a supervised network's weights over steps.

    torch's own `AveragedModel` makes each step wait for a GPU and copies all buffers, such as BatchNorm's
    statistics, which belong to other weights; `estimate_norms` computes them anew.
    """

    def __init__(self, source: HeadPoseNetwork, average: Average) -> None:
        self.network = copy.deepcopy(source).requires_grad_(False)
        self.taken = 0
        self._average = average
        self._mean: list[Tensor] = list(self.network.parameters())
        self._weights: list[Tensor] = list(source.parameters())

    def on(self, completed: int) -> bool:
        """Return whether the steps of the epoch after `completed` epochs are averaged."""
        return self._average.on(completed)

    @torch.no_grad()
    def take(self) -> None:
        """Take the weights after a step into the mean."""
        self.taken += 1
        torch._foreach_lerp_(self._mean, self._weights, self._average.share(self.taken))

    def estimate_norms(self, batches: Iterable[Batch], execution: Execution, seed: int) -> None:
        """Estimate BatchNorm's statistics of the mean anew, from the first batches of an epoch."""
        images = (execution.place_images(batch.images) for batch in islice(batches, NORM_BATCHES))
        with torch_seeded(seed, execution.device), execution.autocast():  # dropout draws
            update_bn(images, self.network)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        return {"taken": self.taken, "network": self.network.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what `state_dict` returned. Raises `KeyError` or `RuntimeError` for another network's."""
        self.network.load_state_dict(state_dict["network"])
        self.taken = state_dict["taken"]
