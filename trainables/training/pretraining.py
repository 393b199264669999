"""A pretraining run, one epoch at a time: a pretext task in place of the pose head trains the trunk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

import torch
from torch import Tensor

from trainables.data.batches import BatchSource
from trainables.losses.weighting import LossWeight
from trainables.model.inits import Pretraining
from trainables.model.network import build_pretraining_network
from trainables.pretext.views.alone import AloneView
from trainables.training.execution import Execution
from trainables.training.loss_weights import build_weighting, loss_weights
from trainables.training.metrics import TrainingReport
from trainables.training.trainer import Trainer


class Pretrainer:
    """A trunk in pretraining; `epoch` is the number of epochs trained."""

    def __init__(self, trainer: Trainer) -> None:
        self.epoch = 0
        self._trainer = trainer

    def run_epoch(self) -> TrainingReport:
        """Train the next epoch; nothing is validated. Raises `Diverged`."""
        report = self._trainer.train_epoch(self.epoch)
        self.epoch += 1
        return report

    def trunk(self) -> dict[str, Tensor]:
        """Return the trunk's weights on the CPU."""
        weights = self._trainer.network.trunk.state_dict()
        return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state; see `trainables.training.checkpoints.Restorable`."""
        return {"epoch": self.epoch, **self._trainer.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state of a run with the same settings. Raises as `Trainer.load_state_dict` does."""
        self._trainer.load_state_dict(state_dict)
        self.epoch = state_dict["epoch"]


def build_pretrainer(pretraining: Pretraining, *, train: BatchSource, device: torch.device) -> Pretrainer:
    """Build the run of a pretraining over a source of its images."""
    settings = pretraining.settings
    task, seed = settings.pretext.build(), settings.seed
    assert isinstance(seed, int)  # noqa: S101  ours: the trial's was filled in
    network = build_pretraining_network(pretraining.backbone, task.branches, seed=seed)

    def weight_of(name: str) -> LossWeight:
        return _never_off(settings.pretext.loss_weight(name, settings.epochs))

    weights = loss_weights(network, task.branches, weight_of)
    trainer = Trainer(
        network=network,
        task=task,
        view=AloneView(),
        task_weight=_never_off(settings.pretext.task_weight(settings.epochs)),
        weighting=build_weighting(settings.weighting, weights),
        optimizer=settings.optimizer.build,
        schedule=settings.schedule.build(settings.epochs),
        train=train,
        execution=Execution.of(device, "auto"),
        seed=seed,
        epochs=settings.epochs,
    )
    return Pretrainer(trainer)


def _never_off(weight: LossWeight) -> LossWeight:
    return replace(weight, end=inf)
