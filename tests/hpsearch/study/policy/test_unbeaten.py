"""The front of a search, kept up: the same as one that is found anew after every trial."""

from __future__ import annotations

import numpy as np
import pytest

from hpsearch.study.policy.unbeaten import Unbeaten


@pytest.mark.parametrize("objectives", [2, 3])
def test_it_is_the_front_of_all_that_were_added(objectives: int) -> None:
    rng = np.random.default_rng(0)
    added: list[tuple[float, ...]] = []
    front = Unbeaten()
    for number in range(60):
        added.append(tuple(map(float, rng.integers(0, 12, objectives))))
        front.add(number, added[-1])
        best = {
            one
            for one in added
            if not any(
                all(a <= b for a, b in zip(other, one, strict=True)) and other != one for other in added
            )
        }
        assert set(front.costs.values()) == best and len(front.costs) == len(best), "each once"
        assert all(added[known] == costs for known, costs in front.costs.items())
