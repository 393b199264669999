"""A study as plain frozen values: its trials, their metrics, their pretrainings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from hpsearch.study.folders import root_of
from hpsearch.study.inputs import Inputs
from hpsearch.study.origin import Origin
from hpsearch.study.shared_paths import shared_path
from hpsearch.study.spec import StudySpec
from trainables.target.metric import Metric
from trainables.training.config import TrainConfig
from trainables.training.metric_names import EPOCH_S


class TrialState(StrEnum):
    """How a trial stands. Only COMPLETE trials trained their full budget and may be the best.

    A FROZEN trial waits at a rung with its checkpoint and may be thawed; where the search ends before that it
    is PRUNED. An INTERRUPTED trial was RUNNING when its launch ended, and goes on with the next one.
    """

    RUNNING = "running"
    COMPLETE = "complete"
    FROZEN = "frozen"
    PRUNED = "pruned"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def stopped(self) -> bool:
        """Whether others were better at a rung: such a trial has not trained its full budget."""
        return self in (TrialState.FROZEN, TrialState.PRUNED)


class StudyState(StrEnum):
    """How a study stands: a process runs it, its last launch did all it was asked to, or did not."""

    RUNNING = "running"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


_LAUNCH_KEYS = {"in_parallel": "side_by_side"}
"""The fields of a launch that are called otherwise in files."""


@dataclass(frozen=True)
class LaunchRecord:
    """The last launch of a study: its budget as it was launched (None: no such limit), and when it ran.

    Times are Unix seconds; `ended_s` is None until it has done all of it.
    """

    trials: int | None
    epochs: int | None
    hours: float | None
    in_parallel: int
    began_s: float
    ended_s: float | None = None

    @property
    def deadline_s(self) -> float | None:
        """When no further trial starts."""
        return None if self.hours is None else self.began_s + self.hours * 3600

    def written(self) -> dict[str, Any]:
        """Return the value for a file."""
        return {_LAUNCH_KEYS.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> LaunchRecord:
        """Return the record of a value in a file; raises `TypeError` where it is none."""
        names = {key: name for name, key in _LAUNCH_KEYS.items()}
        return cls(**{names.get(key, key): value for key, value in written.items()})


@dataclass(frozen=True)
class Placement:
    """Where a trial ran: host name, device (`cpu` or the GPU's name) and its shares."""

    host: str
    device: str
    cpus: float
    gpus: float

    def written(self) -> dict[str, Any]:
        """Return the value for a file."""
        return asdict(self)


@dataclass(frozen=True)
class Stint:
    """A stretch of a trial on one worker, from Unix second to Unix second.

    `ended_s` is when the trial was frozen; None where the stint ended with the trial, goes on, or was cut off
    with its launch. `epochs_done` were trained before it.
    """

    began_s: float
    epochs_done: int
    host: str
    ended_s: float | None = None

    def written(self) -> list[Any]:
        """Return the value for a file."""
        return [self.began_s, self.epochs_done, self.host, self.ended_s]


@dataclass(frozen=True)
class Provenance:
    """What is true of every trial of a study and does not follow from its search space."""

    training_mean: float
    """The objective of always predicting the mean of the training labels."""
    datasets: Mapping[str, str]
    """Each data role (`train`, `validation`) -> `dataset name @ content hash`."""
    code_version: str
    plugins: Mapping[str, Origin] = field(default_factory=dict)
    """Each row that a plug-in added to the study, such as `pretext blanking` -> its package and versions."""
    inputs: Inputs = field(default_factory=Inputs)
    """What the datasets, and files of initial weights, held when the study first saw them."""

    @property
    def plugin_texts(self) -> dict[str, str]:
        """The plug-ins in words, such as `pretext blanking` -> `own-tasks 1.2, 1.3`."""
        return {row: str(origin) for row, origin in self.plugins.items()}

    def written(self) -> dict[str, Any]:
        """Return the value for a file, in which the training mean has the name of the first version."""
        values = asdict(self) | {"plugins": self.plugin_texts}
        return {"baseline": values.pop("training_mean"), **values}

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Provenance:
        """Return the value of a file."""
        return cls(
            written["baseline"],
            written["datasets"],
            written["code_version"],
            {row: Origin.read(text) for row, text in written.get("plugins", {}).items()},
            Inputs.read(written.get("inputs", {})),
        )

    def after(self, before: Provenance) -> Provenance:
        """Return the provenance of a study that goes on: its trials ran with the plug-ins of both."""
        now = {row: origin.after(before.plugins.get(row)) for row, origin in self.plugins.items()}
        return replace(self, plugins={**before.plugins, **now})


@dataclass(frozen=True)
class TrialRecord:
    """One trial. Times are Unix seconds.

    `params` are the values of the holes under their dotted paths, `config` is the whole training config, and
    `epochs[i]` are the metrics after epoch i + 1. `objective` is the value that the search optimises, None
    until the trial has one. `reason` says why it ended, in words.
    """

    number: int
    state: TrialState
    params: Mapping[str, Any]
    config: TrainConfig
    epochs: tuple[Mapping[str, float], ...]
    objective: float | None
    reason: str
    started_s: float
    ended_s: float | None
    placement: Placement | None
    folder: Path
    """Holds the trial's checkpoints and `best.pt`, the weights of its best epoch."""
    pretrained: str | None = None
    """The folder below `ROOT/pretrained` that its trunk started from; None: random weights."""
    confirms: int | None = None
    """The number of the trial that it repeats with another seed; None for the search's own trials."""
    confirm_plan: tuple[int, int] | None = None
    """Of a confirmation: how many seeds there were to be before the first look, and at most, when it began.
    """
    stints: tuple[Stint, ...] = ()
    """When it was on a worker; empty where an older version trained it, which did not keep that."""
    costs: Mapping[str, float] = field(default_factory=dict)
    """What its network costs, `cost/latency_ms` and the like: of the costs that the search looks at."""
    test: Mapping[str, float] = field(default_factory=dict)
    """Errors on the test sets with the weights of the best epoch: `test/NAME/mae_deg` and the like."""

    @cached_property
    def design(self) -> str:
        """What trials have in common that differ in their seed alone."""
        return self.config.model_dump_json(exclude={"seed"})

    @cached_property
    def shared_params(self) -> Mapping[str, Any]:
        """The searched values under their shared paths."""
        return {
            shared_path(self.config, path.split(".")) or path: value for path, value in self.params.items()
        }

    @property
    def trained_s(self) -> float:
        """Seconds of training and validation, those that it was frozen left out."""
        return sum(metrics.get(EPOCH_S, 0.0) for metrics in self.epochs)


@dataclass(frozen=True)
class PretrainingRecord:
    """One pretraining, which any number of trials may start from. Times are Unix seconds.

    `name` is its folder below `ROOT/pretrained` and ends in its key, `title` says what it learns, `config` is
    all that shapes it; `epochs[i]` are the metrics after epoch i + 1, first seen at `seen_s[i]`.
    """

    name: str
    title: str
    state: TrialState
    config: Mapping[str, Any]
    epochs: tuple[Mapping[str, float], ...]
    seen_s: tuple[float, ...]
    reason: str
    started_s: float
    ended_s: float | None
    placement: Placement | None


@dataclass(frozen=True)
class StudyRecord:
    """A study: its trials in the order they were asked, and what a comparison needs to know about them."""

    name: str
    folder: Path
    objective: Metric
    """The metric that trials are compared by, such as `validation/mae_deg`."""
    provenance: Provenance
    trials: tuple[TrialRecord, ...]
    spec: StudySpec
    """The search space, as it was launched last."""
    launch: LaunchRecord | None = None
    """The last launch; None where it ended before its first trial, or was one of an older version."""
    latency_machine: str = ""
    """The CPU on which latencies were measured; empty where none were."""

    @property
    def root(self) -> Path:
        """The root that the study lies below, with datasets and pretrained weights."""
        return root_of(self.folder)

    @property
    def equal_within(self) -> float | None:
        """Designs whose objectives differ by less than this count as equal; None: none do."""
        confirm = self.spec.search.confirm
        return None if confirm is None else confirm.equal_within

    @cached_property
    def searched(self) -> tuple[TrialRecord, ...]:
        """The search's own trials, without those that repeat one with another seed."""
        return tuple(trial for trial in self.trials if trial.confirms is None)

    def designs(self) -> dict[str, tuple[TrialRecord, ...]]:
        """Return the trials of each design, in the order they were asked."""
        return self._designs

    @cached_property
    def _designs(self) -> dict[str, tuple[TrialRecord, ...]]:
        found: dict[str, list[TrialRecord]] = {}
        for trial in self.trials:
            found.setdefault(trial.design, []).append(trial)
        return {design: tuple(trials) for design, trials in found.items()}

    def confirmations(self, number: int) -> tuple[TrialRecord, ...]:
        """Return the finished repetitions of a trial."""
        return tuple(self._confirmations.get(number, ()))

    @cached_property
    def _confirmations(self) -> dict[int, list[TrialRecord]]:
        found: dict[int, list[TrialRecord]] = {}
        for trial in self.trials:
            done = trial.state is TrialState.COMPLETE and trial.objective is not None
            if trial.confirms is not None and done:
                found.setdefault(trial.confirms, []).append(trial)
        return found

    def confirmed_mean(self, number: int) -> float | None:
        """Return the mean objective of a trial's repetitions, None where there are none."""
        values = [trial.objective for trial in self.confirmations(number) if trial.objective is not None]
        return fmean(values) if values else None

    def leaderboard(self) -> tuple[TrialRecord, ...]:
        """Return the search's complete trials, best first, then frozen, pruned, running and failed ones.

        The best design comes first, and of its trials the one with the best objective. Designs that were
        confirmed stand first, then those with several seeds, both by their mean; then single runs by theirs.
        """
        return self._leaderboard

    @cached_property
    def _leaderboard(self) -> tuple[TrialRecord, ...]:
        rank = {state: place for place, state in enumerate(STATES_IN_ORDER)}
        cost = self.objective.cost
        standing = {design: _standing(trials, cost) for design, trials in self.designs().items()}

        def key(trial: TrialRecord) -> tuple[int, int, float, int, float, int]:
            value = float("inf") if trial.objective is None else cost(trial.objective)
            reached = -len(trial.epochs) if trial.state.stopped else 0
            complete = trial.state is TrialState.COMPLETE
            tier, mean = standing[trial.design] if complete else (0, 0.0)
            return rank[trial.state], tier, mean, reached, value, trial.number

        return tuple(sorted(self.searched, key=key))

    @property
    def measures(self) -> tuple[Metric, ...]:
        """What is measured of its networks, without a group, the main one first; none without a trial."""
        return self.trials[0].config.target.metrics if self.trials else ()

    def over_training_mean(self, objective: float) -> float | None:
        """Return an objective as a multiple of what always predicting the training mean gives; None of 0."""
        mean = self.provenance.training_mean
        return objective / mean if mean else None

    @property
    def best(self) -> TrialRecord | None:
        """The first of the leaderboard that is complete: of the best design, the best trial.

        Its design leads by what all of its runs say; the trial itself is the one whose weights are used.
        """
        first = next(iter(self.leaderboard()), None)
        return first if first is not None and first.state is TrialState.COMPLETE else None


STATES_IN_ORDER = (
    TrialState.COMPLETE,
    TrialState.FROZEN,
    TrialState.PRUNED,
    TrialState.RUNNING,
    TrialState.INTERRUPTED,
    TrialState.FAILED,
)
"""The states as a leaderboard has them."""


def judged_runs(trials: Iterable[TrialRecord]) -> dict[int, TrialRecord]:
    """Return the complete trial of each seed of a design, by which it is judged.

    Where it was confirmed, only those runs: the run that put it among the leaders was selected for its low
    error, which makes that error optimistic.
    """
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    fresh = [trial for trial in complete if trial.confirms is not None]
    return {trial.config.seed: trial for trial in reversed(fresh or complete)}


def _standing(trials: Iterable[TrialRecord], cost: Callable[[float], float]) -> tuple[int, float]:
    """Return the place of a design: confirmed, several seeds, one run or none, then its runs' mean cost."""
    runs = [run for run in judged_runs(trials).values() if run.objective is not None]
    if not runs:
        return 3, 0.0
    mean = cost(fmean(run.objective for run in runs if run.objective is not None))
    if any(run.confirms is not None for run in runs):
        return 0, mean
    return (1 if len(runs) > 1 else 2), mean
