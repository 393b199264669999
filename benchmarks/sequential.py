"""What seeds on demand decide, after how many, and how often they err: simulated studies, without training.

    python benchmarks/sequential.py [--studies 10000]
    python benchmarks/sequential.py --constants

A helper beside a baseline, the noise of a run 0.3 degrees, equal within 0.5 degrees. The plans: 3 to 12
seeds; at most 6, raised to 12 where they decided nothing; at most 12, raised to 24; at most 24, lowered to 8
after 5; a number, 3, and then 3 to 12. A launch that was killed or looked at changes nothing, since a
decision follows from the runs alone: `tests/hpsearch/driver/test_on_demand.py`. "--constants" prints the
table of `hpsearch/results/repeated.py`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy import special

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.on_demand import Truth, outcomes

from hpsearch.results.repeated import ALPHAS, CONSTANTS, DIFFERENCE, FIRST_LOOK, Plan

ZONE_DEG = 0.5

PLANS = {
    "3 to 12": [Plan(3, 12)] * 12,
    "6, then 12": [Plan(3, 6)] * 6 + [Plan(3, 12)] * 6,
    "12, then 24": [Plan(3, 12)] * 12 + [Plan(3, 24)] * 12,
    "24, then 8": [Plan(3, 24)] * 5 + [Plan(3, 8)] * 3,
    "3, then 12": [Plan(3, 3)] * 3 + [Plan(3, 12)] * 9,
}

TRUTHS = (
    *(Truth(better, correlation) for better in (1.0, 0.5, 0.0) for correlation in (0.0, 0.3, 0.5)),
    Truth(noisier=2.0),
    Truth(noisier=3.0),
)


def main() -> None:
    """Print a line for each plan and truth."""
    parser = argparse.ArgumentParser(description="What seeds on demand decide.")
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--constants", action="store_true")
    given = parser.parse_args()
    if given.constants:
        print_constants()
        return
    print(f"{'seeds':14}{'better by':>10}{'correlation':>13}{'noisier':>9}", end="")
    print(f"{'better':>9}{'worse':>8}{'equal':>8}{'open':>8}{'seeds':>7}")
    for name, plans in PLANS.items():
        for truth in TRUTHS:
            shares, seeds = outcomes(truth, plans, given.studies, ZONE_DEG)
            print(f"{name:14}{truth.better_deg:10g}{truth.correlation:13g}{truth.noisier:9g} ", end="")
            print("".join(f"{share:8.1%}" for share in shares.values()) + f"{seeds:7.1f}", flush=True)


def print_constants(at_once: int = 50_000, rounds: int = 16) -> None:
    """Print the constant of each boundary for each number of seeds and error rate."""
    for most in CONSTANTS[DIFFERENCE]:
        rng = np.random.default_rng(3)
        looks = np.concatenate([_scores(most, at_once, rng) for _ in range(rounds if most < 24 else 4)])
        for shape in CONSTANTS:
            largest = (looks * (np.arange(FIRST_LOOK, most + 1) / most) ** (0.5 - shape)).max(1)
            values = ", ".join(f"{np.quantile(largest, 1 - alpha):.3f}" for alpha in ALPHAS)
            print(f"{shape}:    {most}: ({values}),", flush=True)


def _scores(most: int, studies: int, rng: np.random.Generator) -> np.ndarray:
    """Return the difference at each look of each study, as a normal variable would be that unlikely."""
    helper, baseline = 3 * rng.normal(size=(studies, most)), rng.normal(size=(studies, most))
    m = np.arange(1, most + 1)[None, FIRST_LOOK - 1 :]

    def moment(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        sums = np.cumsum(one * other, 1) - np.cumsum(one, 1) * np.cumsum(other, 1) / np.arange(1, most + 1)
        return sums[:, FIRST_LOOK - 1 :] / (m - 1)

    of_helper, of_baseline = moment(helper, helper), moment(baseline, baseline)
    alone = of_helper + of_baseline
    alike = alone**2 / (of_helper**2 + of_baseline**2)
    means = (np.cumsum(helper - baseline, 1) / np.arange(1, most + 1))[:, FIRST_LOOK - 1 :]
    t = np.abs(means) / np.sqrt((alone - moment(helper, baseline)) / m)
    tail = special.stdtr((m - 1) * 4 * alike / (3 + alike), -t)
    return np.asarray(-special.ndtri(tail))


if __name__ == "__main__":
    main()
