"""The loss on images as they are: the head's, and what the branches of a task say of unperturbed images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.data.batches import BatchSource
from trainables.model.network import HeadPoseNetwork
from trainables.pretext.task import PretextTask, UnperturbedTask
from trainables.pretext.views import Views
from trainables.training.execution import Execution


@dataclass(frozen=True)
class ValidationLoss:
    """Sums up all losses, each times its `weights`, which do not change over a run."""

    task: PretextTask
    weights: Mapping[str, float]

    def of(self, network: HeadPoseNetwork, source: BatchSource, labels: int, execution: Execution) -> float:
        """Return the mean over batches; `network`, left in evaluation mode, learned the first `labels`.

        Raises `TypeError` where it has branches and the task no answer for images as they are.
        """
        network.eval()
        sums, images = torch.zeros((), dtype=torch.float64, device=execution.device), 0
        with torch.inference_mode():
            for batch in source.epoch(seed=0):
                views = self._views(execution.place_images(batch.images), branches=network.branch_stage > 0)
                true = batch.labels.to(execution.device)[:, :labels]
                sums += len(true) * self._total(network, views, true, execution).double()
                images += len(true)
        return float(sums / images)

    def _views(self, images: Tensor, *, branches: bool) -> Views:
        if not branches:
            return Views(images)
        if not isinstance(self.task, UnperturbedTask):
            raise TypeError(f"{type(self.task).__name__} has no labels of unperturbed images")
        made = self.task.unperturbed(images)
        return Views(made.images, len(made.images), made.labels)

    def _total(self, network: HeadPoseNetwork, views: Views, labels: Tensor, execution: Execution) -> Tensor:
        with execution.autocast():
            output = network.learn(views)
        losses = network.pose_losses(output, views, labels) | network.pretext_losses(output)
        return torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum()
