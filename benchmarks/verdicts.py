"""How often a verdict is wrong: the outcome of many studies of made-up arms, without training.

    python benchmarks/verdicts.py [--studies 2000] [--better 1.0]

"all equal": no design differs from another, so that "ahead" and "behind" are wrong; each should come in at
most 2.5 % of studies. "better": one helper is truly better, by `--better` degrees where the noise of one run
is 0.3, so that "ahead" is right and its share is the power. See `tests/support/verdicts.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.verdicts import Case, shares

from hpsearch.results.comparison import Outcome


def main() -> None:
    """Print the share of each outcome."""
    parser = argparse.ArgumentParser(description="How often a verdict is wrong.")
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--better", type=float, default=1.0)
    given = parser.parse_args()
    print(f"{'':55}" + "".join(f"{outcome.value:>11}" for outcome in Outcome))
    for case in cases(given.better):
        found = shares(case, given.studies)
        print(f"{case!s:55}" + "".join(f"{found[outcome]:10.1%} " for outcome in Outcome), flush=True)


def cases(better_deg: float) -> Iterator[Case]:
    """Yield the kinds of studies."""
    for better in (0.0, better_deg):
        for confirm in (False, True):
            for arms, seeds in ((12, 3), (12, 8), (16, 8)):
                yield Case(arms, seeds, confirm, better_deg=better)
    for confirm in (False, True):
        yield Case(12, 8, confirm, plain=4)


if __name__ == "__main__":
    main()
