"""How often a claim of the paper is called wrong where all arms are equal: with and without the correction.

    python benchmarks/claims.py [STUDIES]

Every row of the paper gets errors of 7 degrees with a seed noise of 0.4 degrees, in 3 and in 8 seeds.
"""

from __future__ import annotations

import sys

import numpy as np

from hpsearch.report.paper.claims import Finding, claims, finding, judged_averages
from hpsearch.report.paper.rows import paper_rows
from hpsearch.results.statistics import paired_difference

ERROR_DEG, NOISE_DEG = 7.0, 0.4


def main(studies: int) -> None:
    """Print the largest rate of `does not hold` among claims about one pair, and among the others."""
    known, rows = claims(), [row.key for row in paper_rows()]
    for seeds in (3, 8):
        noise = np.random.default_rng(11)
        corrected = dict.fromkeys((claim.id for claim in known), 0)
        uncorrected = dict(corrected)
        for _ in range(studies):
            drawn = {key: dict(enumerate(noise.normal(ERROR_DEG, NOISE_DEG, seeds).tolist())) for key in rows}
            for one in judged_averages(known, drawn):
                corrected[one.claim.id] += one.finding is Finding.FAILS
                pairs = [paired_difference(drawn[left], drawn[right]) for left, right in one.tested]
                found = [finding(one.claim.relation, pair, ERROR_DEG) for pair in pairs if pair is not None]
                uncorrected[one.claim.id] += Finding.FAILS in found
        for label, wanted in (("one pair", False), ("several pairs", True)):
            ids = [claim.id for claim in known if (len(claim.pairs) > 1) is wanted]
            before, after = (
                max(counts[name] for name in ids) / studies for counts in (uncorrected, corrected)
            )
            mean = sum(corrected[name] for name in ids) / studies / len(ids)
            print(f"{seeds} seeds, {label}: worst {before:.1%} -> {after:.1%}, mean {mean:.1%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
