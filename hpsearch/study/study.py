"""The Optuna study: ask, report, freeze, thaw, tell, re-attach. Its journal file is the one record.

The file holds what was asked, every epoch's metrics, what was frozen, thawed and pruned, and why each trial
ended. Only the driver writes it. Ray and MLflow can both be lost: what they need is made again from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from hpsearch.space.holes import Params
from hpsearch.study.asking import Ask, Asking
from hpsearch.study.bounds import Costs, not_known
from hpsearch.study.journal.schema import (
    CONFIRM_PLAN,
    CONFIRMS,
    CONTINUES,
    COSTS,
    EXEMPT,
    FROZEN,
    LATENCY_MACHINE,
    LAUNCH,
    PLACEMENT,
    PRETRAINED,
    PROMOTED,
    PROVENANCE,
    REASON,
    SEED,
    STINTS,
    STOPPED,
    epoch_key,
    epoch_text,
    test_key,
)
from hpsearch.study.policy.experience import Experience
from hpsearch.study.policy.families import Family, curve_family
from hpsearch.study.policy.forecasts import completed, is_frozen
from hpsearch.study.policy.halving import Halving
from hpsearch.study.policy.samplers import learns_costs
from hpsearch.study.policy.standings import Standings
from hpsearch.study.policy.unbeaten import Unbeaten
from hpsearch.study.records import (
    LaunchRecord,
    Placement,
    Provenance,
    Stint,
    StudyRecord,
    TrialRecord,
)
from hpsearch.study.spec import StudySpec
from hpsearch.study.trials import Trials, trial_folder

LATEST_REFUSED = 50
"""Refused suggestions that a sampler is shown."""


class Study:
    """One study in its folder. `open_study` gives it to the one process that may write it.

    A trial is known by one number, also where it goes on after Optuna was told its end: see `Trials`.
    Optuna's study has one direction, that of the first objective, by which trials are reported and stopped:
    the costs that a search optimises too are attributes of its trials, which the sampler alone is shown.
    """

    def __init__(
        self,
        study: optuna.Study,
        storage: BaseStorage,
        folder: Path,
        spec: StudySpec,
        costs: Costs = not_known,
    ) -> None:
        self.folder = folder
        self.spec = spec
        self._study = study
        self._storage = storage
        self._trials = Trials(storage, study.study_name, folder, spec)
        self.halving = spec.search.pruner.halving(spec.epochs)
        """The rungs at which trials are frozen; None where none is."""
        self.standings = Standings(self.halving or Halving((), factor=2))
        """How the search's own trials stand at them."""
        self.ends = 0
        """How many trials were told complete, pruned or failed since the study was opened."""
        self._experience = Experience()
        self._unbeaten = Unbeaten()
        self._asking = Asking(study, self._trials, folder, spec, self._learned, costs)
        for number in self._trials.numbers:
            self._rank(number)
            self._learn(number)

    @property
    def provenance(self) -> Provenance:
        """What is true of every trial, with the plug-ins of all launches."""
        return Provenance.read(self._study.user_attrs[PROVENANCE])

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
        return self._asking.enqueued

    def unfinished(self) -> list[Ask]:
        """Return the trials that were running when the last launch ended, to go on from where they were."""
        return self._asking.unfinished()

    def ask(self, family: Family | None = None) -> Ask | None:
        """Return the next trial, None where every design has been tried; see `Asking.next`."""
        return self._asking.next(family)

    def ask_requested(self) -> Ask | None:
        """Return a trial of the oldest design that somebody asked to try next; None where there is none."""
        return self._asking.requested()

    @property
    def refusal(self) -> str:
        """Which bounds the last suggestion that was refused breaks, in words; empty where none was."""
        return self._asking.refusal

    @property
    def refused(self) -> int:
        """How many suggestions were refused, since their networks cost too much."""
        return len(self._trials.refused)

    def refused_designs(self) -> list[str]:
        """Return once, in words, what a person wanted tried that breaks a bound."""
        return self._asking.refused_designs()

    def ask_again(self, number: int, seed: int, plan: tuple[int, int]) -> Ask:
        """Return a trial that repeats another with another seed.

        `plan` says how many seeds there are to be before the first look, and at most.
        """
        return self._asking.part_of(number, {CONFIRMS: number, SEED: seed, CONFIRM_PLAN: list(plan)})

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

    def worked(self, number: int, stint: Stint, now_s: float) -> None:
        """Record that a trial is, or was until `now_s`, on a worker, unless that is known."""
        before = self._trials.stints(number)
        if before and before[-1].began_s == stint.began_s:
            before, stint = before[:-1], before[-1]
        if self._trials.waits(number):
            stint = replace(stint, ended_s=stint.ended_s or now_s)
        written = [each.written() for each in (*before, stint)]
        self._set(self._trials.live(number), STINTS, written)

    def link(self, number: int, pretrained: str) -> None:
        """Record which pretrained weights a trial starts from."""
        self._set(self._trials.first(number), PRETRAINED, pretrained)

    def complete(self, number: int) -> None:
        """Tell that a trial trained its full budget; its objective is that of the last epoch."""
        values = self._trials.values(number)
        value = values[max(values)]
        if math.isfinite(value):
            self._tell(number, value)
            self._learn(number)
        else:
            self.fail(number, f"the objective is {value} after epoch {max(values)}")

    def prune(self, number: int, why: str = "") -> None:
        """Tell that a trial was stopped because others were better; `why` says what else there is to say."""
        reason = f"pruned after epoch {max(self._trials.values(number))}" + (f": {why}" if why else "")
        self._trial(self._trials.live(number)).set_user_attr(REASON, reason)
        self._tell(number, state=OptunaState.PRUNED)
        self._learn(number)

    def fail(self, number: int, reason: str) -> None:
        """Tell that a trial failed, and why. Does nothing where the trial has ended."""
        live = self._trials.live(number)
        if live.state is OptunaState.RUNNING:
            self._trial(live).set_user_attr(REASON, reason)
            self._tell(number, state=OptunaState.FAIL)
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

    def latencies_measured_on(self, machine: str) -> str:
        """Record the CPU on which latencies are measured; return the one on which they were at first."""
        if LATENCY_MACHINE not in self._study.user_attrs:
            self._study.set_user_attr(LATENCY_MACHINE, machine)
        return str(self._study.user_attrs[LATENCY_MACHINE])

    # Freezing and thawing

    def exempt(self, number: int) -> bool:
        """Say whether a trial is never stopped early."""
        return bool({CONFIRMS, EXEMPT} & self._trials.live(number).user_attrs.keys())

    def confirms(self, number: int) -> bool:
        """Say whether a trial repeats another with another seed."""
        return CONFIRMS in self._trials.first(number).user_attrs

    def at_rung(self, number: int) -> bool:
        """Say whether a running trial has reached a rung that it was not promoted beyond."""
        if self.halving is None or self.exempt(number):
            return False
        values = self._trials.values(number)
        rung = max(values, default=0)
        if rung not in self.halving.rungs_of(self._trials.config(number).epochs):
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
        self._trials.goes_on(number)
        self.standings.goes_on(number)
        self._experience.goes_on(number)

    def thaw(self, number: int) -> Ask:
        """Return a frozen trial to go on with, also one that was told pruned when an earlier search ended."""
        live, rung = self._trials.live(number), max(self._trials.values(number))
        if not live.state.is_finished():
            self.promote(number)
            return self._asking.held(live)
        # Optuna takes no more values of a trial that was told its end: a copy goes on under the same number.
        self.standings.goes_on(number)
        self._experience.goes_on(number)
        return self._asking.part_of(number, {CONTINUES: number, FROZEN: rung, PROMOTED: rung})

    def family_counts(self, family: Family) -> tuple[int, int]:
        """Return how many of the search's trials belong to a family, and how many of them failed."""
        return self._trials.of_family(family)

    # What is read

    def epochs_done(self, number: int) -> int:
        """Return the last epoch that a trial reported."""
        return max(self._trials.values(number), default=0)

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
            provenance=self.provenance,
            trials=self._trials.records(),
            spec=self.spec,
            launch=None if launch is None else LaunchRecord.read(launch),
            latency_machine=attrs.get(LATENCY_MACHINE, ""),
        )

    def _tell(self, number: int, value: float | None = None, state: OptunaState | None = None) -> None:
        """Tell Optuna the end of a trial."""
        self._study.tell(self._trials.live(number).number, value, state)
        self.ends += 1

    def _rank(self, number: int) -> None:
        """Take the epochs of a trial into the standings that are not there yet, and whether it waits."""
        if self.confirms(number):
            return
        if self._trials.live(number).state is OptunaState.FAIL:
            return
        values, config = self._trials.values(number), self._trials.config(number)
        family = curve_family(self._trials.first(number).params)
        for epoch in sorted(values)[self.standings.epochs_done(number) :]:
            self.standings.reported(number, family, config.epochs, self.spec.objective.cost(values[epoch]))
        if values and self._trials.waits(number):
            self.standings.froze(number)

    def _learn(self, number: int) -> None:
        """Take a trial that has ended, or waits, into what the sampler learns from."""
        live = self._trials.live(number)
        family = curve_family(self._trials.first(number).params)
        cost = self.spec.objective.cost
        curve = [cost(value) for _, value in sorted(self._trials.values(number).items())]
        if live.state is OptunaState.COMPLETE:
            self._experience.finished(number, family, curve)
            if further := self._further_costs(number):
                self._unbeaten.add(number, (curve[-1], *further))
        elif live.state is OptunaState.PRUNED or is_frozen(live):
            self._experience.stopped(number, family, curve)

    def _learned(self) -> list[FrozenTrial]:
        """Return the trials that a sampler learns from, each complete, with a value of each objective.

        With several objectives the whole front is among them. With them are the latest suggestions that were
        refused, whose values no sampler looks at.
        """
        value, known = self.spec.objective.value, self._experience.shown()
        known |= {number: costs[0] for number, costs in self._unbeaten.costs.items()}
        shown = [
            completed(self._trials.live(number), [value(cost), *self._further_costs(number)])
            for number, cost in sorted(known.items())
        ]
        if learns_costs(self.spec.search.sampler):
            latest = map(self._trials.first, islice(reversed(self._trials.refused), LATEST_REFUSED))
            shown += [completed(trial, [0.0] * len(self.spec.objectives)) for trial in latest]
        return shown

    def _further_costs(self, number: int) -> list[float]:
        """Return the objectives of a trial behind the first, which are known from its beginning on."""
        known = self._trials.first(number).user_attrs.get(COSTS, {})
        return [known[metric.name] for metric in self.spec.objectives[1:]]

    def _trial(self, frozen: FrozenTrial) -> optuna.Trial:
        return optuna.trial.Trial(self._study, self._trials.id_of(frozen.number))

    def _set(self, frozen: FrozenTrial, key: str, value: Any) -> None:
        """Write an attribute of a trial, unless it has that value: each is a line that all launches read."""
        if frozen.user_attrs.get(key) != value:
            self._trial(frozen).set_user_attr(key, value)
