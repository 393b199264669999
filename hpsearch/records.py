"""The nouns of a study as plain values: what was tried, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from trainables.config import TrainConfig


class TrialState(StrEnum):
    """How a trial stands. Only COMPLETE trials trained their full budget and may be the best."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


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
class StudyFacts:
    """What is true of every trial of a study and does not follow from its search space."""

    baseline: float
    """The objective of always predicting the training mean."""
    datasets: Mapping[str, str]
    """Each data role (`train`, `validation`) -> `dataset name @ content hash`."""
    code_version: str

    def written(self) -> dict[str, Any]:
        """Return the value for a file."""
        return asdict(self)


@dataclass(frozen=True)
class TrialRecord:
    """One trial. Times are Unix seconds.

    `params` are the values of the holes under their dotted paths, `config` is the whole training config, and
    `epochs[i]` are the metrics after epoch i + 1. `objective` is the value the search minimises, None until
    the trial has one. `reason` says why it ended, in words.
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
    objective: str
    """The metric's name, such as `validation/mae_deg`; smaller is better."""
    facts: StudyFacts
    trials: tuple[TrialRecord, ...]

    def leaderboard(self) -> tuple[TrialRecord, ...]:
        """Return complete trials, best first, then pruned, failed and running ones."""
        rank = {TrialState.COMPLETE: 0, TrialState.PRUNED: 1, TrialState.RUNNING: 2, TrialState.FAILED: 3}

        def key(trial: TrialRecord) -> tuple[int, float, float, int]:
            value = float("inf") if trial.objective is None else trial.objective
            reached = -len(trial.epochs) if trial.state is TrialState.PRUNED else 0
            return rank[trial.state], reached, value, trial.number

        return tuple(sorted(self.trials, key=key))

    @property
    def best(self) -> TrialRecord | None:
        """The complete trial with the smallest objective."""
        complete = [trial for trial in self.leaderboard() if trial.state is TrialState.COMPLETE]
        return complete[0] if complete else None
