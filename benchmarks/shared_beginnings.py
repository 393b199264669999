"""What a search could leave untrained: epochs that a design has in common with one before it.

    python benchmarks/shared_beginnings.py [SPACE] [--designs 1000]

Two designs that differ only in what acts later (the schedule, `epochs`, when a helper's weight falls or it is
switched off) are the same network until then, and the second could start from a checkpoint of the first.
Designs are drawn at random and each is counted with the longest beginning that one before it has: all
checkpoints are kept, none is refused, every trial trains its full budget. So it is the most that can be
saved.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from pathlib import Path

from hpsearch.space.holes import Choice, Hole, Range, Value
from hpsearch.study.spec import load_spec
from trainables.training.config import TrainConfig

ACTS_LATER = {"weight_schedule", "weight_end"}

Beginning = list[tuple[float, float]]
"""The factor of the learning rate, and that of the helper's weight, epoch by epoch."""


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("space", type=Path, nargs="?", default=Path("search_spaces/open.yaml"))
    parser.add_argument("--designs", type=int, default=1000)
    options = parser.parse_args()
    spec = load_spec(options.space)
    before: dict[str, list[Beginning]] = defaultdict(list)
    tried: set[TrainConfig] = set()
    trained = shared = 0
    draw = random.Random(0)  # noqa: S311  no secret
    for _ in range(options.designs):
        _, tree = spec.space.draw(lambda hole: drawn(draw, hole))
        config = TrainConfig.model_validate(spec.as_begun(tree))
        if config in tried:  # a search tries no design twice
            continue
        tried.add(config)
        same, own = before[what_acts_at_once(config)], beginning(config)
        shared += max((common(own, other) for other in same), default=0)
        trained += config.epochs
        same.append(own)
    print(f"{options.space}: {len(before)} networks begin otherwise, of {len(tried)} designs drawn")
    print(f"{shared} of {trained} epochs are those of a design before: {shared / trained:.1%}")


def drawn(draw: random.Random, hole: Hole) -> Value:
    """Return a value of a hole."""
    match hole:
        case Choice():
            return draw.choice(hole.ends())
        case Range(step=None, whole=False):
            return draw.uniform(hole.low, hole.high)
        case _:
            return draw.choice(hole.grid())


def what_acts_at_once(config: TrainConfig) -> str:
    """Return all settings of a design but those that may act later."""
    plain = config.model_dump(mode="json", exclude={"schedule", "epochs"})
    task = plain["pretext"]
    if isinstance(task, dict):
        plain["pretext"] = {
            name: {key: value for key, value in settings.items() if key not in ACTS_LATER}
            for name, settings in task.items()
        }
    return repr(plain)


def beginning(config: TrainConfig) -> Beginning:
    """Return what changes from epoch to epoch."""
    schedule, epochs = config.schedule.build(config.epochs), config.epochs
    weight = config.pretext.task_weight(epochs)
    return [(schedule.factor(done), weight.factor(done)) for done in range(epochs)]


def common(one: Beginning, other: Beginning) -> int:
    """Return how many epochs are the same from the first on."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((epoch for epoch, (mine, its) in pairs if mine != its), min(len(one), len(other)))


if __name__ == "__main__":
    main()
