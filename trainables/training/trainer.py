"""The training loop, an epoch at a time: data -> pretext task -> network -> losses -> step.

There is no other loop: SL is HMTL without a pretext task, a pretraining is HMTL without a supervised head.
All randomness of epoch e follows from the seed and e.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.base.errors import InputError
from trainables.data.batches import Batch, BatchSource
from trainables.losses.kinds import RegionReduction
from trainables.losses.losses import region_cross_entropy
from trainables.losses.weighting.weighting import Weighting
from trainables.model.network import HeadPoseNetwork
from trainables.optim.schedules.schedule import Schedule
from trainables.pretext.task import PretextTask
from trainables.training.meters import EpochMeter
from trainables.training.metrics import TrainingReport
from trainables.training.seeding import epoch_seeds, torch_seeded

Precision = Literal["auto", "fp32", "mixed"]

Draft = Callable[[int, Mapping[str, Tensor]], object]
"""Called with an epoch and the weights after it, which stay as they are until the next epoch."""

FINITE_CHECK_STEPS = 50  # each check waits for the GPU


class Diverged(Exception):
    """A loss or a prediction is no longer finite; the run cannot go on."""

    def __init__(self, epoch: int) -> None:
        super().__init__(epoch)
        self.epoch = epoch

    def __str__(self) -> str:
        return f"diverged at epoch {self.epoch}"


class Trainer:
    """A network with what changes it.

    `optimizer` makes the optimizer of the parameters that it is given. The precision `mixed` is fp16 with
    loss scaling and needs a GPU; `auto` is `mixed` on a GPU and `fp32` on a CPU. Raises `InputError` for
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
        device: torch.device,
        seed: int,
        ssl_reduction: RegionReduction = "sum",
        clip_norm: float | None = None,
        precision: Precision = "auto",
    ) -> None:
        on_gpu = device.type == "cuda"
        if precision == "mixed" and not on_gpu:
            raise InputError("precision: 'mixed' needs a GPU; 'auto' takes it where there is one")
        self.device = device
        self._layout = torch.channels_last if on_gpu else torch.contiguous_format
        self.network = network.to(device=device, memory_format=self._layout)  # type: ignore[call-overload]
        self._task, self._weighting, self._schedule = task, weighting, schedule
        self._parameters = [*network.parameters(), *weighting.parameters()]
        self._optimizer = optimizer(self._parameters)
        self._base_rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._train, self._seed = train, seed
        self._ssl_reduction: RegionReduction = ssl_reduction
        self._clip_norm = clip_norm
        self._mixed = on_gpu and precision != "fp32"
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._mixed)
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(device)

    def train_epoch(self, completed: int) -> TrainingReport:
        """Train the epoch after `completed` ones and return what it came to. Raises `Diverged`."""
        data_seed, pretext_seed, torch_seed = epoch_seeds(self._seed, completed)
        rate = self._schedule.factor(completed)
        for group, base in zip(self._optimizer.param_groups, self._base_rates, strict=True):
            group["lr"] = base * rate
        started = time.perf_counter()
        with torch_seeded(torch_seed, self.device):
            meter = self._steps(data_seed, pretext_seed, epoch=completed + 1)
        train_s = time.perf_counter() - started
        return TrainingReport(
            losses=meter.losses(),
            pretext=meter.scores(self._task.branches),
            learning_rate=float(self._optimizer.param_groups[0]["lr"]),
            images_per_s=meter.images / train_s,
            data_wait_share=self._train.wait_s / train_s,
            peak_memory_mib=_peak_memory_mib(self.device),
        )

    def placed(self, images: Tensor) -> Tensor:
        """Return images [B, 3, H, W] as the network takes them: on its device, in its memory layout."""
        return images.to(self.device).contiguous(memory_format=self._layout)

    def autocast(self) -> torch.autocast:
        """Return the context in which the network computes."""
        return torch.autocast(self.device.type, dtype=torch.float16, enabled=self._mixed)

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: tensors, which change when training goes on, and plain values."""
        return {
            "network": self.network.state_dict(),
            "weighting": self._weighting.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state of a trainer with the same settings.

        Raises `RuntimeError`, `KeyError` or `ValueError` for another one's.
        """
        self.network.load_state_dict(state_dict["network"])
        self._weighting.load_state_dict(state_dict["weighting"])
        self._optimizer.load_state_dict(state_dict["optimizer"])
        self._scaler.load_state_dict(state_dict["scaler"])

    def _steps(self, data_seed: int, pretext_seed: int, *, epoch: int) -> EpochMeter:
        self.network.train()
        generator = torch.Generator(self.device).manual_seed(pretext_seed)
        meter = EpochMeter()
        for batch in self._train.epoch(data_seed):
            self._step(batch, generator, meter)
            if meter.steps % FINITE_CHECK_STEPS == 0 and not meter.finite():
                raise Diverged(epoch)
        if not meter.finite():
            raise Diverged(epoch)
        return meter

    def _step(self, batch: Batch, generator: torch.Generator, meter: EpochMeter) -> None:
        perturbed = self._task.perturb(batch.images.to(self.device), generator)
        pose_deg = batch.pose_deg.to(self.device)
        with self.autocast():
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
        meter.add(len(pose_deg), {"total": total, **losses}, hits)


def _peak_memory_mib(device: torch.device) -> float:
    """Return the run's peak on a GPU; on a CPU that of the process since it began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
