"""A value that is computed as often as it costs little."""

import itertools

import pytest

from trainables.base import seldom
from trainables.base.seldom import Seldom


@pytest.mark.parametrize(("takes_s", "computed"), [(0.004, 1000), (1.0, 20)])
def test_what_is_dear_takes_no_more_than_its_share_of_the_time(
    takes_s: float, computed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked a thousand times a second apart; what takes a second is computed in 2 % of them."""
    now_s = 0.0
    counts = itertools.count(1)

    def compute() -> int:
        nonlocal now_s
        now_s += takes_s
        return next(counts)

    monkeypatch.setattr(seldom.time, "perf_counter", lambda: now_s)
    value, last = Seldom(compute), 0
    for _ in range(1000):
        last = value()
        now_s += 1.0
    assert last == pytest.approx(computed, rel=0.05)
