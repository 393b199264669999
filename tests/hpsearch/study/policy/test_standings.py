"""Standings that are kept up decide as halving does that looks at all trials at every decision."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.study.policy.halving import Halving, Ranking
from hpsearch.study.policy.standings import Standings

EPOCHS, RUNGS = 6, (1, 3)


@dataclass
class Trial:
    """A trial of the oracle."""

    number: int
    family: str
    curve: list[float] = field(default_factory=list)
    waits: bool = False
    failed: bool = False


class Oracle:
    """Successive halving by promotion, as its definition reads."""

    def __init__(self, halving: Halving) -> None:
        self.halving, self.trials = halving, list[Trial]()

    def promoted(self, gone: set[int]) -> int | None:
        for rung in reversed(self.halving.rungs):
            earned = [
                one
                for pool in self._pools(rung)
                for one in pool[: math.ceil(len(pool) / self.halving.factor)]
                if one.waits and one.number not in gone and len(one.curve) == rung
            ]
            if earned:
                return self._in_order(earned)[0].number
        return None

    def by_promise(self, gone: set[int]) -> list[int]:
        waiting = [one for one in self._there if one.waits and one.number not in gone]
        return [one.number for one in self._in_order(waiting)]

    @property
    def _there(self) -> list[Trial]:
        return [one for one in self.trials if not one.failed]

    def _pools(self, rung: int) -> Iterator[Sequence[Trial]]:
        reached = [
            one for one in self._there if len(one.curve) >= rung and math.isfinite(one.curve[rung - 1])
        ]
        together = self.halving.ranking == "all"
        for family in {"" if together else one.family for one in reached}:
            pool = [one for one in reached if together or one.family == family]
            yield sorted(pool, key=lambda one: (one.curve[rung - 1], one.number))

    def _in_order(self, waiting: Iterable[Trial]) -> list[Trial]:
        def promise(one: Trial) -> tuple[bool, float, int]:
            done = [
                other.curve[-1] / other.curve[len(one.curve) - 1]
                for other in self._there
                if other.family == one.family and len(other.curve) == EPOCHS
            ]
            return bool(done), (median(done) if done else 1.0) * one.curve[-1], one.number

        return sorted(waiting, key=promise)


@given(
    data=st.data(),
    factor=st.integers(2, 4),
    ranking=st.sampled_from(["family", "all"]),
    steps=st.integers(1, 80),
)
def test_decisions_are_those_of_the_definition(
    data: st.DataObject, factor: int, ranking: Ranking, steps: int
) -> None:
    """Trials begin, report, freeze, thaw, fail and lose their checkpoints in any order."""
    halving = Halving(RUNGS, factor, ranking)
    oracle, standings, gone = Oracle(halving), Standings(halving), set[int]()
    for _ in range(steps):
        able = [one for one in oracle.trials if not one.failed and len(one.curve) < EPOCHS]
        step = data.draw(st.sampled_from(["begin", "report", "thaw", "fail", "lose"]))
        one = data.draw(st.sampled_from(able)) if able else None
        if step == "begin" or one is None:
            family = data.draw(st.sampled_from("ab"))
            oracle.trials.append(Trial(len(oracle.trials), family))
        elif step == "report" and not one.waits:
            one.curve.append(
                data.draw(st.integers(1, 9) | st.just(math.inf) if one.curve else st.integers(1, 9))
            )
            standings.reported(one.number, one.family, EPOCHS, one.curve[-1])
            if len(one.curve) in RUNGS and math.isfinite(one.curve[-1]):
                one.waits = True
                standings.froze(one.number)
            elif not math.isfinite(one.curve[-1]):
                one.failed = True
                standings.failed(one.number)
        elif step == "thaw" and one.waits:
            one.waits = False
            standings.goes_on(one.number)
        elif step == "fail":
            one.failed = True
            standings.failed(one.number)
        elif step == "lose":
            gone.add(one.number)

        def kept(number: int) -> bool:
            return number not in gone

        assert standings.promoted(kept) == oracle.promoted(gone)
        assert standings.by_promise(kept) == oracle.by_promise(gone)
        assert standings.most_promising(kept) == next(iter(oracle.by_promise(gone)), None)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_error_that_is_not_finite_is_never_promoted(value: float) -> None:
    standings = Standings(Halving((3,), 3))
    for _ in range(3):
        standings.reported(0, "a", 9, value)
    assert standings.promoted(lambda number: True) is None


def test_the_best_forecast_of_the_families_goes_first() -> None:
    standings = Standings(Halving((3,), 3))
    curves = {
        (0, "a"): [10.0] * 9 + [9.0] * 18,  # 0.9 of the error at the rung
        (1, "b"): [20.0] * 9 + [8.0] * 18,  # 0.4
        (2, "a"): [9.5] * 3,  # 8.55
        (3, "b"): [19.0] * 3,  # 7.6
    }
    for (number, family), values in curves.items():
        for value in values:
            standings.reported(number, family, 27, value)
    for number in (2, 3):
        standings.froze(number)
    assert standings.promoted(lambda number: True) == 3
    assert standings.by_promise(lambda number: True) == [3, 2]
    assert standings.promoted(lambda number: number != 3) == 2, "what lost its checkpoint stays"


def test_a_family_without_a_full_run_comes_first() -> None:
    """The slow starters of family b end first, but are behind at the rung."""
    for ranking, first in (("all", 1), ("family", 4)):
        standings = Standings(Halving((3, 9), 3, ranking))  # type: ignore[arg-type]
        for value in [10.0] * 9 + [9.0] * 18:
            standings.reported(0, "a", 27, value)
        for number, family, value in ((1, "a", 11), (2, "a", 12), (3, "a", 13), (4, "b", 24), (5, "b", 25)):
            for _ in range(3):
                standings.reported(number, family, 27, float(value))
            standings.froze(number)
        assert standings.promoted(lambda number: True) == first
