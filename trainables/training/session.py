"""A supervised training run, an epoch at a time: train, evaluate, report.

All randomness of epoch e follows from the seed and e, so a run that is saved and loaded goes on to the same
numbers as one that never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from trainables.data.batches import BatchSource
from trainables.model.network import HeadPoseNetwork, build_network
from trainables.training.metrics import EpochReport, PoseErrors, pose_errors
from trainables.training.trainer import Diverged, Draft, Trainer

if TYPE_CHECKING:
    from trainables.training.config import TrainConfig


class Session:
    """A network in training; `epoch` is the number of epochs completed."""

    def __init__(self, trainer: Trainer, *, validation: BatchSource, angles: Sequence[str]) -> None:
        self.epoch = 0
        self.best_mae_deg, self.best_epoch = float("inf"), 0
        self._best_weights: Mapping[str, Tensor] = MappingProxyType({})
        self._trainer = trainer
        self._validation, self._angles = validation, tuple(angles)

    @property
    def network(self) -> HeadPoseNetwork:
        """The network, with its branches."""
        network: HeadPoseNetwork = self._trainer.network
        return network

    def run_epoch(self, draft: Draft | None = None) -> EpochReport:
        """Train one epoch, evaluate, and return what it came to. Raises `Diverged`.

        `draft` is handed the best weights so far before the training, and those of this epoch before it is
        known how good they are.
        """
        started = time.perf_counter()
        if draft and self.best_epoch:
            draft(self.best_epoch, self._best_weights)
        training = self._trainer.train_epoch(self.epoch)
        if draft:
            draft(self.epoch + 1, self.network.supervised().state_dict())
        errors = self.evaluate(self._validation)
        self.epoch += 1
        if errors.mae_deg < self.best_mae_deg:
            self.best_mae_deg, self.best_epoch = errors.mae_deg, self.epoch
            self._best_weights = MappingProxyType(_copied(self.network.supervised().state_dict()))
        return EpochReport(
            epoch=self.epoch,
            training=training,
            validation=errors,
            best_mae_deg=self.best_mae_deg,
            best_epoch=self.best_epoch,
            epoch_s=time.perf_counter() - started,
        )

    def evaluate(self, source: BatchSource) -> PoseErrors:
        """Return the errors on unperturbed images, without the branches. Raises `Diverged`.

        A source may have more angles than the network was trained on, or fewer: what both have is compared.
        """
        network = self.network.supervised().eval()
        predicted, true = [], []
        with torch.inference_mode(), self._trainer.autocast():
            for batch in source.epoch(seed=0):
                predicted.append(network.head.decode(network(self._trainer.placed(batch.images)).pose_raw))
                true.append(batch.pose_deg)
        poses = torch.cat(predicted).cpu().numpy()
        if not np.isfinite(poses).all():
            raise Diverged(self.epoch + 1)
        truth = torch.cat(true).cpu().numpy()
        common = self._angles[: truth.shape[1]]
        return pose_errors(poses[:, : len(common)], truth[:, : len(common)], common)

    def best_weights(self) -> dict[str, Tensor]:
        """Return the supervised network's weights after the best epoch, on the CPU; empty before one."""
        return dict(self._best_weights)

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state; see `trainables.training.checkpoints.Restorable`."""
        return {
            "epoch": self.epoch,
            "best_mae_deg": self.best_mae_deg,
            "best_epoch": self.best_epoch,
            "best_weights": self._best_weights,
            **self._trainer.state_dict(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state of a session with the same settings.

        Raises `RuntimeError`, `KeyError` or `ValueError` for another session's.
        """
        self._trainer.load_state_dict(state_dict)
        self._best_weights = MappingProxyType(state_dict["best_weights"])
        self.best_mae_deg, self.best_epoch = state_dict["best_mae_deg"], state_dict["best_epoch"]
        self.epoch = state_dict["epoch"]


def build_session(
    config: TrainConfig,
    *,
    train: BatchSource,
    validation: BatchSource,
    angles: Sequence[str],
    device: torch.device,
    trunk: Mapping[str, Tensor] | None = None,
) -> Session:
    """Make the session that a config describes, over loaders of its data. Raises as `Trainer` does.

    `trunk` holds the trunk's initial weights where they are not random.
    """
    task, heads = config.pretext.build(), config.pretext.ssl_heads()
    network = build_network(
        config.network.backbone,
        config.head,
        angles,
        dropout=config.network.dropout,
        seed=config.seed,
        branches=task.branches,
        ssl_heads=heads,
    )
    if trunk is not None:
        network.trunk.load_state_dict(trunk)
    weights = dict.fromkeys(angles, 1.0)
    if heads is not None:
        weights |= dict.fromkeys(task.branches, heads.weight)
    trainer = Trainer(
        network=network,
        task=task,
        weighting=config.weighting.build(weights),
        optimizer=config.optimizer.build,
        schedule=config.schedule.build(config.epochs),
        train=train,
        device=device,
        seed=config.seed,
        ssl_reduction="sum" if heads is None else heads.reduction,
        clip_norm=config.clip_norm,
        precision=config.precision,
    )
    return Session(trainer, validation=validation, angles=angles)


def _copied(weights: dict[str, Any]) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}
