"""Reads trials from the Optuna study; one that goes on under another number counts as one trial."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from hpsearch.study.journal.schema import (
    CONFIRMS,
    CONTINUES,
    FROZEN,
    IMPOSSIBLE,
    PLACEMENT,
    PRETRAINED,
    REASON,
    SEED,
    epoch_key,
    epoch_metrics,
    test_key,
)
from hpsearch.study.policy.forecasts import is_frozen
from hpsearch.study.records import Placement, TrialRecord, TrialState
from hpsearch.study.spec import StudySpec
from trainables.training.config import TrainConfig

TRIALS = "trials"
"""The folder of the trials' folders in a study's folder."""

STATES = {
    OptunaState.RUNNING: TrialState.RUNNING,
    OptunaState.COMPLETE: TrialState.COMPLETE,
    OptunaState.PRUNED: TrialState.PRUNED,
    OptunaState.FAIL: TrialState.FAILED,
}


class StoredTrials:
    """Reads trials by the number that people know them by.

    Where a trial went on after Optuna was told its end, Optuna holds the rest of it under another number,
    which nobody sees: the two are its parts, and the last part is the live one.
    """

    def __init__(self, study: optuna.Study, folder: Path, spec: StudySpec) -> None:
        self._study = study
        self._folder = folder
        self._spec = spec
        self._configs: dict[int, TrainConfig] = {}
        self._ended: dict[int, TrialRecord] = {}
        self._rest: dict[int, list[int]] = {}
        for trial in self.all():
            if trial.state is not OptunaState.WAITING:
                self._note(trial)

    def all(self) -> list[FrozenTrial]:
        """Return everything that Optuna holds, by its own numbers."""
        return self._study.get_trials(deepcopy=False)

    def waiting(self) -> list[FrozenTrial]:
        """Return what is enqueued and was not asked for yet."""
        return self._study.get_trials(deepcopy=False, states=(OptunaState.WAITING,))

    def running(self) -> list[FrozenTrial]:
        """Return what Optuna holds open and is not frozen."""
        running = self._study.get_trials(deepcopy=False, states=(OptunaState.RUNNING,))
        return [trial for trial in running if not is_frozen(trial)]

    def shown(self) -> list[FrozenTrial]:
        """Return the first part of each trial whose values are all drawn."""
        return [trial for trial in self.all() if CONTINUES not in trial.user_attrs and self._begun(trial)]

    def searched(self) -> list[FrozenTrial]:
        """Return those of `shown` that are the search's own, no confirmations."""
        return [trial for trial in self.shown() if CONFIRMS not in trial.user_attrs]

    def first(self, number: int) -> FrozenTrial:
        """Return the first part of a trial."""
        return self.all()[number]

    def live(self, number: int) -> FrozenTrial:
        """Return the part of a trial that Optuna holds open, or held last."""
        return self._parts(number)[-1]

    def values(self, number: int) -> dict[int, float]:
        """Return a trial's objective after each epoch."""
        if number not in self._rest:
            return self.first(number).intermediate_values
        return {epoch: v for part in self._parts(number) for epoch, v in part.intermediate_values.items()}

    def config(self, number: int) -> TrainConfig:
        """Return a trial's training config."""
        if number not in self._configs:
            first = self.first(number)
            self._configs[number] = reseeded(self._spec.config(first.params), first.user_attrs)
        return self._configs[number]

    def waits(self, number: int) -> bool:
        """Say whether a trial was frozen, and thawed neither since nor after it was told pruned."""
        live = self.live(number)
        return is_frozen(live) or (live.state is OptunaState.PRUNED and FROZEN in live.user_attrs)

    def opened(self, trial: FrozenTrial, config: TrainConfig) -> int:
        """Take in a trial whose values have just been drawn; return the number that it is known by."""
        number: int = trial.user_attrs.get(CONTINUES, trial.number)
        self._configs[number] = config
        self._note(trial)
        self._ended.pop(number, None)
        return number

    def changed(self, number: int) -> None:
        """Read a trial anew although it has ended."""
        self._ended.pop(number, None)

    def records(self) -> tuple[TrialRecord, ...]:
        """Return every trial as plain values."""
        return tuple(self._record(trial.number) for trial in self.shown())

    def _note(self, trial: FrozenTrial) -> None:
        """Remember which trial goes on under this one, if one does."""
        if (first := trial.user_attrs.get(CONTINUES)) is not None:
            rest = self._rest.setdefault(first, [])
            if trial.number not in rest:
                rest.append(trial.number)

    def _begun(self, trial: FrozenTrial) -> bool:
        """Say whether all values of a trial are drawn; a crash, or a reader, may come between two of them.

        Values that cannot go together were never a trial.
        """
        if IMPOSSIBLE in trial.user_attrs:
            return False
        if trial.state not in STATES or trial.number in self._configs:
            return trial.state in STATES
        params = trial.params
        return self._spec.space.complete(params).keys() == params.keys()

    def _parts(self, number: int) -> list[FrozenTrial]:
        trials = self.all()
        return [trials[part] for part in (number, *self._rest.get(number, ()))]

    def _record(self, number: int) -> TrialRecord:
        """Return a trial as plain values; one that has ended changes no more but for its test."""
        if not self.live(number).state.is_finished():
            return self._as_record(number)
        if number not in self._ended:
            self._ended[number] = self._as_record(number)
        return self._ended[number]

    def _as_record(self, number: int) -> TrialRecord:
        parts, values = self._parts(number), self.values(number)
        attrs: dict[str, Any] = {key: value for part in parts for key, value in part.user_attrs.items()}
        first, live = parts[0], parts[-1]
        epochs, placement = sorted(values), attrs.get(PLACEMENT)
        return TrialRecord(
            number=number,
            state=TrialState.FROZEN if is_frozen(live) else STATES[live.state],
            params=first.params,
            config=self.config(number),
            epochs=tuple(epoch_metrics(attrs[epoch_key(epoch)]) for epoch in epochs),
            objective=values[epochs[-1]] if epochs else None,
            reason=live.user_attrs.get(REASON, ""),
            started_s=first.datetime_start.timestamp() if first.datetime_start else 0.0,
            ended_s=live.datetime_complete.timestamp() if live.datetime_complete else None,
            placement=Placement(**placement) if placement else None,
            folder=trial_folder(self._folder, number),
            pretrained=attrs.get(PRETRAINED),
            confirms=attrs.get(CONFIRMS),
            test=self._study.user_attrs.get(test_key(number), {}),
        )


def reseeded(config: TrainConfig, attrs: Mapping[str, Any]) -> TrainConfig:
    """Return the config of a trial; one that repeats another has a seed of its own."""
    return config.model_copy(update={"seed": attrs[SEED]}) if CONFIRMS in attrs else config


def trial_folder(study_folder: Path, number: int) -> Path:
    """Return the folder of a trial's checkpoints."""
    return study_folder / TRIALS / f"{number:04d}"
