"""Whether anything was learned: said before any verdict, since designs that learn nothing rank by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hpsearch.results.alike import answers_alike
from hpsearch.results.arms import Arm
from hpsearch.results.comparison import Comparison, Outcome
from hpsearch.results.statistics import f_tail
from hpsearch.results.titles import guessing
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.base.errors import InputError
from trainables.pretext import collapse_levels
from trainables.training.image_errors import errors_file, read_images
from trainables.training.metric_names import VALIDATION, pretext

HARDLY = 0.95
"""Of the error of always guessing the mean: a network that has learned the task errs far less."""

DIVERGED = 1.5
"""Times that error: a network that only guesses badly does not reach it."""

FEW_EPOCHS = 3
CHANCE = 0.05

SHOWN = 3
"""Trials that are named."""


def learned(study: StudyRecord, arms: Sequence[Arm], found: Comparison) -> tuple[str, ...]:
    """Return the sentences to be said first where nothing, or next to nothing, was learned."""
    finished = [arm for arm in arms if arm.mean is not None]
    if not finished:
        return ()
    parts = [*_against_the_mean(study, finished[0]), *_rising(finished[0]), *_diverged(study)]
    parts += _collapsed(study)
    if found.outcome not in (Outcome.AHEAD, Outcome.BEHIND):
        parts += _noise_alone(finished)
    return tuple(parts)


def _against_the_mean(study: StudyRecord, leader: Arm) -> Iterator[str]:
    aim, mean = study.objective, study.provenance.training_mean
    guess, level = guessing(leader.config.target), leader.level
    errors = f"it has {aim.shown(level)} and {guess} has {aim.shown(mean)} ({aim.title})"
    if aim.cost(level) >= aim.cost(mean):
        yield f"Nothing was learned: the leading design is no better than {guess}: {errors}."
    elif mean and abs(level - mean) <= (1 - HARDLY) * abs(mean):
        yield f"Hardly anything was learned: the leading design is next to {guess}: {errors}."
    else:
        return
    if _one_answer(leader.best_run):
        yield "It gives nearly the same answer for every image."
    yield (
        "Look at the labels (hpsearch data check, data show), and try another learning rate or more epochs."
    )


def _one_answer(trial: TrialRecord) -> bool:
    """Say whether a network's predictions of the validation images hardly differ; False where unknown."""
    try:
        kept = read_images(errors_file(trial.folder, VALIDATION), trial.config.target)
    except InputError:  # a damaged file is told where predictions are shown
        return False
    return kept is not None and answers_alike(kept.predictions)


def _rising(leader: Arm) -> Iterator[str]:
    """Say where the error on the validation set was never lower than after the first epoch."""
    aim = leader.objective
    curves = [[row[aim.name] for row in run.epochs if aim.name in row] for run, _ in leader.runs()]
    long = [[aim.cost(value) for value in curve] for curve in curves if len(curve) >= FEW_EPOCHS]
    if long and all(min(curve) == curve[0] < curve[-1] for curve in long):
        yield (
            f"The validation {aim.noun} of the leading design is best after the first epoch and worse ever "
            "after: what is learned from the training images does not hold for the validation images. Look "
            "whether both sets mean the same by their labels and crops, or lower the learning rate."
        )


def _diverged(study: StudyRecord) -> Iterator[str]:
    mean = study.provenance.training_mean
    if study.objective.cost(1.0) < 0 or mean <= 0:
        return
    ended = (TrialState.COMPLETE, TrialState.PRUNED)  # others may yet learn
    values = {trial.number: trial.objective for trial in study.trials if trial.state in ended}
    far = {number: value / mean for number, value in values.items() if value and value >= DIVERGED * mean}
    if far:
        worst = sorted(far, key=lambda number: -far[number])[:SHOWN]
        named = ", ".join(f"trial {number} ({far[number]:.1f} times)" for number in worst)
        others = f" and {len(far) - SHOWN} more" if len(far) > SHOWN else ""
        guess = guessing(study.trials[0].config.target)
        yield f"Far worse than {guess}: {named}{others}. They diverged, and say nothing of their designs."


def _collapsed(study: StudyRecord) -> Iterator[str]:
    """Say whose helper collapsed: it says the same of every image."""
    low = {trial.number: least for trial in study.trials if (least := min(_below(trial), default=None))}
    if low:
        numbers = sorted(low, key=lambda number: low[number])
        shown = ((number, *low[number]) for number in numbers[:SHOWN])
        named = ", ".join(
            f"trial {n} ({name} {value:.2f}, below {level:g})" for n, value, name, level in shown
        )
        others = f" and {len(low) - SHOWN} more" if len(low) > SHOWN else ""
        yield (
            f"A helper collapsed: {named}{others}. It says the same of every image, and nothing is learned "
            "from it."
        )


def _below(trial: TrialRecord) -> Iterator[tuple[float, str, float]]:
    """Yield each measure of a trial's helper that says it collapsed: its last value, its name, the bound."""
    for name, bound in collapse_levels(trial.config.pretext).items():
        values = (row[pretext(name)] for row in reversed(trial.epochs) if pretext(name) in row)
        if (last := next(values, bound)) < bound:
            yield last, name, bound


def _noise_alone(finished: Sequence[Arm]) -> Iterator[str]:
    """Say where the designs differ no more than runs of one design do, by an analysis of variance."""
    samples = [np.array(list(arm.values.values())) for arm in finished if len(arm.values) > 1]
    if len(samples) < 3:  # two are compared by the verdict
        return
    everything = np.concatenate(samples)
    between = sum(len(one) * float((one.mean() - everything.mean()) ** 2) for one in samples) / (
        len(samples) - 1
    )
    df = len(everything) - len(samples)
    within = sum(float(((one - one.mean()) ** 2).sum()) for one in samples) / df
    if within > 0 and f_tail(between / within, len(samples) - 1, df) > CHANCE:
        yield (
            f"The {len(samples)} designs with several seeds differ no more than runs of one design do: which "
            "of them leads is chance, as far as these runs tell."
        )
