"""When each trial ran, and beside which others: times since the search began, and lanes of its workers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hpsearch.study.records import TrialRecord, TrialState
from trainables.training.metric_names import EPOCH_S

HOURS_FROM_S = 2 * 3600
DIGITS = 3
NO_WAIT_S = 1.0
"""As long as a driver takes to hand a trial out."""


@dataclass(frozen=True)
class Bar:
    """A stretch of a trial on a worker; `frozen` says whether it was frozen at its end."""

    lane: str
    began: float
    ended: float
    frozen: bool = False


@dataclass(frozen=True)
class Clock:
    """Times of trials, by number, in `unit` since the first began; `lanes` are the rows of a timeline.

    `asked` is when a trial was asked for, `bars` are its stretches on workers, of which a trial of an older
    version has one, from its start to its end, waits included: it is one of `unknown`.
    """

    unit: str
    asked: Mapping[int, float]
    bars: Mapping[int, tuple[Bar, ...]]
    lanes: tuple[str, ...]
    unknown: frozenset[int]

    def ended(self, number: int) -> float:
        """Return when a trial trained last."""
        return self.bars[number][-1].ended

    def waits(self, number: int) -> Iterator[tuple[Bar, Bar]]:
        """Yield what a trial waited between: before its first bar, and from each bar to the next."""
        first = self.bars[number][0]
        before = Bar(first.lane, self.asked[number], self.asked[number])
        least = NO_WAIT_S / SECONDS[self.unit]
        for one, other in pairwise((before, *self.bars[number])):
            if other.began - one.ended >= least or one.frozen:
                yield one, other


SECONDS = {"minutes": 60.0, "hours": 3600.0}


@dataclass(frozen=True)
class _Stretch:
    """A bar in Unix seconds that has no lane yet."""

    number: int
    host: str
    began_s: float
    ended_s: float
    frozen: bool


def clock_of(trials: Sequence[TrialRecord]) -> Clock:
    """Return the times of trials. One that still runs lasts until the last thing that is known.

    Each host has as many lanes as trials were on workers there at once; where it is not known when trials
    were frozen, those that waited to be thawed are among them.
    """
    start_s = min((trial.started_s for trial in trials), default=0.0)
    last_s = max((_known_s(trial) for trial in trials), default=start_s)
    unit = "hours" if last_s - start_s >= HOURS_FROM_S else "minutes"
    stretches = [stretch for trial in trials for stretch in _stretches(trial, last_s)]
    lanes = _lanes(stretches)

    def since(at_s: float) -> float:
        return round((at_s - start_s) / SECONDS[unit], DIGITS)

    bars: dict[int, list[Bar]] = {trial.number: [] for trial in trials}
    for one, lane in zip(stretches, lanes, strict=True):
        bars[one.number].append(Bar(_title(*lane), since(one.began_s), since(one.ended_s), one.frozen))
    return Clock(
        unit=unit,
        asked={trial.number: since(trial.started_s) for trial in trials},
        bars={number: tuple(found) for number, found in bars.items()},
        lanes=tuple(_title(*lane) for lane in sorted(set(lanes), key=_in_order)),
        unknown=frozenset(trial.number for trial in trials if not trial.stints),
    )


def _known_s(trial: TrialRecord) -> float:
    """Return the last time that is known of a trial."""
    if trial.ended_s is not None:
        return trial.ended_s
    if not trial.stints:
        return trial.started_s + trial.trained_s
    last = trial.stints[-1]
    return last.ended_s or last.began_s + _took_s(trial, last.epochs_done, None)


def _stretches(trial: TrialRecord, last_s: float) -> Iterator[_Stretch]:
    """Yield the stretches of a trial; of one that was cut off the end follows from its epochs."""
    if not trial.stints:
        host = "?" if trial.placement is None else trial.placement.host
        yield _Stretch(trial.number, host, trial.started_s, trial.ended_s or last_s, frozen=False)
        return
    for stint, after in zip(trial.stints, (*trial.stints[1:], None), strict=True):
        if stint.ended_s is not None:
            ended_s = stint.ended_s
        elif after is None and trial.state is not TrialState.INTERRUPTED:
            ended_s = trial.ended_s or last_s
        else:
            until = None if after is None else after.epochs_done
            ended_s = stint.began_s + _took_s(trial, stint.epochs_done, until)
        if after is not None:
            ended_s = min(ended_s, after.began_s)
        yield _Stretch(trial.number, stint.host, stint.began_s, ended_s, stint.ended_s is not None)


def _took_s(trial: TrialRecord, first: int, until: int | None) -> float:
    return sum(metrics.get(EPOCH_S, 0.0) for metrics in trial.epochs[first:until])


def _lanes(stretches: Sequence[_Stretch]) -> list[tuple[str, int]]:
    """Return the host and the place of each stretch; those of one place follow each other."""
    free: dict[str, list[float]] = {}
    found: dict[int, tuple[str, int]] = {}
    for at, one in sorted(enumerate(stretches), key=lambda pair: (pair[1].began_s, pair[1].number)):
        busy = free.setdefault(one.host, [])
        place = next((place for place, until in enumerate(busy) if until <= one.began_s), len(busy))
        busy[place : place + 1] = [one.ended_s]
        found[at] = one.host, place
    return [found[at] for at in range(len(stretches))]


def _in_order(lane: tuple[str, int]) -> tuple[list[str | int], int]:
    """Return what lanes are sorted by: `node-2` comes before `node-10`."""
    parts = re.split(r"(\d+)", lane[0])
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], lane[1]


def _title(host: str, place: int) -> str:
    return f"{host} · {place + 1}"
