"""The axes of searched values: where each trial lies on each of them, those without the value too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hpsearch.report.charts.ticks import ticks
from hpsearch.study.naming import rows, short_names, shown
from hpsearch.study.records import TrialRecord

FIRST = {
    "pretext": "pretext task",
    "init": "init",
    "pretext.flag": "flag: branch after stage",
    "pretext.grid": "grid",
    "pretext.heads": "heads: self-supervised",
    "pretext.ssl_weight": "ssl_weight",
    "network.dropout": "dropout",
}
"""Shared path of a value -> the title of its axis, which begins as tables name it; these come first."""

OF_BRANCH = ("pretext.flag", "pretext.ssl_weight")
"""Values that have no effect without self-supervised heads."""

MOST_DIMENSIONS = 12
MOST_SLOTS = 6
"""Distinct whole numbers that get a place each; with more of them the axis is continuous."""
LOG_FROM = 10.0
"""Ratio of the largest to the smallest value from which a factor's axis is logarithmic."""
FACTORS = ("ssl_weight", "lr", "eps", "weight_decay")
"""Last parts of the paths of factors, whose values are compared by their ratio."""

NONE = "none"
NONE_AT = -0.16
"""Where trials lie that have no such value; all others lie in [0, 1]."""
JITTER = 0.5
"""The share of a word's place over which trials are spread, so that they do not cover each other."""


@dataclass(frozen=True)
class Tick:
    """A label of an axis at its position."""

    at: float
    text: str


@dataclass(frozen=True)
class Dimension:
    """One searched value as an axis: the position and the text of each trial, by number."""

    key: str
    """The field of a trial's data with its position."""
    title: str
    ticks: tuple[Tick, ...]
    positions: Mapping[int, float]
    texts: Mapping[int, str]
    continuous: bool
    of_numbers: bool = False
    """Whether every value is a number."""

    @property
    def has_none(self) -> bool:
        """Whether some trials have no such value."""
        return any(tick.at == NONE_AT for tick in self.ticks)


def dimensions(trials: Sequence[TrialRecord]) -> tuple[Dimension, ...]:
    """Return the axis of each value that differs between trials, those of `FIRST` first."""
    known = {trial.number: _values(trial) for trial in trials}
    names = short_names(trials)
    searched = sorted({path for trial in trials for path in trial.shared_params} - {"seed"})
    found: list[Dimension] = []
    for path in dict.fromkeys((*FIRST, *searched)):
        values = {number: of_trial[path] for number, of_trial in known.items() if path in of_trial}
        differs = len(set(map(str, values.values()))) > 1
        if values and (differs or (len(values) < len(known) and path in searched)):
            title = FIRST.get(path) or names.get(path, path)
            found.append(dimension(f"p{len(found)}", title, values, list(known), path.endswith(FACTORS)))
    return tuple(found[:MOST_DIMENSIONS])


def dimension(
    key: str, title: str, values: Mapping[int, object], numbers: Sequence[int], factor: bool = False
) -> Dimension:
    """Return the axis of the values of trials; those of `numbers` without one lie at `NONE_AT`."""
    plain = {n: value for n, value in values.items() if isinstance(value, int | float)}
    plain = {n: value for n, value in plain.items() if not isinstance(value, bool)}
    many = len(set(plain.values())) > MOST_SLOTS or any(isinstance(value, float) for value in plain.values())
    continuous = len(plain) == len(values) and many
    if continuous:
        marks, positions = _on_a_scale({n: float(value) for n, value in plain.items()}, factor)
    else:
        marks, positions = _in_places(values)
    missing = [number for number in numbers if number not in values]
    if missing:
        marks = [Tick(NONE_AT, NONE), *marks]
        positions |= {n: NONE_AT + 0.05 * aside for n, aside in zip(missing, _spread(), strict=False)}
    texts = {number: shown(values[number]) if number in values else NONE for number in numbers}
    return Dimension(
        key, title, tuple(marks), positions, texts, continuous, of_numbers=len(plain) == len(values)
    )


def _on_a_scale(values: Mapping[int, float], factor: bool) -> tuple[list[Tick], dict[int, float]]:
    low, high = min(values.values()), max(values.values())
    log = factor and low > 0 and high / low >= LOG_FROM

    def position(value: float) -> float:
        ends = (math.log(low), math.log(high)) if log else (low, high)
        along = math.log(value) if log else value
        return 0.5 if high == low else (along - ends[0]) / (ends[1] - ends[0])

    whole = all(float(value).is_integer() for value in values.values())
    marks = [value for value in ticks(low, high, 4, log=log) if not whole or value.is_integer()] or [low]
    made = [Tick(round(position(value), 4), f"{value:g}") for value in marks]
    return made, {number: position(value) for number, value in values.items()}


def _in_places(values: Mapping[int, object]) -> tuple[list[Tick], dict[int, float]]:
    """Return a place for each distinct value, and each trial in it: at its number, near its word."""
    places = _in_order(values.values())
    width = 1 / len(places)
    words = any(isinstance(value, bool) or not isinstance(value, int | float) for value in places)
    jitter = JITTER if words else 0.0
    middles = {str(value): (place + 0.5) * width for place, value in enumerate(places)}
    asides = {str(value): _spread() for value in places}
    positions = {
        number: middles[str(value)] + next(asides[str(value)]) * jitter * width
        for number, value in values.items()
    }
    return [Tick(round(middles[str(value)], 4), shown(value)) for value in places], positions


def _in_order(values: Iterable[object]) -> list[object]:
    distinct = list({str(value): value for value in values}.values())
    numbers = [value for value in distinct if isinstance(value, int | float)]
    return [*sorted(numbers)] if len(numbers) == len(distinct) else distinct


def _spread() -> Iterator[float]:
    """Yield numbers in [-0.5, 0.5) that fill it evenly, beginning in the middle."""
    place = 0
    while True:
        yield (place * 0.618034 + 0.5) % 1 - 0.5
        place += 1


def _values(trial: TrialRecord) -> Mapping[str, object]:
    """Return a trial's searched values and those of `FIRST`, by shared path."""
    written = {row.shared: row.text for row in rows(trial.config)}
    fixed = {path: _read(written[path]) for path in FIRST if path in written}
    if fixed.get("pretext.heads") is False:  # without a branch its place and weight have no effect
        fixed = {path: value for path, value in fixed.items() if path not in OF_BRANCH}
    return {**fixed, **trial.shared_params, "pretext": fixed["pretext"]}


def _read(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
