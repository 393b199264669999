"""Gives a search its trials: those enqueued, those suggested, those that go on; no design twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial
from optuna.trial import TrialState as OptunaState
from pydantic import ValidationError

from hpsearch.space.holes import Hole, Params, Value
from hpsearch.study.bounds import Costs, broken, excesses
from hpsearch.study.journal.schema import (
    CONFIRMS,
    CONTINUES,
    COSTS,
    EXEMPT,
    IMPOSSIBLE,
    REFUSED,
    REPEATS,
    REQUESTED,
    SKIPPED,
)
from hpsearch.study.policy.families import Family
from hpsearch.study.policy.forecasts import WithForecasts
from hpsearch.study.requests import requested_designs, withdraw_design
from hpsearch.study.spec import StudySpec, design_params
from hpsearch.study.suggestions import going_on, suggested
from hpsearch.study.trials import Trials, reseeded
from hpsearch.study.untried import Untried
from trainables.base.errors import InputError
from trainables.training.config import TrainConfig

MOST_IMPOSSIBLE = 100
"""Suggestions that may be impossible one after another."""

MOST_REPEATED = 100
"""Suggestions that may repeat what was tried, where what is left cannot be listed."""


@dataclass(frozen=True)
class Ask:
    """A trial that is to run: `config` follows from `params`; `epochs_done` were reported before."""

    number: int
    params: Params
    config: TrainConfig
    epochs_done: int


class Asking:
    """The trials of one study, as Optuna's sampler draws them.

    `learned` gives the trials that the sampler learns from, each complete; `costs` says what networks cost.
    """

    def __init__(
        self,
        study: optuna.Study,
        trials: Trials,
        folder: Path,
        spec: StudySpec,
        learned: Callable[[], list[FrozenTrial]],
        costs: Costs,
    ) -> None:
        self._study = study
        self._trials = trials
        self._folder = folder
        self._spec = spec
        self._learned = learned
        self._costs = costs
        self._untried = Untried(spec.space, trials, spec.search.seed)
        self.refusal = ""
        """Which bounds the last suggestion that was refused breaks, in words."""
        self._refused_designs: list[str] = []
        self._refused_families: set[Family] = set()

    @property
    def enqueued(self) -> tuple[Params, ...]:
        """The designs of `search.enqueue` that are still to be asked for."""
        skipped: int = self._study.user_attrs.get(SKIPPED, 0)
        return self._spec.enqueued[max(self._trials.asked_for + skipped - len(self._trials.requested), 0) :]

    def unfinished(self) -> list[Ask]:
        """Return the trials that were running when the last launch ended, to go on from where they were.

        With what a driver enqueued that died then: left for later, it would be taken for the next trial that
        is enqueued, and its design or seed trained twice.
        """
        asks = [self._resumed(trial) for trial in self._trials.running()]
        while self._trials.waiting:
            asks.append(self._drawn(again=True))
        return [ask for ask in asks if ask is not None]

    def next(self, family: Family | None = None) -> Ask | None:
        """Return the next trial: an enqueued one, else the sampler's suggestion, of `family` where given.

        None where every design of the space has been tried: no two trials are alike. Enqueued trials, and
        those asked of a family, are never stopped early. The sampler is seeded by the study's seed and the
        number that the trial gets, so that a study that was interrupted suggests what it would have
        suggested, and no two suggestions share a seed.
        """
        while enqueued := self.enqueued:
            index = len(self._spec.enqueued) - len(enqueued)
            if ask := self._new(enqueued[0], self._enqueued_attrs(index), again=True):
                return ask
            if self.refusal and index < len(self._spec.search.enqueue):
                self._refused_designs.append(f"design {index + 1} of search.enqueue: {self.refusal}")
            self._study.set_user_attr(SKIPPED, self._study.user_attrs.get(SKIPPED, 0) + 1)
        if family is not None and family not in self._refused_families:
            if ask := self._new(dict([family]), {EXEMPT: True}):
                return ask
            if self.refusal:
                self._refused_families.add(family)
        self.refusal = ""
        return None if self._spec.search.sampler.enumerates else self._new({}, {})

    def refused_designs(self) -> list[str]:
        """Return once, in words, what a person wanted tried that breaks a bound."""
        found, self._refused_designs = self._refused_designs, []
        return found

    def requested(self) -> Ask | None:
        """Return a trial of the oldest design that somebody asked to try next; None where there is none."""
        known = frozenset(self._trials.requested)
        for name, design in requested_designs(self._folder).items():
            if name not in known:
                params, _ = design_params(self._spec.space, design)  # checked when it was requested
                attrs = {REQUESTED: name} | ({} if self._spec.search.prune_enqueued else {EXEMPT: True})
                ask = self._new(params, attrs, again=True)
                if ask is None and self.refusal:
                    self._refused_designs.append(f"the design that was enqueued as {name}: {self.refusal}")
                self._trials.requested.update([name] if ask else [])
            withdraw_design(self._folder, name)
            if name not in known and ask:
                return ask
        return None

    def part_of(self, number: int, attrs: dict[str, Any]) -> Ask:
        """Return a trial with the values of another, which `attrs` say what it is to."""
        self._enqueue(self._trials.first(number).params, attrs)
        return self._fill(self._next())

    def held(self, frozen: FrozenTrial) -> Ask:
        """Return a trial that Optuna holds open, all of whose values are drawn."""
        return self._fill(self._trial(frozen))

    def _enqueued_attrs(self, index: int) -> dict[str, Any]:
        """Return the attributes of an enqueued design: people's own are never stopped early."""
        known = index < len(self._spec.search.enqueue) and not self._spec.search.prune_enqueued
        return {EXEMPT: True} if known else {}

    def _enqueue(self, params: Params, attrs: dict[str, Any]) -> None:
        self._study.enqueue_trial(params, user_attrs=attrs)
        self._trials.enqueued()

    def _next(self) -> optuna.Trial:
        """Return the oldest trial that is enqueued, or a new one; nothing of it is drawn yet."""
        trial = self._study.ask()
        self._trials.asked(trial.number)
        return trial

    def _seed_sampler(self, number: int) -> None:
        seed = int(np.random.SeedSequence([self._spec.search.seed, number]).generate_state(1)[0])
        directions = [StudyDirection[each.direction.name] for each in self._spec.objectives]
        sampler = self._spec.search.sampler.build(seed)
        self._study.sampler = WithForecasts(sampler, self._learned, self._trials.running, directions)

    def _new(self, wanted: Params, attrs: dict[str, Any], *, again: bool = False) -> Ask | None:
        """Return a trial with the values `wanted` whose design was not tried, None where there is none.

        With `again` a design whose trials all failed may be tried again.
        """
        self.refusal = ""
        for repeats in range(MOST_REPEATED):
            given = self._untried.given(wanted, repeats, again=again)
            if given is None:
                return None
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
            if not own and self._refuses(trial, params, config):
                return None
            if own or not self._trials.tried(params, again=again):
                return self._opened(trial, params, config)
            self._drop(trial, REPEATS, self._trials.trials_of(params)[0])
            return None
        raise InputError(
            f"{MOST_IMPOSSIBLE} suggestions in a row break a rule between their values, the last: "
            f"{self._trials.first(trial.number).user_attrs[IMPOSSIBLE]}: narrow the ranges"
        )

    def _refuses(self, trial: optuna.Trial, params: Params, config: TrainConfig) -> bool:
        """Say whether a suggestion's network costs too much; then it is dropped, and the sampler shown it."""
        bounds = self._spec.search.bounds
        if not bounds or COSTS in trial.user_attrs:
            return False
        costs = self._costs(config)
        self.refusal = broken(costs, bounds)
        if not self.refusal:
            return False
        for name, excess in excesses(costs, bounds).items():
            if name not in trial.constraints:  # a driver that died here may have written some
                trial.set_constraint(name, excess)
        self._drop(trial, REFUSED, self.refusal)
        self._trials.refuses(trial.number, params)
        return True

    def _drop(self, trial: optuna.Trial, key: str, why: Any) -> None:
        """End a suggestion that is not to be trained."""
        trial.set_user_attr(key, why)
        self._study.tell(trial, state=OptunaState.FAIL)
        self._trials.dropped(trial.number)

    def _values(
        self, trial: optuna.Trial, choose: Callable[[Hole], Value] | None = None
    ) -> tuple[Params, TrainConfig]:
        """Draw what is open of a trial. Raises `ValidationError` for values that cannot go together."""
        params, tree = self._spec.space.draw(choose or partial(suggested, trial))
        config = TrainConfig.model_validate(self._spec.as_begun(tree))
        return params, reseeded(config, trial.user_attrs)

    def _opened(self, trial: optuna.Trial, params: Params, config: TrainConfig) -> Ask:
        """Return a trial whose values are drawn under the number that it is known by."""
        if self._spec.costs and COSTS not in trial.user_attrs:
            trial.set_user_attr(COSTS, dict(self._costs(config)))
        number = self._trials.opened(self._trials.first(trial.number), config)
        return Ask(number, params, self._trials.config(number), max(self._trials.values(number), default=0))

    def _fill(self, trial: optuna.Trial) -> Ask:
        """Draw what is open of a trial, and return it under the number that it is known by."""
        return self._opened(trial, *self._values(trial))

    def _resumed(self, frozen: FrozenTrial) -> Ask | None:
        """Return a trial that was running when the driver died, None for one that only repeats another."""
        self._seed_sampler(frozen.number)
        trial = self._trial(frozen)
        params, config = self._values(trial, going_on(trial, frozen))
        own = frozen.intermediate_values or {CONFIRMS, CONTINUES} & frozen.user_attrs.keys()
        if not own and self._refuses(trial, params, config):
            return None
        same = None if own else self._trials.first_with(params, before=frozen.number)
        if same is None:
            return self._opened(trial, params, config)
        self._drop(trial, REPEATS, same)
        return None

    def _trial(self, frozen: FrozenTrial) -> optuna.Trial:
        return optuna.trial.Trial(self._study, self._trials.id_of(frozen.number))
