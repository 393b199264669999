"""A supervised training run, one epoch at a time: train, validate, remember the best weights.

All randomness of epoch e follows from the seed and e, so a run that is saved and loaded goes on to the same
numbers as one that never stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torch import Tensor

from trainables.data.batches import BatchSource
from trainables.model.network import HeadPoseNetwork
from trainables.target import Target
from trainables.training.measuring import NonFinitePrediction, predict
from trainables.training.metrics import EpochReport, Predictions, TrainingReport
from trainables.training.trainer import Diverged, Trainer
from trainables.training.validation_loss import ValidationLoss


class Session:
    """A network in training; `epoch` is the number of epochs trained and validated.

    The best epoch is that of the least error, or with `loss` that of the least such loss.
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        validation: BatchSource,
        target: Target,
        loss: ValidationLoss | None = None,
    ) -> None:
        self.epoch = 0
        self._loss, self._least_loss = loss, float("inf")
        self.best_value, self.best_epoch = target.main.value(float("inf")), 0
        self._best_weights: Mapping[str, Tensor] = MappingProxyType({})
        self._trainer = trainer
        self._validation, self._target = validation, target
        self._predictions: Predictions | None = None

    @property
    def network(self) -> HeadPoseNetwork:
        """The network, with its branches."""
        return self._trainer.network

    def run_epoch(self) -> EpochReport:
        """Train and validate the next epoch. Raises `Diverged`."""
        return self.validate(self.train_epoch())

    def train_epoch(self) -> TrainingReport:
        """Train the next epoch, which is complete after `validate`. Raises `Diverged`."""
        return self._trainer.train_epoch(self.epoch)

    def validate(self, training: TrainingReport) -> EpochReport:
        """Measure the epoch just trained, and keep its weights if they are the best. Raises `Diverged`."""
        started = time.perf_counter()
        self._predictions = self.predict(self._validation)
        measures, main = self._predictions.measures(), self._target.main
        loss = self._validation_loss()
        self.epoch += 1
        better = main.cost(measures[main.name]) < main.cost(self.best_value)
        if loss is not None:
            better = loss < self._least_loss
            self._least_loss = min(loss, self._least_loss)
        if better:
            self.best_value, self.best_epoch = measures[main.name], self.epoch
            self._best_weights = MappingProxyType(_copied(self.weights()))
        return EpochReport(
            epoch=self.epoch,
            training=training,
            validation=measures,
            main=main,
            best_value=self.best_value,
            best_epoch=self.best_epoch,
            loss=loss,
            epoch_s=training.train_s + training.norms_s + time.perf_counter() - started,
        )

    def _validation_loss(self) -> float | None:
        """Return the loss on the validation images where it decides. Raises `Diverged`."""
        if self._loss is None:
            return None
        trainer, labels = self._trainer, len(self._target.labels)
        loss = self._loss.of(trainer.with_branches, self._validation, labels, trainer.execution)
        if not math.isfinite(loss):
            raise Diverged(self.epoch + 1)
        return loss

    def evaluate(self, source: BatchSource) -> dict[str, float]:
        """Return the target's metrics on unperturbed images, without the branches. Raises `Diverged`."""
        return self.predict(source).measures()

    def predict(self, source: BatchSource) -> Predictions:
        """Return the predictions of unperturbed images, by the network that is kept. Raises `Diverged`."""
        try:
            return predict(self._trainer.measured, source, self._target, self._trainer.execution)
        except NonFinitePrediction:
            raise Diverged(self.epoch + 1) from None

    def validation_predictions(self) -> Predictions:
        """Return the predictions of the validation images after the newest epoch."""
        return self._predictions or self.predict(self._validation)

    def weights(self) -> dict[str, Tensor]:
        """Return the weights that are measured, averaged ones included: training changes them in place."""
        return self._trainer.measured.state_dict()

    def best_weights(self) -> dict[str, Tensor]:
        """Return the supervised network's weights after the best epoch, on the CPU; empty before one."""
        return dict(self._best_weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state; see `trainables.training.checkpoints.Restorable`."""
        return {
            "epoch": self.epoch,
            "best_value": self.best_value,
            "best_epoch": self.best_epoch,
            "best_weights": self._best_weights,
            **({} if self._loss is None else {"least_loss": self._least_loss}),
            **self._trainer.state_dict(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state of a session with the same settings.

        Raises `RuntimeError`, `KeyError` or `ValueError` for a state of other settings.
        """
        self._trainer.load_state_dict(state_dict)
        if self._loss is not None:
            self._least_loss = state_dict["least_loss"]
        self._best_weights = MappingProxyType(state_dict["best_weights"])
        older = "best_mae_deg"  # as checkpoints had it while a head pose was all there was
        self.best_value = state_dict["best_value" if older not in state_dict else older]
        self.best_epoch = state_dict["best_epoch"]
        self.epoch = state_dict["epoch"]
        self._predictions = None


def _copied(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}
