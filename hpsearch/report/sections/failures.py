"""The part of the page about trials that failed: why, how many, and of which designs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hpsearch.report.style import task_of
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState

MOST_NUMBERS = 8
"""Trial numbers that a row lists."""


@dataclass(frozen=True)
class Failure:
    """Trials that failed alike: the reason of the first of them, in its own words."""

    reason: str
    count: int
    trials: str
    tasks: str


def failures_section(study: StudyRecord) -> tuple[Failure, ...]:
    """Return a row per reason, the most frequent first; reasons that differ in numbers alone are one."""
    alike: dict[str, list[TrialRecord]] = {}
    for trial in study.trials:
        if trial.state is TrialState.FAILED:
            alike.setdefault(re.sub(r"\d+", "0", trial.reason), []).append(trial)
    return tuple(_row(trials) for trials in sorted(alike.values(), key=len, reverse=True))


def _row(trials: list[TrialRecord]) -> Failure:
    numbers = [str(trial.number) for trial in trials]
    more = ", …" if len(numbers) > MOST_NUMBERS else ""
    return Failure(
        reason=trials[0].reason or "no reason was recorded",
        count=len(trials),
        trials=", ".join(numbers[:MOST_NUMBERS]) + more,
        tasks=", ".join(dict.fromkeys(task_of(trial.config) for trial in trials)),
    )
