"""When each trial ran, and beside which others: times since the search began, and lanes of its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hpsearch.study.records import TrialRecord

HOURS_FROM_S = 2 * 3600
DIGITS = 3


@dataclass(frozen=True)
class Clock:
    """Times of trials, by number, in `unit` since the first began; `lanes` are the rows of a timeline."""

    unit: str
    began: Mapping[int, float]
    ended: Mapping[int, float]
    lane: Mapping[int, str]
    lanes: tuple[str, ...]


def clock_of(trials: Sequence[TrialRecord]) -> Clock:
    """Return the times of trials. One that still runs lasts until the last thing that is known.

    Each host has as many lanes as trials were open there at once: those that ran, and those that waited,
    frozen, to be thawed.
    """
    start_s = min((trial.started_s for trial in trials), default=0.0)
    known = (trial.ended_s or trial.started_s + trial.trained_s for trial in trials)
    last_s = max(known, default=start_s)
    name, seconds = ("hours", 3600.0) if last_s - start_s >= HOURS_FROM_S else ("minutes", 60.0)
    ends_s = {trial.number: trial.ended_s or last_s for trial in trials}
    free: dict[str, list[float]] = {}
    lane: dict[int, tuple[str, int]] = {}
    for trial in sorted(trials, key=lambda one: (one.started_s, one.number)):
        host = "?" if trial.placement is None else trial.placement.host
        busy = free.setdefault(host, [])
        place = next((at for at, until in enumerate(busy) if until <= trial.started_s), len(busy))
        busy[place : place + 1] = [ends_s[trial.number]]
        lane[trial.number] = host, place
    rows = sorted(set(lane.values()))
    return Clock(
        unit=name,
        began={t.number: round((t.started_s - start_s) / seconds, DIGITS) for t in trials},
        ended={number: round((end_s - start_s) / seconds, DIGITS) for number, end_s in ends_s.items()},
        lane={number: _title(*of) for number, of in lane.items()},
        lanes=tuple(_title(*row) for row in rows),
    )


def _title(host: str, place: int) -> str:
    return f"{host} · {place + 1}"
