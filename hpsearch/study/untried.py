"""What is left to try of a space, and what a search suggests in place of what was tried."""

from __future__ import annotations

import numpy as np

from hpsearch.space.holes import Params
from hpsearch.space.space import Space
from hpsearch.study.journal.schema import REPEATS
from hpsearch.study.policy.families import Family, families_of, members
from hpsearch.study.spec import MAX_GRID
from hpsearch.study.trials import Trials

INSISTS = 5
"""Suggestions of designs that were tried after which one of those that are left is drawn instead."""


class Untried:
    """The designs of a space that no trial has had; draws follow from `seed` and the number of trials."""

    def __init__(self, space: Space, trials: Trials, seed: int) -> None:
        self._space = space
        self._trials = trials
        self._seed = seed

    def given(self, wanted: Params, repeats: int, *, again: bool) -> Params | None:
        """Return the values that the next suggestion gets, after so many that `repeats` what was tried.

        They are `wanted` and, where the sampler keeps suggesting what was tried, one of the designs that are
        left, as long as these can be listed; where they cannot, a family that was not tried last. None where
        no design with these values is left. With `again` one whose trials all failed is left.
        """
        given = wanted
        if repeats >= INSISTS or self._is_whole(wanted):
            left = self._left(wanted, again=again)
            if left is not None:
                if not left:
                    return None
                given = left[self._drawn(len(left))]
        return self._elsewhere() if not given and not self._listable else given

    def _left(self, wanted: Params, *, again: bool) -> list[Params] | None:
        """Return the designs with the values `wanted` that are not tried, None where they are too many."""
        if self._is_whole(wanted):
            return [] if self._trials.tried(wanted, again=again) else [wanted]
        if not self._listable:
            return None
        part = self._space.design(wanted)
        return [
            params
            for params in self._space.combinations()
            if part <= self._space.design(params) and not self._trials.tried(params, again=again)
        ]

    def _elsewhere(self) -> Params:
        """Return another family than those of the last suggestions, where they repeated what was tried.

        TPE learns nothing from a repetition: where the best design has no other values it would suggest it
        for ever. What it follows from is stored, so that a driver that dies here changes nothing.
        """
        stale: set[Family] = set()
        last = self._trials.held - 1
        while last >= 0 and REPEATS in (repetition := self._trials.first(last)).user_attrs:
            stale.update(members(repetition.params))
            last -= 1
        names = {name for name, _ in stale}
        others = [each for each in families_of(self._space) if each[0] in names and each not in stale]
        return dict([others[self._drawn(len(others))]]) if others else {}

    def _drawn(self, count: int) -> int:
        return int(np.random.default_rng([self._seed, self._trials.held]).integers(count))

    @property
    def _listable(self) -> bool:
        count = self._space.designs()
        return count is not None and count <= MAX_GRID

    def _is_whole(self, params: Params) -> bool:
        """Say whether params leave nothing to draw."""
        return self._space.complete(params).keys() == params.keys()
