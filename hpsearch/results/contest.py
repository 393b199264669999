"""Who is compared: the helper that leads, and the supervised learning alone that it stands beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.results.arms import Arm
from hpsearch.results.family import Family


@dataclass(frozen=True)
class Contest:
    """The leader and its baseline, None where no such arm has finished; `best` is the first of all arms.

    `family` holds the leader with every helper that could have led in its place, beside the baseline; None
    where the leader or the baseline has a single run.
    """

    best: Arm | None
    leader: Arm | None
    baseline: Arm | None
    family: Family | None


def contest(arms: Sequence[Arm]) -> Contest:
    """Return who is compared; `arms` stand best first.

    The leader is the best arm that adds something to supervised learning alone: a pretext task, or pretrained
    weights where a supervised arm with random ones has finished too. The baseline is the best supervised arm
    of those that suit the leader; see `_baselines`. Where arms were confirmed, only those are compared.
    """
    finished = [arm for arm in arms if arm.mean is not None]
    alone = [arm for arm in finished if arm.is_supervised_alone]
    some_random = any(arm.starts_random for arm in alone)
    helpers = [
        arm for arm in finished if not arm.is_supervised_alone or (some_random and not arm.starts_random)
    ]
    helpers = [arm for arm in helpers if arm.confirmed] or helpers
    leader = helpers[0] if helpers else None
    suited = alone if leader is None else _baselines(leader, alone)
    baseline = suited[0] if suited else None
    best = finished[0] if finished else None
    family = None if leader is None or baseline is None else _family(helpers, baseline, alone)
    return Contest(best, leader, baseline, family)


def _family(helpers: Sequence[Arm], baseline: Arm, alone: Sequence[Arm]) -> Family | None:
    """Return the family of the first of `helpers`: single runs never lead where others have several."""
    if len(helpers[0].values) < 2 or len(baseline.values) < 2:
        return None
    rivals = [arm for arm in helpers if len(arm.values) > 1]
    suited = [_baselines(arm, alone) for arm in rivals]
    beside = tuple(arm for arm, found in zip(rivals, suited, strict=True) if baseline in found)
    return Family(baseline, beside, sum(map(len, suited)) - len(beside))


def _baselines(helper: Arm, alone: Sequence[Arm]) -> list[Arm]:
    """Return the supervised arms that suit a helper equally, so that only their errors choose among them.

    Those that were confirmed as it was before others, those with two runs, those with its data, those with
    random initial weights.
    """

    def order(arm: Arm) -> tuple[bool, bool, bool, bool]:
        fresh, single = arm.confirmed == helper.confirmed, len(arm.values) < 2
        return not fresh, single, arm.config.data != helper.config.data, not arm.starts_random

    others = [arm for arm in alone if arm is not helper]
    first = min(map(order, others), default=None)
    return [arm for arm in others if order(arm) == first]
