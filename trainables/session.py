"""A training run, an epoch at a time: data -> pretext task -> network -> losses -> step -> report.

SL is HMTL with the pretext task `none`; there is no other loop. All randomness of epoch e follows from the
seed and e, so a run that is saved and loaded goes on to the same numbers as one that never stopped.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.batches import Batch, BatchSource
from trainables.faults import BadInput
from trainables.losses import RegionReduction, region_cross_entropy
from trainables.metrics import EpochReport, PoseErrors, pose_errors
from trainables.network import HeadPoseNetwork, build_network
from trainables.pretext.task import PretextTask
from trainables.schedules.schedule import Schedule
from trainables.seeding import epoch_seeds, torch_seeded
from trainables.totals import Totals
from trainables.weighting.weighting import Weighting

if TYPE_CHECKING:
    from trainables.config import TrainConfig

Precision = Literal["auto", "fp32", "mixed"]

FINITE_CHECK_STEPS = 50  # each check waits for the GPU


class Diverged(Exception):
    """A loss or a prediction is no longer finite; the run cannot go on."""

    def __init__(self, epoch: int) -> None:
        super().__init__(epoch)
        self.epoch = epoch

    def __str__(self) -> str:
        return f"diverged at epoch {self.epoch}"


class Session:
    """A network in training; `epoch` is the number of epochs completed.

    `optimizer` makes the optimizer of the parameters that it is given. The precision `mixed` is fp16 with
    loss scaling and needs a GPU; `auto` is `mixed` on a GPU and `fp32` on a CPU. Raises `BadInput` for
    `mixed` on a CPU.
    """

    def __init__(
        self,
        *,
        network: HeadPoseNetwork,
        task: PretextTask,
        weighting: Weighting,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        schedule: Schedule,
        train: BatchSource,
        validation: BatchSource,
        angles: Sequence[str],
        device: torch.device,
        seed: int,
        ssl_reduction: RegionReduction = "sum",
        clip_norm: float | None = None,
        precision: Precision = "auto",
    ) -> None:
        on_gpu = device.type == "cuda"
        if precision == "mixed" and not on_gpu:
            raise BadInput("precision: 'mixed' needs a GPU; 'auto' takes it where there is one")
        self.epoch = 0
        self.best_mae_deg, self.best_epoch = float("inf"), 0
        self._best_weights: dict[str, Tensor] = {}
        self._layout = torch.channels_last if on_gpu else torch.contiguous_format
        self.network = network.to(device=device, memory_format=self._layout)  # type: ignore[call-overload]
        self._task, self._weighting, self._schedule = task, weighting, schedule
        self._parameters = [*network.parameters(), *weighting.parameters()]
        self._optimizer = optimizer(self._parameters)
        self._base_rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._train, self._validation = train, validation
        self._angles, self._device, self._seed = tuple(angles), device, seed
        self._ssl_reduction: RegionReduction = ssl_reduction
        self._clip_norm = clip_norm
        self._mixed = on_gpu and precision != "fp32"
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._mixed)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(device)

    def run_epoch(self) -> EpochReport:
        """Train one epoch, evaluate, and return what it came to. Raises `Diverged`."""
        data_seed, pretext_seed, torch_seed = epoch_seeds(self._seed, self.epoch)
        rate = self._schedule.factor(self.epoch)
        for group, base in zip(self._optimizer.param_groups, self._base_rates, strict=True):
            group["lr"] = base * rate
        started = time.perf_counter()
        with torch_seeded(torch_seed, self._device):
            totals = self._train_epoch(data_seed, pretext_seed)
        train_s = time.perf_counter() - started
        errors = self.evaluate(self._validation)
        self.epoch += 1
        if errors.mae_deg < self.best_mae_deg:
            self.best_mae_deg, self.best_epoch = errors.mae_deg, self.epoch
            self._best_weights = _copied(self.network.supervised().state_dict())
        return EpochReport(
            epoch=self.epoch,
            losses=totals.losses(),
            pretext=totals.scores(self._task.branches),
            validation=errors,
            best_mae_deg=self.best_mae_deg,
            best_epoch=self.best_epoch,
            learning_rate=float(self._optimizer.param_groups[0]["lr"]),
            images_per_s=totals.images / train_s,
            data_wait_share=self._train.wait_s / train_s,
            peak_memory_mib=_peak_memory_mib(self._device),
        )

    def evaluate(self, source: BatchSource) -> PoseErrors:
        """Return the errors on unperturbed images, without the branches. Raises `Diverged`.

        A source may have more angles than the network was trained on; the network's come first.
        """
        network = self.network.supervised().eval()
        predicted, true = [], []
        with torch.inference_mode(), self._autocast():
            for batch in source.epoch(seed=0):
                images = batch.images.to(self._device).contiguous(memory_format=self._layout)
                predicted.append(network.head.decode(network(images).pose_raw))
                true.append(batch.pose_deg)
        poses = torch.cat(predicted).cpu().numpy()
        if not np.isfinite(poses).all():
            raise Diverged(self.epoch + 1)
        truth = torch.cat(true)[:, : len(self._angles)].cpu().numpy()
        return pose_errors(poses, truth, self._angles)

    def best_weights(self) -> dict[str, Tensor]:
        """Return the supervised network's weights after the best epoch, on the CPU; empty before one."""
        return dict(self._best_weights)

    def state(self) -> dict[str, Any]:
        """Return the whole state: tensors, which change when training goes on, and plain values."""
        return {
            "epoch": self.epoch,
            "best_mae_deg": self.best_mae_deg,
            "best_epoch": self.best_epoch,
            "best_weights": self._best_weights,
            "network": self.network.state_dict(),
            "weighting": self._weighting.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def take(self, state: Mapping[str, Any]) -> None:
        """Take over the state of a session with the same settings.

        Raises `RuntimeError`, `KeyError` or `ValueError` for another session's.
        """
        self.network.load_state_dict(state["network"])
        self._weighting.load_state_dict(state["weighting"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._scaler.load_state_dict(state["scaler"])
        self._best_weights = state["best_weights"]
        self.best_mae_deg, self.best_epoch = state["best_mae_deg"], state["best_epoch"]
        self.epoch = state["epoch"]

    def _train_epoch(self, data_seed: int, pretext_seed: int) -> Totals:
        self.network.train()
        generator = torch.Generator(self._device).manual_seed(pretext_seed)
        totals = Totals()
        for batch in self._train.epoch(data_seed):
            self._step(batch, generator, totals)
            if totals.steps % FINITE_CHECK_STEPS == 0 and not totals.finite():
                raise Diverged(self.epoch + 1)
        if not totals.finite():
            raise Diverged(self.epoch + 1)
        return totals

    def _step(self, batch: Batch, generator: torch.Generator, totals: Totals) -> None:
        perturbed = self._task.perturb(batch.images.to(self._device), generator)
        pose_deg = batch.pose_deg.to(self._device)
        with self._autocast():
            output = self.network(perturbed.images.contiguous(memory_format=self._layout))
        losses = self.network.head.losses(output.pose_raw, pose_deg)
        for name, logits in output.pretext.items():
            losses[name] = region_cross_entropy(logits, perturbed.labels[name], self._ssl_reduction)
        total = self._weighting.total(losses)
        self._optimizer.zero_grad()
        torch.autograd.backward(self._scaler.scale(total))
        if self._clip_norm is not None:
            self._scaler.unscale_(self._optimizer)
            nn.utils.clip_grad_norm_(self._parameters, self._clip_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        hits = {
            name: (logits.argmax(dim=-1) == perturbed.labels[name]).float().mean()
            for name, logits in output.pretext.items()
        }
        totals.add(len(pose_deg), {"total": total, **losses}, hits)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, dtype=torch.float16, enabled=self._mixed)


def session_of(
    config: TrainConfig,
    *,
    train: BatchSource,
    validation: BatchSource,
    angles: Sequence[str],
    device: torch.device,
) -> Session:
    """Make the session that a config describes, over loaders of its data. Raises as `Session` does."""
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
    weights = dict.fromkeys(angles, 1.0)
    if heads is not None:
        weights |= dict.fromkeys(task.branches, heads.weight)
    return Session(
        network=network,
        task=task,
        weighting=config.weighting.build(weights),
        optimizer=config.optimizer.build,
        schedule=config.schedule.build(config.epochs),
        train=train,
        validation=validation,
        angles=angles,
        device=device,
        seed=config.seed,
        ssl_reduction="sum" if heads is None else heads.reduction,
        clip_norm=config.clip_norm,
        precision=config.precision,
    )


def _copied(weights: dict[str, Any]) -> dict[str, Tensor]:
    return {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}


def _peak_memory_mib(device: torch.device) -> float:
    """Return the session's peak on a GPU; on a CPU that of the process since it began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
