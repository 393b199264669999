"""The trials of a study in memory, read by number: what the journal holds, replayed once and kept up.

Nothing here grows with the number of trials but `records`: a driver asks for one trial at every epoch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState

from hpsearch.space.holes import Params
from hpsearch.space.space import Design
from hpsearch.study.journal.schema import (
    CONFIRM_PLAN,
    CONFIRMS,
    CONTINUES,
    COSTS,
    FROZEN,
    IMPOSSIBLE,
    PLACEMENT,
    PRETRAINED,
    REASON,
    REFUSED,
    REPEATS,
    REQUESTED,
    SEED,
    STINTS,
    epoch_key,
    test_key,
)
from hpsearch.study.policy.families import Family, members
from hpsearch.study.policy.forecasts import is_frozen
from hpsearch.study.records import Placement, Stint, TrialRecord, TrialState
from hpsearch.study.spec import StudySpec
from trainables.base.schema import Config
from trainables.training.config import TrainConfig

TRIALS = "trials"
"""The folder of the trials' folders in a study's folder."""

STATES = {
    OptunaState.RUNNING: TrialState.RUNNING,
    OptunaState.COMPLETE: TrialState.COMPLETE,
    OptunaState.PRUNED: TrialState.PRUNED,
    OptunaState.FAIL: TrialState.FAILED,
}

NEVER_TRAINED = {IMPOSSIBLE, REFUSED, REPEATS}
"""Attributes of suggestions that never became a trial."""

NOT_ASKED_FOR = {CONFIRMS, CONTINUES} | NEVER_TRAINED
"""Attributes of what Optuna holds that the search's budget of trials does not count."""


class Trials:
    """The trials of one study by the number that people know them by; `storage` holds that study alone.

    Where a trial went on after Optuna was told its end, Optuna holds the rest of it under another number,
    which nobody sees: the two are its parts, and the last part is the live one. Whoever writes to the storage
    tells of it here: `enqueued`, `asked`, `goes_on`, `opened`, `reported`, `failed`, `tested`.
    """

    def __init__(self, storage: BaseStorage, name: str, folder: Path, spec: StudySpec) -> None:
        self._storage = storage
        self._study_id = storage.get_study_id_from_name(name)
        self._folder = folder
        self._spec = spec
        self._ids: list[int] = []
        """Optuna's id of each of its numbers."""
        self._rest: dict[int, list[int]] = {}
        self._configs: dict[int, TrainConfig] = {}
        self._once: dict[object, Any] = {}
        """What many trials have alike, kept once: parts of their configs, distributions of their values."""
        self._records: dict[int, tuple[FrozenTrial, TrialRecord]] = {}
        """Each with what Optuna held of its live part then: it holds another object after every change."""
        self._shown: list[int] = []
        """The trials whose values are all drawn, in order."""
        self._asked: set[int] = set()
        self._of_family: Counter[Family] = Counter()
        self._failed_of_family: Counter[Family] = Counter()
        self.waiting: list[int] = []
        """Optuna's numbers of what is enqueued and was not asked for yet."""
        self._open: set[int] = set()
        """Optuna's numbers of what runs, and of what has ended or was frozen since `running` was asked."""
        self._tried: dict[Design, list[int]] = {}
        """The trials of each design that was drawn; none where its values cannot go together, or it costs too
        much."""
        self.refused: dict[int, None] = {}
        """Optuna's numbers of the suggestions that break a bound."""
        self.requested: set[str] = set()
        """The requests of people that were taken up."""
        self.epochs_trained = 0
        """Epochs of the search's trials together, confirmations left out."""
        for trial in storage.get_all_trials(self._study_id, deepcopy=False):
            self._take_in(trial)

    # What is there

    @property
    def held(self) -> int:
        """How many trials Optuna holds: the next one gets this number."""
        return len(self._ids)

    @property
    def asked_for(self) -> int:
        """How many trials the search asked for."""
        return len(self._asked)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The trials whose values are all drawn."""
        return tuple(self._shown)

    def of_family(self, family: Family) -> tuple[int, int]:
        """Return how many of the search's trials belong to a family, and how many of them failed."""
        return self._of_family[family], self._failed_of_family[family]

    def running(self) -> list[FrozenTrial]:
        """Return what Optuna holds open and is not frozen, in order."""
        open_ = {number: self.first(number) for number in sorted(self._open)}
        running = [it for it in open_.values() if it.state is OptunaState.RUNNING and not is_frozen(it)]
        self._open = {trial.number for trial in running}
        return running

    def tried(self, params: Params, *, again: bool = False) -> bool:
        """Say whether a design was drawn before; with `again` one whose trials all failed was not."""
        numbers = self._tried.get(self._spec.space.design(params))
        if numbers is None:
            return False
        return not again or not numbers or any(not self._has_failed(number) for number in numbers)

    def trials_of(self, params: Params) -> list[int]:
        """Return the search's own trials of a design."""
        return self._tried.get(self._spec.space.design(params), [])

    def first_with(self, params: Params, *, before: int) -> int | None:
        """Return the first trial of a design that did not fail and has a number below `before`."""
        return next((n for n in self.trials_of(params) if n < before and not self._has_failed(n)), None)

    # One trial

    def id_of(self, number: int) -> int:
        """Return the id by which the storage knows one of Optuna's numbers."""
        return self._ids[number]

    def first(self, number: int) -> FrozenTrial:
        """Return the first part of a trial."""
        return self._storage.get_trial(self._ids[number])

    def live(self, number: int) -> FrozenTrial:
        """Return the part of a trial that Optuna holds open, or held last."""
        return self.first(self._rest[number][-1] if number in self._rest else number)

    def values(self, number: int) -> dict[int, float]:
        """Return a trial's objective after each epoch."""
        if number not in self._rest:
            return self.first(number).intermediate_values
        return {epoch: v for part in self._parts(number) for epoch, v in part.intermediate_values.items()}

    def stints(self, number: int) -> tuple[Stint, ...]:
        """Return a trial's stretches on workers; the last part of it that has any has them all."""
        written = (
            part.user_attrs[STINTS] for part in reversed(self._parts(number)) if STINTS in part.user_attrs
        )
        return tuple(Stint(*values) for values in next(written, ()))

    def config(self, number: int) -> TrainConfig:
        """Return a trial's training config."""
        if number not in self._configs:
            first = self.first(number)
            self._keep(number, reseeded(self._spec.config(first.params), first.user_attrs))
        return self._configs[number]

    def waits(self, number: int) -> bool:
        """Say whether a trial was frozen, and thawed neither since nor after it was told pruned."""
        live = self.live(number)
        return is_frozen(live) or (live.state is OptunaState.PRUNED and FROZEN in live.user_attrs)

    def record(self, number: int) -> TrialRecord:
        """Return a trial as plain values."""
        live, (kept, record) = self.live(number), self._records.get(number, (None, None))
        if record is None or kept is not live:
            record = self._as_record(number)
            self._records[number] = live, record
        return record

    def records(self) -> tuple[TrialRecord, ...]:
        """Return every trial as plain values."""
        return tuple(map(self.record, self._shown))

    # What happened to it

    def enqueued(self) -> None:
        """Note that a trial was enqueued: it has the next number, and waits to be asked for."""
        self.waiting.append(self.held)
        self._hold(self.held)

    def asked(self, number: int) -> None:
        """Note that Optuna gave a trial, of which nothing is drawn yet."""
        if number in self.waiting:
            self.waiting.remove(number)
        self._hold(number)
        self._open.add(number)

    def goes_on(self, number: int) -> None:
        """Note that a trial which was frozen trains again."""
        self._open.add(self.live(number).number)

    def opened(self, trial: FrozenTrial, config: TrainConfig) -> int:
        """Add a trial whose values have just been drawn; return the number that it is known by."""
        number: int = trial.user_attrs.get(CONTINUES, trial.number)
        self._keep(number, config)
        self._show(trial)
        return number

    def cannot_be(self, params: Params) -> None:
        """Note that values cannot go together."""
        self._tried.setdefault(self._spec.space.design(params), [])

    def refuses(self, number: int, params: Params) -> None:
        """Note that a suggestion is not trained, since its network costs too much."""
        self.cannot_be(params)
        self.refused[number] = None

    def dropped(self, number: int) -> None:
        """Note that a suggestion is not to be trained."""
        self._asked.discard(number)

    def reported(self, number: int) -> None:
        """Note that a trial trained one more epoch."""
        self.epochs_trained += CONFIRMS not in self.first(number).user_attrs

    def failed(self, number: int) -> None:
        """Note that a trial failed."""
        first = self.first(number)
        if CONFIRMS not in first.user_attrs:
            self._failed_of_family.update(members(first.params))

    def tested(self, number: int) -> None:
        """Note that a trial was measured on the test sets after its end."""
        self._records.pop(number, None)

    # As an earlier launch left it

    def _take_in(self, trial: FrozenTrial) -> None:
        self._hold(trial.number)
        attrs = trial.user_attrs
        if REQUESTED in attrs and not NOT_ASKED_FOR & attrs.keys():
            self.requested.add(attrs[REQUESTED])
        if trial.state is OptunaState.WAITING:
            self.waiting.append(trial.number)
            return
        if trial.state is OptunaState.RUNNING:
            self._open.add(trial.number)
        if CONFIRMS not in attrs:
            self.epochs_trained += len(trial.intermediate_values)
        if IMPOSSIBLE in attrs:
            self.cannot_be(trial.params)
        if REFUSED in attrs:
            self.refuses(trial.number, trial.params)
        if CONTINUES in attrs or (self._drawn(trial) and not self._repeats(trial)):
            self._show(trial)
            if trial.state is OptunaState.FAIL:
                self.failed(attrs.get(CONTINUES, trial.number))
        elif not NOT_ASKED_FOR & attrs.keys():
            self._asked.add(trial.number)

    def _drawn(self, trial: FrozenTrial) -> bool:
        """Say whether all values of a trial are drawn; a crash, or a reader, may come between two of them,
        or before it is known whether its network costs too much.

        Values that cannot go together were never a trial.
        """
        whole = self._spec.space.complete(trial.params).keys() == trial.params.keys()
        if self._spec.search.bounds and not {COSTS, CONFIRMS} & trial.user_attrs.keys():
            return False
        return whole and not NEVER_TRAINED & trial.user_attrs.keys()

    def _repeats(self, trial: FrozenTrial) -> bool:
        """Say whether a crash came between a trial's last value and the note that it repeats another."""
        begun = bool(trial.intermediate_values) or trial.state.is_finished() or CONFIRMS in trial.user_attrs
        return not begun and self.first_with(trial.params, before=trial.number) is not None

    def _keep(self, number: int, config: TrainConfig) -> None:
        """Keep the config of a trial; what others have of it, and of Optuna's own record, is kept once."""
        parts = {name: self._once.setdefault(part, part) for name, part in config if isinstance(part, Config)}
        self._configs[number] = config.model_copy(update=parts)
        drawn = self.first(number).distributions
        drawn.update({name: self._once.setdefault(name, kind) for name, kind in drawn.items()})

    def _has_failed(self, number: int) -> bool:
        return self.live(number).state is OptunaState.FAIL

    def _hold(self, number: int) -> None:
        if number == self.held:
            self._ids.append(self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number))

    def _show(self, trial: FrozenTrial) -> None:
        """Show a trial, or remember which one goes on under this one."""
        if (first := trial.user_attrs.get(CONTINUES)) is not None:
            rest = self._rest.setdefault(first, [])
            if trial.number not in rest:
                rest.append(trial.number)
            return
        at = bisect_left(self._shown, trial.number)
        if self._shown[at : at + 1] == [trial.number]:
            return
        self._shown.insert(at, trial.number)
        if CONFIRMS not in trial.user_attrs:
            self._asked.add(trial.number)
            self._of_family.update(members(trial.params))
            self._tried.setdefault(self._spec.space.design(trial.params), []).append(trial.number)

    def _parts(self, number: int) -> list[FrozenTrial]:
        return [self.first(part) for part in (number, *self._rest.get(number, ()))]

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
            epochs=tuple(attrs[epoch_key(epoch)] for epoch in epochs),
            objective=values[epochs[-1]] if epochs else None,
            reason=live.user_attrs.get(REASON, ""),
            started_s=first.datetime_start.timestamp() if first.datetime_start else 0.0,
            ended_s=live.datetime_complete.timestamp() if live.datetime_complete else None,
            placement=Placement(**placement) if placement else None,
            folder=trial_folder(self._folder, number),
            pretrained=attrs.get(PRETRAINED),
            confirms=attrs.get(CONFIRMS),
            confirm_plan=_pair(attrs.get(CONFIRM_PLAN)),
            stints=self.stints(number),
            costs=attrs.get(COSTS, {}),
            test=self._storage.get_study_user_attrs(self._study_id).get(test_key(number), {}),
        )


def reseeded(config: TrainConfig, attrs: Mapping[str, Any]) -> TrainConfig:
    """Return the config of a trial; one that repeats another has a seed of its own."""
    return config.model_copy(update={"seed": attrs[SEED]}) if CONFIRMS in attrs else config


def trial_folder(study_folder: Path, number: int) -> Path:
    """Return the folder of a trial's checkpoints."""
    return study_folder / TRIALS / f"{number:04d}"


def _pair(written: list[int] | None) -> tuple[int, int] | None:
    return None if written is None else (written[0], written[1])
