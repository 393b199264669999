"""How often a verdict is wrong, and what it finds: many studies of made-up errors, without training.

    python benchmarks/verdicts.py [--studies 10000]

"better" and "worse": the largest share of studies, over kinds of noise where no design is better than
another, in which the best helper is said to be; each should be at most 2.5 %. "found": the share in which a
helper that is truly better is said to be, with seeds whose errors correlate by 0 and by 0.5. The noise of a
run is 0.3 degrees; see `tests/support/noise.py`. "paired": t-tests of paired seeds, corrected by Bonferroni,
which was the rule before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.noise import NULLS, Design, Doubles, drawn, paired_signs, signs

CORRELATIONS = (0.0, 0.5)

DESIGNS = (
    (Design(12, 3, 3), 1.0),
    (Design(12, 8, 8), 0.5),
    (Design(5, 3, 3), 1.0),
    (Design(8, 3, 3), 1.0),
    (Design(2, 3, 3), 1.0),
    (Design(2, 8, 8), 0.5),
    (Design(4, 3, 5), 1.0),
    (Design(6, 5, 11), 0.5),
)
"""What is compared, and by how much a helper is better that is to be found."""

Rule = Callable[[Design, Doubles], Doubles]


def main() -> None:
    """Print a line for each design and rule."""
    parser = argparse.ArgumentParser(description="How often a verdict is wrong, and what it finds.")
    parser.add_argument("--studies", type=int, default=10_000)
    studies = parser.parse_args().studies
    print(f"{'arms x seeds':22}{'rule':8}{'better':>8}{'worse':>8}  {'in':24}{'found':>14}")
    for design, better_deg in DESIGNS:
        rules: dict[str, Rule] = {"verdict": signs}
        if design.seeds == design.baseline_seeds:
            rules = {"paired": paired_signs} | rules
        for name, rule in rules.items():
            print(f"{design!s:22}{name:8}{line(design, rule, better_deg, studies)}", flush=True)


def line(design: Design, rule: Rule, better_deg: float, studies: int) -> str:
    """Return the worst error of a rule, where it comes, and its power."""
    ahead, behind = {}, {}
    for null in NULLS:
        for correlation in CORRELATIONS:
            rng = np.random.default_rng(0)
            found = rule(design, drawn(design, null, correlation, studies, rng))
            ahead[null, correlation], behind[null, correlation] = np.mean(found < 0), np.mean(found > 0)
    worst = max(ahead, key=lambda case: ahead[case])
    powers = []
    for correlation in CORRELATIONS:
        rng = np.random.default_rng(1)
        errors = drawn(design, NULLS[0], correlation, studies, rng, better_deg)
        powers.append(f"{np.mean(rule(design, errors) < 0):.0%}")
    where = f"{worst[0]}, {worst[1]:g}"
    return (
        f"{ahead[worst]:8.2%}{max(behind.values()):8.2%}  {where:24}{better_deg:g} deg in {', '.join(powers)}"
    )


if __name__ == "__main__":
    main()
