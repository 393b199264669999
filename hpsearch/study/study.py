"""The Optuna study: ask, report, freeze, thaw, tell, re-attach. Its journal file is the one record.

The file holds what was asked, every epoch's metrics, what was frozen, thawed and pruned, and why each trial
ended. Only the driver writes it. Ray and MLflow can both be lost: what they need is made again from here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from pydantic import ValidationError

from hpsearch.space.holes import Hole, Params, Value
from hpsearch.study.journal.journal import WRONG, reading, unreadable, writing
from hpsearch.study.journal.schema import (
    CONFIRM_PLAN,
    CONFIRMS,
    CONTINUES,
    EXEMPT,
    FROZEN,
    IMPOSSIBLE,
    LAUNCH,
    PLACEMENT,
    PRETRAINED,
    PROMOTED,
    PROVENANCE,
    REASON,
    REPEATS,
    REQUESTED,
    SEED,
    SKIPPED,
    STOPPED,
    epoch_key,
    epoch_text,
    test_key,
)
from hpsearch.study.policy.experience import Experience
from hpsearch.study.policy.families import Family, curve_family
from hpsearch.study.policy.forecasts import WithForecasts, completed, is_frozen
from hpsearch.study.policy.halving import Halving
from hpsearch.study.policy.standings import Standings
from hpsearch.study.records import LaunchRecord, Placement, Provenance, StudyRecord, TrialRecord
from hpsearch.study.requests import requested_designs, withdraw_design
from hpsearch.study.spec import MAX_GRID, StudySpec, design_params
from hpsearch.study.suggestions import going_on, suggested
from hpsearch.study.trials import Trials, reseeded, trial_folder
from trainables.base.errors import InputError
from trainables.training.config import TrainConfig

MOST_IMPOSSIBLE = 100
"""Suggestions that may be impossible one after another."""

INSISTS = 5
"""Suggestions of designs that were tried after which one of those that are left is drawn instead."""

MOST_REPEATED = 100
"""Suggestions that may repeat what was tried, where what is left cannot be listed."""


@dataclass(frozen=True)
class Ask:
    """A trial that is to run: `config` follows from `params`; `epochs_done` were reported before."""

    number: int
    params: Params
    config: TrainConfig
    epochs_done: int


class Study:
    """One study in its folder. `open_study` gives it to the one process that may write it.

    A trial is known by one number, also where it goes on after Optuna was told its end: see `Trials`.
    """

    def __init__(self, study: optuna.Study, storage: BaseStorage, folder: Path, spec: StudySpec) -> None:
        self.folder = folder
        self.spec = spec
        self._study = study
        self._storage = storage
        self._trials = Trials(storage, study.study_name, folder, spec)
        self.halving = spec.search.pruner.halving(spec.epochs)
        """The rungs at which trials are frozen; None where none is."""
        self.standings = Standings(self.halving or Halving((), factor=2))
        """How the search's own trials stand at them."""
        self._experience = Experience()
        for number in self._trials.numbers:
            self._rank(number)
            self._learn(number)

    # What is asked

    @property
    def asked(self) -> int:
        """How many trials the search asked for so far, in all launches."""
        return self._trials.asked_for

    @property
    def epochs_trained(self) -> int:
        """How many epochs the search's trials trained together, confirmations left out."""
        return self._trials.epochs_trained

    @property
    def enqueued(self) -> tuple[Params, ...]:
        """The designs of `search.enqueue` that are still to be asked for."""
        skipped: int = self._study.user_attrs.get(SKIPPED, 0)
        return self.spec.enqueued[max(self.asked + skipped - len(self._trials.requested), 0) :]

    def unfinished(self) -> list[Ask]:
        """Return the trials that were running when the last launch ended, to go on from where they were."""
        asks = map(self._resumed, self._trials.running())
        return [ask for ask in asks if ask is not None]

    def ask(self, family: Family | None = None) -> Ask | None:
        """Return the next trial: an enqueued one, else the sampler's suggestion, of `family` where given.

        None where every design of the space has been tried: no two trials are alike. Enqueued trials, and
        those asked of a family, are never stopped early. The sampler is seeded by the study's seed and the
        number that the trial gets, so that a study that was interrupted suggests what it would have
        suggested, and no two suggestions share a seed.
        """
        while self._trials.waiting:  # what a driver enqueued that died then
            if ask := self._drawn(again=True):
                return ask
        while enqueued := self.enqueued:
            index = len(self.spec.enqueued) - len(enqueued)
            if ask := self._new(enqueued[0], self._enqueued_attrs(index), again=True):
                return ask
            self._study.set_user_attr(SKIPPED, self._study.user_attrs.get(SKIPPED, 0) + 1)
        if family is not None and (ask := self._new(dict([family]), {EXEMPT: True})):
            return ask
        return self._new({}, {})

    def ask_requested(self) -> Ask | None:
        """Return a trial of the oldest design that somebody asked to try next; None where there is none."""
        known = frozenset(self._trials.requested)
        for name, design in requested_designs(self.folder).items():
            if name not in known:
                params, _ = design_params(self.spec.space, design)  # checked when it was requested
                attrs = {REQUESTED: name} | ({} if self.spec.search.prune_enqueued else {EXEMPT: True})
                ask = self._new(params, attrs, again=True)
                self._trials.requested.update([name] if ask else [])
            withdraw_design(self.folder, name)
            if name not in known and ask:
                return ask
        return None

    def ask_again(self, number: int, seed: int, plan: tuple[int, int]) -> Ask:
        """Return a trial that repeats another with another seed.

        `plan` says how many seeds there are to be before the first look, and at most.
        """
        attrs = {CONFIRMS: number, SEED: seed, CONFIRM_PLAN: list(plan)}
        self._enqueue(self._trials.first(number).params, attrs)
        return self._fill(self._next())

    # What came of it

    def report(self, number: int, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Record what a trial reached after `epoch` and say whether the pruner stops it for good.

        An epoch that was recorded before (a trial repeats at most one after a restart) changes nothing.
        """
        if epoch not in self._trials.values(number):
            trial = self._trial(self._trials.live(number))
            trial.set_user_attr(epoch_key(epoch), epoch_text(metrics))
            trial.report(metrics[self.spec.objective.name], step=epoch)
            self._trials.reported(number)
            self._rank(number)
        return self.stops(number)

    def stops(self, number: int) -> bool:
        """Say whether the pruner stops a trial for good after the last epoch that it reported.

        Never after its last epoch: it has cost its full budget and is complete. Nor where its value is not
        finite: it fails in the end, and says why. Nor where it repeats another, or is exempt.
        """
        values = self._trials.values(number)
        epoch = max(values, default=0)
        if not 0 < epoch < self._trials.config(number).epochs:
            return False
        if self.exempt(number) or not math.isfinite(values[epoch]):
            return False
        live = self._trials.live(number)
        if live.user_attrs.get(STOPPED) == epoch:
            return True
        stops = self._trial(live).should_prune()  # some of Optuna's pruners answer an epoch only once
        if stops:
            self._set(live, STOPPED, epoch)
        return stops

    def tested(self, number: int, metrics: Mapping[str, float]) -> None:
        """Record a finished trial's errors on the test sets."""
        self._study.set_user_attr(test_key(number), dict(metrics))  # Optuna closes a trial that has ended
        self._trials.tested(number)

    def place(self, number: int, placement: Placement) -> None:
        """Record where a trial runs."""
        self._set(self._trials.live(number), PLACEMENT, placement.written())

    def link(self, number: int, pretrained: str) -> None:
        """Record which pretrained weights a trial starts from."""
        self._set(self._trials.first(number), PRETRAINED, pretrained)

    def complete(self, number: int) -> None:
        """Tell that a trial trained its full budget; its objective is that of the last epoch."""
        values = self._trials.values(number)
        value = values[max(values)]
        if math.isfinite(value):
            self._study.tell(self._trials.live(number).number, value)
            self._learn(number)
        else:
            self.fail(number, f"the objective is {value} after epoch {max(values)}")

    def prune(self, number: int, why: str = "") -> None:
        """Tell that a trial was stopped because others were better; `why` says what else there is to say."""
        reason = f"pruned after epoch {max(self._trials.values(number))}" + (f": {why}" if why else "")
        self._trial(self._trials.live(number)).set_user_attr(REASON, reason)
        self._study.tell(self._trials.live(number).number, state=OptunaState.PRUNED)
        self._learn(number)

    def fail(self, number: int, reason: str) -> None:
        """Tell that a trial failed, and why. Does nothing where the trial has ended."""
        live = self._trials.live(number)
        if live.state is OptunaState.RUNNING:
            self._trial(live).set_user_attr(REASON, reason)
            self._study.tell(live.number, state=OptunaState.FAIL)
            self._trials.failed(number)
            self.standings.failed(number)
            self._experience.goes_on(number)

    def ended(self, number: int) -> bool:
        """Say whether a trial was told complete, pruned or failed."""
        return self._trials.live(number).state.is_finished()

    # Its launches

    def launched(self, launch: LaunchRecord) -> None:
        """Record the budget of a launch, and when it began and ended."""
        self._study.set_user_attr(LAUNCH, launch.written())

    # Freezing and thawing

    def exempt(self, number: int) -> bool:
        """Say whether a trial is never stopped early."""
        return bool({CONFIRMS, EXEMPT} & self._trials.live(number).user_attrs.keys())

    def at_rung(self, number: int) -> bool:
        """Say whether a running trial has reached a rung that it was not promoted beyond."""
        if self.halving is None or self.exempt(number):
            return False
        values = self._trials.values(number)
        rung = max(values, default=0)
        if rung not in self.halving.pauses(self._trials.config(number).epochs):
            return False
        return math.isfinite(values[rung]) and self._trials.live(number).user_attrs.get(PROMOTED, 0) < rung

    def freeze(self, number: int) -> None:
        """Record that a trial waits at the rung that it has reached."""
        self._set(self._trials.live(number), FROZEN, max(self._trials.values(number)))
        self.standings.froze(number)
        self._learn(number)

    def promote(self, number: int) -> None:
        """Record that a trial trains beyond the rung that it has reached."""
        self._set(self._trials.live(number), PROMOTED, max(self._trials.values(number)))
        self.standings.goes_on(number)
        self._experience.goes_on(number)

    def thaw(self, number: int) -> Ask:
        """Return a frozen trial to go on with, also one that was told pruned when an earlier search ended."""
        live, rung = self._trials.live(number), max(self._trials.values(number))
        if not live.state.is_finished():
            self.promote(number)
            return self._fill(self._trial(live))  # all its values are drawn
        attrs = {CONTINUES: number, FROZEN: rung, PROMOTED: rung}
        self._enqueue(self._trials.first(number).params, attrs)
        self.standings.goes_on(number)
        self._experience.goes_on(number)
        return self._fill(self._next())

    def family_counts(self, family: Family) -> tuple[int, int]:
        """Return how many of the search's trials belong to a family, and how many of them failed."""
        return self._trials.of_family(family)

    # What is read

    def epochs_of(self, number: int) -> int:
        """Return the full budget of a trial in epochs."""
        return self._trials.config(number).epochs

    def trial(self, number: int) -> TrialRecord:
        """Return one trial as plain values."""
        return self._trials.record(number)

    def trial_folder(self, number: int) -> Path:
        """Return the folder of a trial's checkpoints."""
        return trial_folder(self.folder, number)

    def record(self) -> StudyRecord:
        """Return the whole study as plain values."""
        attrs = self._study.user_attrs
        launch = attrs.get(LAUNCH)
        return StudyRecord(
            name=self.spec.name,
            folder=self.folder,
            objective=self.spec.objective,
            provenance=Provenance.read(attrs[PROVENANCE]),
            trials=self._trials.records(),
            spec=self.spec,
            launch=None if launch is None else LaunchRecord(**launch),
        )

    def _enqueued_attrs(self, index: int) -> dict[str, Any]:
        """Return the attributes of an enqueued design: people's own are never stopped early."""
        known = index < len(self.spec.search.enqueue) and not self.spec.search.prune_enqueued
        return {EXEMPT: True} if known else {}

    def _enqueue(self, params: Params, attrs: dict[str, Any]) -> None:
        self._study.enqueue_trial(params, user_attrs=attrs)
        self._trials.enqueued()

    def _next(self) -> optuna.Trial:
        """Return the oldest trial that is enqueued, or a new one; nothing of it is drawn yet."""
        trial = self._study.ask()
        self._trials.asked(trial.number)
        return trial

    def _rank(self, number: int) -> None:
        """Take the epochs of a trial into the standings that are not there yet, and whether it waits."""
        if CONFIRMS in self._trials.first(number).user_attrs:
            return
        if self._trials.live(number).state is OptunaState.FAIL:
            return
        values, config = self._trials.values(number), self._trials.config(number)
        family = curve_family(self._trials.first(number).params)
        for epoch in sorted(values)[self.standings.epochs_done(number) :]:
            self.standings.reported(number, family, config.epochs, self.spec.objective.cost(values[epoch]))
        if values and self._trials.waits(number):
            self.standings.froze(number)
        self._learn(number)

    def _learn(self, number: int) -> None:
        """Take a trial that has ended, or waits, into what the sampler learns from."""
        live = self._trials.live(number)
        family = curve_family(self._trials.first(number).params)
        cost = self.spec.objective.cost
        curve = [cost(value) for _, value in sorted(self._trials.values(number).items())]
        if live.state is OptunaState.COMPLETE:
            self._experience.finished(number, family, curve)
        elif live.state is OptunaState.PRUNED or is_frozen(live):
            self._experience.stopped(number, family, curve)

    def _learned(self) -> list[FrozenTrial]:
        """Return the trials that a sampler learns from, each complete."""
        value = self.spec.objective.value
        costs = self._experience.shown()
        return [completed(self._trials.live(number), value(cost)) for number, cost in costs.items()]

    def _seed_sampler(self, number: int) -> None:
        seed = int(np.random.SeedSequence([self.spec.search.seed, number]).generate_state(1)[0])
        self._study.sampler = WithForecasts(self.spec.search.sampler.build(seed), self._learned)

    def _new(self, wanted: Params, attrs: dict[str, Any], *, again: bool = False) -> Ask | None:
        """Return a trial with the values `wanted` whose design was not tried, None where there is none.

        Where the sampler insists on what it knows, one of the designs that are left is drawn, as long as they
        can be listed. With `again` a design whose trials all failed may be tried again.
        """
        for turn in range(MOST_REPEATED):
            given = wanted
            if turn >= INSISTS or self._is_whole(wanted):
                left = self._untried(wanted, again=again)
                if left is not None:
                    if not left:
                        return None
                    seed = [self.spec.search.seed, self._trials.held]
                    given = left[np.random.default_rng(seed).integers(len(left))]
            if given or attrs:
                self._enqueue(given, attrs)
            if ask := self._drawn(again=again):
                return ask
        return None

    def _drawn(self, *, again: bool) -> Ask | None:
        """Return the oldest trial that is enqueued, or a suggestion; None where its design was tried."""
        for _ in range(MOST_IMPOSSIBLE):
            self._seed_sampler((self._trials.waiting or [self._trials.held])[0])
            trial = self._next()
            try:
                params, config = self._values(trial)
            except ValidationError as error:  # a rule between values that no probe of two of them breaks
                self._trials.cannot_be(trial.params)
                self._drop(trial, IMPOSSIBLE, str(error))
                continue
            own = {CONFIRMS, CONTINUES} & trial.user_attrs.keys()  # enqueued by a driver that died then
            if own or not self._trials.tried(params, again=again):
                return self._opened(trial, params, config)
            self._drop(trial, REPEATS, self._trials.trials_of(params)[0])
            return None
        raise InputError(
            f"{MOST_IMPOSSIBLE} suggestions in a row break a rule between their values, the last: "
            f"{self._trials.first(trial.number).user_attrs[IMPOSSIBLE]}: narrow the ranges"
        )

    def _untried(self, wanted: Params, *, again: bool) -> list[Params] | None:
        """Return the designs with the values `wanted` that are not tried, None where they are too many."""
        space = self.spec.space
        if self._is_whole(wanted):
            return [] if self._trials.tried(wanted, again=again) else [wanted]
        count = space.designs()
        if count is None or count > MAX_GRID:
            return None
        part = space.design(wanted)
        return [
            params
            for params in space.combinations()
            if part <= space.design(params) and not self._trials.tried(params, again=again)
        ]

    def _is_whole(self, params: Params) -> bool:
        """Say whether params leave nothing to draw."""
        return self.spec.space.complete(params).keys() == params.keys()

    def _drop(self, trial: optuna.Trial, key: str, why: Any) -> None:
        """End a suggestion that is not to be trained."""
        trial.set_user_attr(key, why)
        self._study.tell(trial, state=OptunaState.FAIL)
        self._trials.dropped(trial.number)

    def _values(
        self, trial: optuna.Trial, choose: Callable[[Hole], Value] | None = None
    ) -> tuple[Params, TrainConfig]:
        """Draw what is open of a trial. Raises `ValidationError` for values that cannot go together."""
        params, tree = self.spec.space.draw(choose or partial(suggested, trial))
        return params, reseeded(TrainConfig.model_validate(tree), trial.user_attrs)

    def _opened(self, trial: optuna.Trial, params: Params, config: TrainConfig) -> Ask:
        """Return a trial whose values are drawn under the number that it is known by."""
        number = self._trials.opened(self._trials.first(trial.number), config)
        return Ask(number, params, config, max(self._trials.values(number), default=0))

    def _fill(self, trial: optuna.Trial) -> Ask:
        """Draw what is open of a trial, and return it under the number that it is known by."""
        return self._opened(trial, *self._values(trial))

    def _resumed(self, frozen: FrozenTrial) -> Ask | None:
        """Return a trial that was running when the driver died, None for one that only repeats another."""
        self._seed_sampler(frozen.number)
        trial = self._trial(frozen)
        params, config = self._values(trial, going_on(trial, frozen))
        own = frozen.intermediate_values or {CONFIRMS, CONTINUES} & frozen.user_attrs.keys()
        same = None if own else self._trials.first_with(params, before=frozen.number)
        if same is None:
            return self._opened(trial, params, config)
        self._drop(trial, REPEATS, same)
        return None

    def _trial(self, frozen: FrozenTrial) -> optuna.Trial:
        return optuna.trial.Trial(self._study, frozen._trial_id)

    def _set(self, frozen: FrozenTrial, key: str, value: Any) -> None:
        """Write an attribute of a trial, unless it has that value."""
        if frozen.user_attrs.get(key) != value:
            self._trial(frozen).set_user_attr(key, value)


def open_study(folder: Path, spec: StudySpec, provenance: Provenance) -> Study:
    """Open a study for writing, or begin it. The caller holds the study's lock.

    Raises `InputError` for a damaged or lost journal, and for one that cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its word on every trial, which the live table has
    storage = writing(folder, spec.name)
    name, pruner = spec.name, spec.search.pruner.build(spec.epochs)
    if storage.get_all_studies():  # to create it again would write that to the journal
        study = optuna.load_study(study_name=name, storage=storage, pruner=pruner)
    else:
        study = optuna.create_study(
            storage=storage, study_name=name, pruner=pruner, direction=spec.objective.direction.value
        )
    if PROVENANCE in study.user_attrs:
        opened, _ = _readable(study, storage, folder, spec)  # before anything is added
    else:
        opened = Study(study, storage, folder, spec)
    study.set_user_attr(PROVENANCE, provenance.written())
    return opened


def read_study(folder: Path, spec: StudySpec) -> StudyRecord:
    """Read a study that may be running: nothing is written.

    Raises `InputError` where its launch was stopped before it began, and for a damaged or lost journal.
    """
    storage = reading(folder, spec.name)
    study = _begun(storage, spec)
    if study is None:
        raise InputError(f"study {spec.name!r} has not begun: launch it again")
    _, record = _readable(study, storage, folder, spec)
    return record


def _begun(storage: BaseStorage, spec: StudySpec) -> optuna.Study | None:
    """Return Optuna's study in a journal; None where it has not begun."""
    there = bool(storage.get_all_studies())
    study = optuna.load_study(study_name=spec.name, storage=storage) if there else None
    return study if study is not None and PROVENANCE in study.user_attrs else None


def _readable(
    study: optuna.Study, storage: BaseStorage, folder: Path, spec: StudySpec
) -> tuple[Study, StudyRecord]:
    """Return a study and its record. Raises `InputError` naming the first line that cannot be read."""

    def read(part: BaseStorage) -> None:
        if (so_far := _begun(part, spec)) is not None:
            Study(so_far, part, folder, spec).record()

    try:
        opened = Study(study, storage, folder, spec)
        return opened, opened.record()
    except WRONG as error:
        raise InputError(unreadable(folder, read, error)) from None


def has_trials(folder: Path, name: str) -> bool:
    """Say whether a trial of the study `name` in `folder` was ever asked for.

    Raises `InputError` for a damaged or lost journal.
    """
    storage = reading(folder, name)
    return bool(storage.get_all_studies() and optuna.load_study(study_name=name, storage=storage).trials)


def provenance_of(folder: Path, name: str) -> tuple[Provenance | None, bool]:
    """Return what the study `name` in `folder` has kept of its inputs, and whether a trial trained an epoch.

    Raises `InputError` for a damaged or lost journal.
    """
    storage = reading(folder, name)
    if not storage.get_all_studies():
        return None, False
    study = optuna.load_study(study_name=name, storage=storage)
    trained = any(trial.intermediate_values for trial in study.get_trials(deepcopy=False))
    written = study.user_attrs.get(PROVENANCE)
    return None if written is None else Provenance.read(written), trained
