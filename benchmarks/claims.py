"""How often a study shows a wrong verdict on a claim of the paper where all arms are equal.

    python benchmarks/claims.py [STUDIES]

Every row of a table of the paper gets errors of 7 degrees with a noise of 0.4 degrees, in 3 and in 8 seeds
that correlate by 0 and by 0.5. "any": the share of studies in which one claim or more is called, of those
which name an order; 5 % is meant. "each alone": the same where each has a 95 % interval of its own from
paired seeds. "found": the share of claims that hold where the arms are as good as the paper prints.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

import numpy as np

from hpsearch.report.paper.claims import Claim, claims
from hpsearch.report.paper.judging import Finding, judged_averages
from hpsearch.report.paper.rows import paper_rows
from hpsearch.results.statistics import paired_difference

ERROR_DEG, NOISE_DEG = 7.0, 0.4

Errors = Mapping[str, Mapping[int, float]]


def main(studies: int) -> None:
    """Print a line for each table, number of seeds and correlation."""
    for table in range(1, 6):
        rows = {row.key: row.average_deg for row in paper_rows() if row.table == table}
        known = [claim for claim in claims() if claim.pairs[0][0] in rows]
        for seeds in (3, 8):
            for correlation in (0.0, 0.5):
                print(f"table {table}, {seeds} seeds, correlation {correlation:g}: ", end="")
                print(line(known, rows, seeds, correlation, studies), flush=True)


def line(
    known: Sequence[Claim], rows: Mapping[str, float], seeds: int, correlation: float, studies: int
) -> str:
    """Return how often a study of equal arms shows a wrong claim, and how many claims hold as printed."""
    noise = np.random.default_rng(11)
    together, alone, found = 0, 0, 0
    for _ in range(studies):
        equal = drawn(dict.fromkeys(rows, ERROR_DEG), seeds, correlation, noise)
        wrong = (Finding.HOLDS, Finding.FAILS)
        together += any(
            one.finding is Finding.FAILS or (one.finding in wrong and one.claim.relation != "not <")
            for one in judged_averages(known, equal)
        )
        alone += any(called(claim, equal) for claim in known)
        printed = drawn(rows, seeds, correlation, noise)
        found += sum(one.finding is Finding.HOLDS for one in judged_averages(known, printed))
    return (
        f"{len(known)} claims, any {together / studies:.1%} (each alone {alone / studies:.1%}), "
        f"found {found / studies / len(known):.0%}"
    )


def called(claim: Claim, errors: Errors) -> bool:
    """Return whether a paired t-test calls one of a claim's pairs, by itself."""
    found = (paired_difference(errors[left], errors[right]) for left, right in claim.pairs)
    return any(gap is not None and gap.sign for gap in found)


def drawn(
    rows: Mapping[str, float], seeds: int, correlation: float, noise: np.random.Generator
) -> dict[str, dict[int, float]]:
    """Return the errors of each row by seed."""
    shared = np.sqrt(correlation) * noise.normal(0, NOISE_DEG, seeds)
    own = np.sqrt(1 - correlation) * noise.normal(0, NOISE_DEG, (len(rows), seeds))
    return {
        key: dict(enumerate((error + shared + of_row).tolist()))
        for (key, error), of_row in zip(rows.items(), own, strict=True)
    }


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
