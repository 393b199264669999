"""The training loop, one epoch per call: data -> pretext task -> network -> losses -> optimizer step.

It is the only one: SL is HMTL without a pretext task, a pretraining is HMTL without a supervised head. All
randomness of epoch e follows from the seed and e.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.data.batches import Batch, BatchSource
from trainables.data.unlabelled import Unlabelled
from trainables.losses.weighting.loss_weight import LossWeight
from trainables.losses.weighting.weighting import GradientWeighting, Weighting
from trainables.model.network import HeadPoseNetwork
from trainables.optim.averages import Average
from trainables.optim.lookahead import Lookahead
from trainables.optim.schedules.schedule import Schedule
from trainables.pretext.branch import BranchPlan
from trainables.pretext.task import PretextTask
from trainables.pretext.views import View, Views
from trainables.training.averaged_network import AveragedNetwork
from trainables.training.execution import Execution
from trainables.training.loss_scale import FIRST_STEPS
from trainables.training.meters import EpochMeter
from trainables.training.metrics import TrainingReport
from trainables.training.seeding import epoch_seeds, torch_seeded
from trainables.training.step_graph import CudaRecorder, StepGraph
from trainables.training.training_step import TrainingStep

FINITE_CHECK_STEPS = 50  # each check waits for the GPU


class Diverged(Exception):
    """A loss or a prediction is no longer finite; the run cannot go on."""

    def __init__(self, epoch: int) -> None:
        super().__init__(epoch)
        self.epoch = epoch

    def __str__(self) -> str:
        return f"diverged at epoch {self.epoch}"


class Trainer:
    """A network with all that trains it.

    `optimizer` makes the optimizer of the parameters that it is given, `lookahead` the slow weights of all
    that it trains. Where `execution` computes in fp16, the loss is scaled so that gradients do not vanish.
    Where there is an `average`, a mean of the weights is what is measured and kept. From `unlabelled` images
    the task alone learns, while it is on. `compiled` is as in `TrainingStep`; with `cuda_graph` steps on a
    GPU are recorded and repeated, see `StepGraph`.
    """

    def __init__(
        self,
        *,
        network: HeadPoseNetwork,
        task: PretextTask,
        view: View,
        task_weight: LossWeight,
        weighting: Weighting | GradientWeighting,
        optimizer: Callable[[Iterable[Any]], Optimizer],
        schedule: Schedule,
        train: BatchSource,
        execution: Execution,
        seed: int,
        epochs: int,
        clip_norm: float | None = None,
        lookahead: Callable[[Iterable[Tensor]], Lookahead] | None = None,
        average: Average | None = None,
        unlabelled: Unlabelled | None = None,
        compiled: bool = False,
        cuda_graph: bool = False,
    ) -> None:
        self.execution = execution
        self.network = execution.place_network(network)
        self._task, self._view, self._task_weight = task, view, task_weight
        self._weighting, self._schedule = weighting, schedule
        weighting.to(execution.device)
        parameters = [each for each in network.parameters() if each.requires_grad]  # no teacher's
        self._optimizer = optimizer(_groups(parameters, weighting))
        self._base_rates = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._train, self._unlabelled = train, unlabelled
        self._seed, self._epochs = seed, epochs
        self._lookahead = None if lookahead is None else lookahead(_stepped(self._optimizer))
        self._averaged = None if average is None else AveragedNetwork(network.supervised(), average)
        self._step = TrainingStep(
            network, weighting, self._optimizer, execution, clip_norm=clip_norm, compiled=compiled
        )
        self._scale = self._step.scale
        on_gpu = execution.device.type == "cuda"
        self._recorder = CudaRecorder(execution.device, self._optimizer) if cuda_graph and on_gpu else None
        if execution.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(execution.device)

    def train_epoch(self, completed: int) -> TrainingReport:
        """Train the epoch after `completed` ones. Raises `Diverged`."""
        device = self.execution.device
        data_seed, pretext_seed, torch_seed = epoch_seeds(self._seed, completed)
        rate = self._schedule.factor(completed)
        for group, base in zip(self._optimizer.param_groups, self._base_rates, strict=True):
            group["lr"] = base * rate
        started = time.perf_counter()
        with torch_seeded(torch_seed, device):
            meter = self._steps(data_seed, pretext_seed, completed)
        trained = time.perf_counter()
        train_s, wait_s = trained - started, self._wait_s(completed)
        if self._averaged is not None and self._averaged.on(completed):
            self._averaged.estimate_norms(self._train.epoch(data_seed), self.execution, torch_seed)
        return TrainingReport(
            losses=meter.losses(),
            weights=self._weighting.learned(),
            pretext=_beside_chance(meter.measures(), self._task.branches),
            learning_rate=float(self._optimizer.param_groups[0]["lr"]),
            train_s=train_s,
            norms_s=time.perf_counter() - trained,
            skipped_steps=meter.steps - self._scale.made() if self._scale.enabled else None,
            images=meter.images,
            images_per_s=meter.images / train_s,
            data_wait_share=wait_s / train_s,
            peak_memory_mib=_peak_memory_mib(device),
        )

    @property
    def measured(self) -> HeadPoseNetwork:
        """The supervised network to be measured and kept: the averaged one once there is one."""
        averaged = self._averaged
        return self.network.supervised() if averaged is None or not averaged.taken else averaged.network

    @property
    def with_branches(self) -> HeadPoseNetwork:
        """The network to be measured with its branches; the averaged one has none."""
        return self.network if self.network.branch_stage else self.measured

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: tensors, which change when training goes on, and plain values."""
        averaged = {} if self._averaged is None else {"averaged": self._averaged.state_dict()}
        lookahead = {} if self._lookahead is None else {"lookahead": self._lookahead.state_dict()}
        return (averaged | lookahead) | {
            "network": self.network.state_dict(),
            "weighting": self._weighting.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scale.scaler.state_dict(),
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state of a trainer with the same settings.

        A run begun in fp32, on a CPU, may go on in mixed precision on a GPU with a new loss scale.
        Raises `RuntimeError`, `KeyError` or `ValueError` for a state of other settings; part of it may have
        been taken over then.
        """
        self.network.load_state_dict(state_dict["network"])
        self._weighting.load_state_dict(state_dict["weighting"])
        self._optimizer.load_state_dict(state_dict["optimizer"])
        if self._lookahead is not None:
            self._lookahead.load_state_dict(state_dict["lookahead"])
        if self._averaged is not None:
            self._averaged.load_state_dict(state_dict["averaged"])
        if scaler := state_dict["scaler"]:  # empty where the run computed in fp32
            self._scale.scaler.load_state_dict(scaler)

    def _steps(self, data_seed: int, pretext_seed: int, completed: int) -> EpochMeter:
        self.network.train()
        generator = torch.Generator(self.execution.device).manual_seed(pretext_seed)
        meter, step = EpochMeter(), partial(self._step, completed=completed)
        graph = None if self._recorder is None else StepGraph(step, self._recorder)
        for batch, unlabelled in zip(  # the labelled ones end it
            self._train.epoch(data_seed), self._unlabelled_images(data_seed, completed), strict=False
        ):
            views, labels = self._views(batch, unlabelled, generator, completed)
            if graph is not None:
                learned = graph(views, labels)
            else:
                learned = step(views, labels, first=completed == 0 and meter.steps < FIRST_STEPS)
            meter.add(len(labels), learned.losses, self.network.pretext_measures(learned.output))
            self._after_step(completed)
            if meter.steps % FINITE_CHECK_STEPS == 0 and not meter.finite():
                raise Diverged(completed + 1)
        if not meter.finite():
            raise Diverged(completed + 1)
        return meter

    def _unlabelled_images(self, data_seed: int, completed: int) -> Iterator[Tensor | None]:
        """Return the images [U, 3, H, W] without labels of step after step; None where there are none."""
        if self._unlabelled is None or not self._task_weight.on(completed):
            return repeat(None)
        return self._unlabelled.epoch(data_seed)

    def _wait_s(self, completed: int) -> float:
        """Return the seconds waited for images in the epoch after `completed`."""
        beside = self._unlabelled if self._task_weight.on(completed) else None
        return self._train.wait_s + (beside.wait_s if beside else 0.0)

    def _views(
        self, batch: Batch, unlabelled: Tensor | None, generator: torch.Generator, completed: int
    ) -> tuple[Views, Tensor]:
        """Return what a step forwards, and the labels [B, L]; where the task is off nothing is perturbed."""
        execution = self.execution
        images, labels = batch.images.to(execution.device), batch.labels.to(execution.device)
        on = self._task_weight.on(completed)
        if unlabelled is not None:
            unlabelled = unlabelled.to(execution.device)
        views = self._view.arrange(self._task, images, generator, unlabelled) if on else Views(images)
        return views.placed(execution.place_images), labels

    def _after_step(self, completed: int) -> None:
        if self._lookahead is not None:
            self._lookahead.after_step()
        self.network.after_step(completed / self._epochs)
        if self._averaged is not None and self._averaged.on(completed):
            self._averaged.take()


def _groups(parameters: list[nn.Parameter], weighting: Weighting | GradientWeighting) -> list[Any]:
    """Return what the optimizer is made of: a weighting's own parameters may be trained in another way."""
    own = list(weighting.parameters())
    if not own:
        return parameters
    rates = {key: value for key, value in asdict(weighting.rates).items() if value is not None}
    return [{"params": parameters}, {"params": own, **rates}]


def _stepped(optimizer: Optimizer) -> list[Tensor]:
    """Return all that an optimizer trains."""
    return [each for group in optimizer.param_groups for each in group["params"]]


def _beside_chance(measures: Mapping[str, float], branches: Sequence[BranchPlan]) -> dict[str, float]:
    """Return measures, and after each what it is by chance, where that is known."""
    named: dict[str, float] = {}
    for branch in branches:
        for name, measure in branch.measures.items():
            if name in measures:  # nothing is measured while the task is off
                named[name] = measures[name]
                if measure.chance is not None:
                    named[f"{branch.name}_chance"] = measure.chance
    return named


def _peak_memory_mib(device: torch.device) -> float:
    """Return the peak of the run on a GPU, of the process since its start on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
