"""One training step of images that are on the device: network, losses, backward pass, optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.losses.weighting.backward import backward
from trainables.losses.weighting.weighting import GradientWeighting, LooksBack, Weighting
from trainables.model.network import HeadPoseNetwork, running_statistics_kept
from trainables.model.output import Output
from trainables.pretext.views import Views
from trainables.training.execution import Execution
from trainables.training.loss_scale import LossScale


@dataclass(frozen=True)
class Learned:
    """What a step came to: the losses [] by name, "total" first, and what the network put out."""

    losses: Mapping[str, Tensor]
    output: Output


class TrainingStep:
    """Trains a network by one batch per call; all that it changes stays where it is in memory.

    With `compiled` the forward and the backward pass are what `torch.compile` makes of them. The network
    stays as it is: its weights keep their names, and evaluation computes what it did.
    """

    def __init__(
        self,
        network: HeadPoseNetwork,
        weighting: Weighting | GradientWeighting,
        optimizer: Optimizer,
        execution: Execution,
        *,
        clip_norm: float | None,
        compiled: bool,
    ) -> None:
        self.scale = LossScale(optimizer, execution.device, enabled=execution.scales_loss)
        self._network, self._weighting, self._optimizer = network, weighting, optimizer
        self._execution, self._clip_norm = execution, clip_norm
        self._parameters = [each for each in network.parameters() if each.requires_grad]  # no teacher's
        self._shared = network.shared_parameters()
        self._learn = network.learn
        if compiled:
            torch.compiler.reset()  # a process keeps eight forms of a function, and each network is one
            threads = torch.get_num_threads()  # the trial's own: torch takes one for each core of the machine
            self._learn = torch.compile(network.learn, dynamic=False, options={"compile_threads": threads})

    def __call__(self, views: Views, labels: Tensor, completed: int, *, first: bool = False) -> Learned:
        """Step in the epoch after `completed` ones; `first` as in `LossScale.attempts`."""
        scaler = self.scale.scaler
        for _ in self.scale.attempts(first=first):
            output, losses = self._forward(views, labels)
            self._optimizer.zero_grad()
            total = backward(self._weighting, losses, completed, shared=self._shared, scaler=scaler)
            if self._clip_norm is not None:
                scaler.unscale_(self._optimizer)
                nn.utils.clip_grad_norm_(self._parameters, self._clip_norm)
        if isinstance(self._weighting, LooksBack) and len(losses) > 1:
            with torch.no_grad(), running_statistics_kept(self._network):
                self._weighting.after_step(self._forward(views, labels)[1])
        return Learned({"total": total, **losses}, output)

    def _forward(self, views: Views, labels: Tensor) -> tuple[Output, dict[str, Tensor]]:
        """Return what the network puts out for the images of a step, and the losses []."""
        with self._execution.autocast():
            output = self._learn(views)
        losses = self._network.pose_losses(output, views, labels)
        return output, losses | self._network.pretext_losses(output)
