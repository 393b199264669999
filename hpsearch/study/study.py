"""Ask, report, tell, re-attach: the Optuna study behind a small face. Its journal file is the truth.

The file holds what was asked, every epoch's metrics, what was pruned and why each trial ended. Only the
driver writes it. Ray and MLflow can both be lost: what they need is made again from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from pydantic import ValidationError

from hpsearch.space.holes import Choice, Hole, Params, Value
from hpsearch.study.journal import reading, writing
from hpsearch.study.journal_schema import (
    CONFIRMS,
    IMPOSSIBLE,
    PLACEMENT,
    PRETRAINED,
    PROVENANCE,
    REASON,
    SEED,
    epoch_key,
    test_key,
)
from hpsearch.study.records import Placement, Provenance, StudyRecord, TrialRecord, TrialState
from hpsearch.study.spec import StudySpec
from trainables.base.errors import InputError
from trainables.training.config import TrainConfig

STATES = {
    OptunaState.RUNNING: TrialState.RUNNING,
    OptunaState.COMPLETE: TrialState.COMPLETE,
    OptunaState.PRUNED: TrialState.PRUNED,
    OptunaState.FAIL: TrialState.FAILED,
}


MOST_IMPOSSIBLE = 100
"""Suggestions that may be impossible one after another."""


@dataclass(frozen=True)
class Ask:
    """A trial that is to run: `config` follows from `params`; `epochs_done` were reported before."""

    number: int
    params: Params
    config: TrainConfig
    epochs_done: int


class Study:
    """One study in its folder. `open_study` gives it to the one process that may write it."""

    def __init__(self, study: optuna.Study, folder: Path, spec: StudySpec) -> None:
        self.folder = folder
        self._spec = spec
        self._study = study
        self._configs: dict[int, TrainConfig] = {}
        self._ended: dict[int, TrialRecord] = {}

    def unfinished(self) -> list[Ask]:
        """Return the trials that were running when the last launch ended, to go on from where they were."""
        running = self._study.get_trials(deepcopy=False, states=(OptunaState.RUNNING,))
        return [self._attach(trial) for trial in running]

    @property
    def asked(self) -> int:
        """How many trials the search asked for so far, in all launches."""
        return sum(
            trial.state is not OptunaState.WAITING and not {CONFIRMS, IMPOSSIBLE} & trial.user_attrs.keys()
            for trial in self._study.get_trials(deepcopy=False)
        )

    def ask(self) -> Ask:
        """Return the next trial: an enqueued one, else the sampler's suggestion.

        The sampler is seeded by the study's seed and the number that the trial gets, so that a study that was
        interrupted suggests what it would have suggested, and no two suggestions share a seed.
        """
        asked = self.asked
        if asked < len(self._spec.enqueued) and not self._waiting():
            self._study.enqueue_trial(self._spec.enqueued[asked])
        for _ in range(MOST_IMPOSSIBLE):
            waiting = self._waiting()
            self._seed_sampler(waiting[0].number if waiting else self._count())
            trial = self._study.ask()
            try:
                return self._fill(trial, epochs_done=0)
            except ValidationError as error:  # a rule between values that no probe of two of them breaks
                trial.set_user_attr(IMPOSSIBLE, str(error))
                self._study.tell(trial, state=OptunaState.FAIL)
        raise InputError(
            f"{MOST_IMPOSSIBLE} suggestions in a row break a rule between their values, the last: "
            f"{trial.user_attrs[IMPOSSIBLE]}: narrow the ranges"
        )

    def ask_again(self, number: int, seed: int) -> Ask:
        """Return a trial that repeats another with another seed."""
        attrs = {CONFIRMS: number, SEED: seed}
        self._study.enqueue_trial(self._frozen(number).params, user_attrs=attrs)
        return self._fill(self._study.ask(), epochs_done=0)

    def tested(self, number: int, metrics: Mapping[str, float]) -> None:
        """Record a finished trial's errors on the test sets."""
        self._study.set_user_attr(test_key(number), dict(metrics))  # Optuna closes a trial that has ended
        self._ended.pop(number, None)

    def report(self, number: int, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Record what a trial reached after `epoch` and say whether it should stop now.

        An epoch that was recorded before (a trial repeats at most one after a restart) changes nothing. A
        trial is never pruned after its last epoch: it has cost its full budget and is complete. Nor is one
        whose value is not finite: it fails in the end, and says why. Nor is one that repeats another.
        """
        trial, value = self._trial(number), metrics[self._spec.search.objective]
        if epoch not in self._frozen(number).intermediate_values:
            trial.set_user_attr(epoch_key(epoch), dict(metrics))
            trial.report(value, step=epoch)
        frozen = self._frozen(number)
        last = epoch >= self._config(frozen).epochs
        if last or not math.isfinite(value) or CONFIRMS in frozen.user_attrs:
            return False
        return trial.should_prune()

    def place(self, number: int, placement: Placement) -> None:
        """Record where a trial runs."""
        written = placement.written()
        if self._frozen(number).user_attrs.get(PLACEMENT) != written:
            self._trial(number).set_user_attr(PLACEMENT, written)

    def link(self, number: int, pretrained: str) -> None:
        """Record which pretrained weights a trial starts from."""
        if self._frozen(number).user_attrs.get(PRETRAINED) != pretrained:
            self._trial(number).set_user_attr(PRETRAINED, pretrained)

    def complete(self, number: int) -> None:
        """Tell that a trial trained its full budget; its objective is that of the last epoch."""
        trial = self._frozen(number)
        value = trial.intermediate_values[max(trial.intermediate_values)]
        if math.isfinite(value):
            self._study.tell(number, value)
        else:
            self.fail(number, f"the objective is {value} after epoch {max(trial.intermediate_values)}")

    def prune(self, number: int) -> None:
        """Tell that a trial was stopped because others were better."""
        epoch = max(self._frozen(number).intermediate_values)
        self._trial(number).set_user_attr(REASON, f"pruned after epoch {epoch}")
        self._study.tell(number, state=OptunaState.PRUNED)

    def fail(self, number: int, reason: str) -> None:
        """Tell that a trial failed, and why. Does nothing where the trial has ended."""
        if self._frozen(number).state is OptunaState.RUNNING:
            self._trial(number).set_user_attr(REASON, reason)
            self._study.tell(number, state=OptunaState.FAIL)

    def ended(self, number: int) -> bool:
        """Say whether a trial was told complete, pruned or failed."""
        return self._frozen(number).state.is_finished()

    def trial_folder(self, number: int) -> Path:
        """Return the folder of a trial's checkpoints."""
        return trial_folder(self.folder, number)

    def record(self) -> StudyRecord:
        """Return the whole study as plain values."""
        trials = self._study.get_trials(deepcopy=False)
        return StudyRecord(
            name=self._spec.name,
            folder=self.folder,
            objective=self._spec.search.objective,
            provenance=Provenance(**self._study.user_attrs[PROVENANCE]),
            trials=tuple(self._record(trial) for trial in trials if self._begun(trial)),
        )

    def _count(self) -> int:
        return len(self._study.get_trials(deepcopy=False))

    def _waiting(self) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=(OptunaState.WAITING,))

    def _seed_sampler(self, number: int) -> None:
        seed = int(np.random.SeedSequence([self._spec.search.seed, number]).generate_state(1)[0])
        self._study.sampler = self._spec.search.sampler.build(seed)

    def _fill(self, trial: optuna.Trial, epochs_done: int) -> Ask:
        params, tree = self._spec.space.draw(lambda hole: _suggest(trial, hole))
        config = _reseeded(TrainConfig.model_validate(tree), trial.user_attrs)
        self._configs[trial.number] = config
        return Ask(trial.number, params, config, epochs_done)

    def _attach(self, frozen: FrozenTrial) -> Ask:
        self._seed_sampler(frozen.number)  # a crash may have come before the last of its values was drawn
        done = max(frozen.intermediate_values, default=0)
        return self._fill(optuna.trial.Trial(self._study, frozen._trial_id), epochs_done=done)

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

    def _frozen(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number]

    def _trial(self, number: int) -> optuna.Trial:
        return optuna.trial.Trial(self._study, self._frozen(number)._trial_id)

    def _config(self, frozen: FrozenTrial) -> TrainConfig:
        if frozen.number not in self._configs:
            config = self._spec.config(frozen.params)
            self._configs[frozen.number] = _reseeded(config, frozen.user_attrs)
        return self._configs[frozen.number]

    def _record(self, trial: FrozenTrial) -> TrialRecord:
        """Return a trial as plain values; one that has ended changes no more but for its test."""
        if not trial.state.is_finished():
            return self._as_record(trial)
        if trial.number not in self._ended:
            self._ended[trial.number] = self._as_record(trial)
        return self._ended[trial.number]

    def _as_record(self, trial: FrozenTrial) -> TrialRecord:
        attrs = trial.user_attrs
        epochs = sorted(trial.intermediate_values)
        placement = attrs.get(PLACEMENT)
        return TrialRecord(
            number=trial.number,
            state=STATES[trial.state],
            params=trial.params,
            config=self._config(trial),
            epochs=tuple(attrs[epoch_key(epoch)] for epoch in epochs),
            objective=trial.intermediate_values[epochs[-1]] if epochs else None,
            reason=attrs.get(REASON, ""),
            started_s=trial.datetime_start.timestamp() if trial.datetime_start else 0.0,
            ended_s=trial.datetime_complete.timestamp() if trial.datetime_complete else None,
            placement=Placement(**placement) if placement else None,
            folder=self.trial_folder(trial.number),
            pretrained=attrs.get(PRETRAINED),
            confirms=attrs.get(CONFIRMS),
            test=self._study.user_attrs.get(test_key(trial.number), {}),
        )


def _reseeded(config: TrainConfig, attrs: Mapping[str, Any]) -> TrainConfig:
    """Return the config of a trial; one that repeats another has a seed of its own."""
    return config.model_copy(update={"seed": attrs[SEED]}) if CONFIRMS in attrs else config


def open_study(folder: Path, spec: StudySpec, provenance: Provenance) -> Study:
    """Open a study for writing, or begin it. The caller holds the study's lock."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its word on every trial, which the live table has
    study = optuna.create_study(
        storage=writing(folder),
        study_name=spec.name,
        pruner=spec.search.pruner.build(spec.epochs),
        load_if_exists=True,
    )
    study.set_user_attr(PROVENANCE, provenance.written())
    return Study(study, folder, spec)


def read_study(folder: Path, spec: StudySpec) -> StudyRecord:
    """Read a study that may be running: nothing is written.

    Raises `InputError` where its launch was stopped before it began.
    """
    try:
        study = optuna.load_study(study_name=spec.name, storage=reading(folder))
    except (KeyError, FileNotFoundError):
        study = None
    if study is None or PROVENANCE not in study.user_attrs:
        raise InputError(f"study {spec.name!r} has not begun: launch it again")
    return Study(study, folder, spec).record()


def trial_folder(study_folder: Path, number: int) -> Path:
    """Return the folder of a trial's checkpoints."""
    return study_folder / "trials" / f"{number:04d}"


def _suggest(trial: optuna.Trial, hole: Hole) -> Value:
    if isinstance(hole, Choice):
        return trial.suggest_categorical(hole.name, list(hole.ends()))
    if hole.whole:
        step = 1 if hole.step is None else int(hole.step)
        return trial.suggest_int(hole.name, int(hole.low), int(hole.high), log=hole.log, step=step)
    return trial.suggest_float(hole.name, hole.low, hole.high, log=hole.log, step=hole.step)
