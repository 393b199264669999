"""Draws a trial's values from the sampler: the same ones, wherever a kill came between two of them."""

from __future__ import annotations

from collections.abc import Callable

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial

from hpsearch.space.holes import Choice, Hole, Value

FIXED = "fixed_params"
"""Optuna's attribute of an enqueued trial: the values that no sampler draws."""


def suggested(trial: optuna.Trial, hole: Hole) -> Value:
    """Return what the sampler chooses for a hole."""
    match kind := distribution(hole):
        case CategoricalDistribution():
            return trial.suggest_categorical(hole.name, kind.choices)
        case IntDistribution():
            return trial.suggest_int(hole.name, kind.low, kind.high, log=kind.log, step=kind.step)
        case FloatDistribution():
            return trial.suggest_float(hole.name, kind.low, kind.high, log=kind.log, step=kind.step)


def distribution(hole: Hole) -> CategoricalDistribution | FloatDistribution | IntDistribution:
    """Return what Optuna keeps of a hole beside each value that it suggested for it."""
    if isinstance(hole, Choice):
        return CategoricalDistribution(hole.ends())
    if hole.whole:
        step = 1 if hole.step is None else int(hole.step)
        return IntDistribution(int(hole.low), int(hole.high), log=hole.log, step=step)
    return FloatDistribution(hole.low, hole.high, log=hole.log, step=hole.step)


def going_on(trial: optuna.Trial, before: FrozenTrial) -> Callable[[Hole], Value]:
    """Return what chooses the values of a trial that has some already, those of `before`, after a kill.

    Its sampler is seeded as at first. Optuna does not draw again what is stored, so that the sampler would
    use the random numbers of these values for others. So these are drawn once more, and not used, when the
    first missing value is asked for.
    """
    stored, fixed = dict(before.distributions), before.system_attrs.get(FIXED, {})
    skipped: list[str] = []

    def choose(hole: Hole) -> Value:
        if hole.name in stored:
            skipped.append(hole.name)
        else:
            for name in skipped:
                drawn = name not in fixed and not stored[name].single() and name not in trial.relative_params
                if drawn:
                    trial.study.sampler.sample_independent(trial.study, before, name, stored[name])
            skipped.clear()
        return suggested(trial, hole)

    return choose
