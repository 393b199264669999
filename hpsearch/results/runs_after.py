"""What follows a search: how many confirmations and tests. A plan and the time left count them alike."""

from __future__ import annotations

from hpsearch.study.config import baseline_seeds
from hpsearch.study.spec import StudySpec

ALWAYS_CHOSEN = 2
"""The best helper and the baseline are confirmed and tested too where they are not among the best."""

Range = tuple[int, int]
"""The least and the most runs."""


def confirmations_after(spec: StudySpec, trials: int | None) -> Range:
    """Return how many runs confirm the leaders of a search of so many trials (None: not known)."""
    confirm = spec.search.confirm
    if confirm is None:
        return 0, 0
    least, most = designs_after(confirm.top, trials)
    if confirm.seeds.on_demand:
        return least * confirm.seeds.min, most * confirm.seeds.max
    return _with_baseline(least, confirm.seeds.max), _with_baseline(most, confirm.seeds.max)


def _with_baseline(designs: int, seeds: int) -> int:
    return (designs - 1) * seeds + baseline_seeds(seeds, designs - 1) if designs else 0


def tests_after(spec: StudySpec, trials: int | None) -> Range:
    """Return how many measurements of test sets follow, the confirmations' among them."""
    if not any(config.data.test for config in spec.configs):
        return 0, 0
    designs, again = designs_after(spec.search.leaders, trials), confirmations_after(spec, trials)
    return designs[0] + again[0], designs[1] + again[1]


def designs_after(best: int, trials: int | None) -> Range:
    """Return how many designs are looked at again, where the `best` are."""
    least, most = max(best, ALWAYS_CHOSEN), best + ALWAYS_CHOSEN
    return (least, most) if trials is None else (min(least, trials), min(most, trials))
