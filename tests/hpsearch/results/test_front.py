"""Fronts of designs, where they bend, and what is said of them."""

from __future__ import annotations

from typing import cast

import numpy as np

from hpsearch.results.arms import Arm
from hpsearch.results.front import Front, FrontPoint
from hpsearch.results.pareto import pareto_front
from trainables.target import HeadPoseConfig
from trainables.training.metric_names import LATENCY, PARAMETERS, VALIDATION

MAE = HeadPoseConfig().metrics[0].within(VALIDATION)
ARM = cast(Arm, None)


def front(*points: tuple[float, ...]) -> Front:
    costs = (LATENCY, PARAMETERS)[: len(points[0]) - 1]
    made = tuple(FrontPoint(ARM, error, tuple(rest)) for error, *rest in points)
    return Front(MAE, costs, (None,) * len(costs), made)


def test_of_thirty_points_those_are_on_the_front_that_no_other_beats() -> None:
    rng = np.random.default_rng(0)
    for costs in (2, 3):
        points = [tuple(map(float, rng.integers(0, 10, costs))) for _ in range(30)]
        beaten = [
            any(all(a <= b for a, b in zip(other, one, strict=True)) and other != one for other in points)
            for one in points
        ]
        best = {one for one, worse in zip(points, beaten, strict=True) if not worse}
        found = [points[place] for place in pareto_front(points)]
        assert set(found) == best and len(found) == len(best), "each once"
        assert found == sorted(found)


def test_a_front_bends_where_little_more_is_to_be_had() -> None:
    made = front((10.0, 1.0), (5.0, 2.0), (4.5, 6.0), (4.4, 10.0), (9.0, 9.0))
    assert [point.error for point in made.best] == [10.0, 5.0, 4.5, 4.4]
    knee = made.knee(0)
    assert knee is not None and knee.error == 5.0


def test_a_straight_front_bends_nowhere() -> None:
    assert front((3.0, 1.0), (2.0, 2.0), (1.0, 3.0)).knee(0) is None
    assert front((3.0, 1.0), (1.0, 3.0)).knee(0) is None


def test_a_design_that_is_beaten_in_one_cost_may_be_on_the_front_by_another() -> None:
    made = front((5.0, 1.0, 9.0), (5.0, 2.0, 3.0), (6.0, 2.0, 3.0))
    assert [point.costs for point in made.best] == [(1.0, 9.0), (2.0, 3.0)]
    assert [point.costs for point in made.over(0)] == [(1.0, 9.0)]
    assert [point.costs for point in made.over(1)] == [(2.0, 3.0)]
