"""Allocates the budget: whenever a slot is free, to a new trial or to a frozen one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from hpsearch.study.asking import Ask
from hpsearch.study.policy.families import Family, families_of, member
from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.study.study import Study

ATTEMPTS = 3
"""Designs of a family that may fail before no further one is forced."""


@dataclass(frozen=True)
class Budget:
    """How far a search goes; None: no such limit.

    `trials` and `epochs` are what the study shall hold in the end, `deadline_s` is when, by the allocation's
    clock, nothing further starts.
    """

    trials: int | None = None
    epochs: int | None = None
    deadline_s: float | None = None


class Allocation:
    """Decides what trains next, and which trials wait at a rung.

    Every family gets its chance first: as long as one has no design, the next trial is of that family, and it
    is never stopped early. What the user asked to try comes before that. Then frozen trials that have earned
    it come before new ones. Where the epochs left would not let a new trial finish, they go to the most
    promising frozen ones that they take to the next rung: together trials never train more than the budget.
    `kept` says whether a trial's checkpoint is there; `now_s` is the clock.
    """

    def __init__(
        self,
        study: Study,
        budget: Budget,
        kept: Callable[[int], bool],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._study = study
        self._budget = budget
        self._kept = kept
        self._now_s = now_s
        enumerates = study.spec.search.sampler.enumerates
        self._families = () if enumerates else families_of(study.spec.space)
        self.used_up = False
        """Whether every design of the space has been tried."""
        self._running: dict[int, int] = {}  # number -> the epoch it may be frozen or ends after
        self._unfinished: list[Ask] = []
        for ask in study.unfinished():
            if study.stops(ask.number):  # the driver died before it was told so
                study.prune(ask.number)
            elif study.at_rung(ask.number):  # the driver died before it was decided who goes on
                study.freeze(ask.number)
            else:
                self._unfinished.append(ask)

    def next_ask(self) -> Ask | None:
        """Return the trial to train now: one that was interrupted, a frozen one, a new one; None for none."""
        if self._unfinished:  # whatever the budget: it had room for them when they began
            return self._started(self._unfinished.pop(0))
        if self._late or self._epochs_left <= 0:
            return None
        trials = self._budget.trials
        # A new trial begins only where the epochs let it finish: one that cannot has no final error.
        room = (trials is None or self._study.asked < trials) and self._epochs_left >= self._study.spec.epochs
        if room and (requested := self._study.ask_requested()):
            return self._started(requested)
        promoted = self._study.standings.promoted(self._can_go_on)
        if promoted is not None:
            return self._started(self._study.thaw(promoted))
        if room and not self.used_up:
            if ask := self._study.ask(self._without_a_design()):
                return self._started(ask)
            self.used_up = True
        if self._budget.epochs is None:
            return None
        waiting = self._study.standings.most_promising(self._can_go_on)
        return None if waiting is None else self._started(self._study.thaw(waiting))

    def put_back(self, ask: Ask) -> None:
        """Take a trial back that cannot start now: it is the next."""
        self.ended(ask.number)
        self._unfinished.insert(0, ask)

    def freeze_or_promote(self, number: int) -> bool:
        """Freeze a trial that has just reported, or let it go on; return whether it is frozen now."""
        if not self._study.at_rung(number):
            return False
        self._running.pop(number, None)  # its epochs to the next rung are free while this is decided
        standings = self._study.standings
        standings.froze(number)  # it is compared with those that wait, and so must be one of them
        # Where another has earned it more, this one waits, and `next_ask` gives the free slot to that one.
        if not self._late and standings.promoted(lambda it: self._can_go_on(it, running=number)) == number:
            self._study.promote(number)
            self._running[number] = self._next_rung_of(number)
            return False
        self._study.freeze(number)
        return True

    def may_freeze_after(self, ask: Ask) -> tuple[int, ...]:
        """Return the epochs after which a trial may be frozen."""
        halving = self._study.halving
        return (
            () if halving is None or self._study.exempt(ask.number) else halving.rungs_of(ask.config.epochs)
        )

    def ended(self, number: int) -> None:
        """Note that a trial no longer runs."""
        self._running.pop(number, None)

    @property
    def trains(self) -> bool:
        """Whether a trial of the search itself is under way, confirmations left out."""
        return not all(map(self._study.confirms, self._running))

    @property
    def left(self) -> int | None:
        """Trials that run or will, but for frozen ones that thaw; None where no number ends the search."""
        if self._budget.trials is None:
            return None
        new = 0 if self.used_up or self._late else max(self._budget.trials - self._study.asked, 0)
        return new + len(self._running) + len(self._unfinished)

    def without_full_run(self, record: StudyRecord) -> tuple[Family, ...]:
        """Return the families of which no design has trained its full budget."""
        done = [trial for trial in record.searched if trial.state is TrialState.COMPLETE]
        return tuple(
            family for family in self._families if not any(member(trial.params, family) for trial in done)
        )

    def _can_go_on(self, number: int, running: int | None = None) -> bool:
        """Say whether a trial that waits can be trained to its next rung; the one `running` needs no file."""
        ahead = self._next_rung_of(number) - self._study.standings.epochs_done(number)
        return ahead <= self._epochs_left and (number == running or self._kept(number))

    def _next_rung_of(self, number: int) -> int:
        done = self._study.standings.epochs_done(number)
        return self._next_rung(number, done, self._study.epochs_of(number))

    @property
    def _late(self) -> bool:
        deadline_s = self._budget.deadline_s
        return deadline_s is not None and self._now_s() >= deadline_s

    @property
    def _epochs_left(self) -> float:
        """Epochs that no trial has trained or is about to train before its next rung."""
        if self._budget.epochs is None:
            return float("inf")
        done = self._study.standings.epochs_done
        ahead = sum(max(rung - done(number), 0) for number, rung in self._running.items())
        return self._budget.epochs - self._study.epochs_trained - ahead

    def _started(self, ask: Ask) -> Ask:
        self._running[ask.number] = self._next_rung(ask.number, ask.epochs_done, ask.config.epochs)
        return ask

    def _next_rung(self, number: int, done: int, epochs: int) -> int:
        halving = self._study.halving
        if halving is None or self._study.exempt(number):
            return epochs
        return next((rung for rung in halving.rungs_of(epochs) if rung > done), epochs)

    def by_promise(self) -> list[int]:
        """Return the frozen trials that can be thawed, the most promising first."""
        return self._study.standings.by_promise(self._kept)

    def _without_a_design(self) -> Family | None:
        """Return the first family that no trial belongs to, or only trials that failed, up to `ATTEMPTS`."""
        for family in self._families:
            begun, failed = self._study.family_counts(family)
            if begun > failed or begun >= ATTEMPTS:
                continue
            if not any(member(params, family) for params in self._study.enqueued):
                return family
        return None
