"""What follows a search: how many confirmations and tests. A plan and the time left count them alike."""

from __future__ import annotations

from hpsearch.study.config import baseline_seeds
from hpsearch.study.spec import StudySpec

Range = tuple[int, int]
"""The least and the most runs."""


def confirmations_after(spec: StudySpec, trials: int | None) -> Range:
    """Return how many runs confirm the leaders of a search of so many trials (None: not known)."""
    confirm = spec.search.confirm
    if confirm is None:
        return 0, 0
    least, most = designs_after(spec, confirm.top, trials)
    if confirm.seeds.on_demand:
        return least * confirm.seeds.min, most * confirm.seeds.max
    return _with_baseline(least, confirm.seeds.max), _with_baseline(most, confirm.seeds.max)


def _with_baseline(designs: int, seeds: int) -> int:
    return (designs - 1) * seeds + baseline_seeds(seeds, designs - 1) if designs else 0


def tests_after(spec: StudySpec, trials: int | None) -> Range:
    """Return how many measurements of test sets follow, the confirmations' among them."""
    if not any(config.data.test for config in spec.configs):
        return 0, 0
    designs, again = designs_after(spec, spec.search.leaders, trials), confirmations_after(spec, trials)
    return designs[0] + again[0], designs[1] + again[1]


def designs_after(spec: StudySpec, best: int, trials: int | None) -> Range:
    """Return how many designs are looked at again, where the `best` are.

    The best helper and the baseline are among them. The best of all designs is one of these two, unless a
    supervised one leads that does not suit the helper: one with other data, or with seeds of its own.
    """
    alone = [config for config in spec.configs if config.pretext.is_baseline]
    both = bool(alone) and len(spec.configs) > len(alone)
    pretrained = any(config.init.is_random for config in alone) and not all(c.init.is_random for c in alone)
    if not both and not pretrained:
        least = most = best
    else:
        first, *others = spec.configs
        differ = any((config.data, config.seed) != (first.data, first.seed) for config in others)
        least, most = max(best, 2), best + (2 if differ else 1)
    return (least, most) if trials is None else (min(least, trials), min(most, trials))
