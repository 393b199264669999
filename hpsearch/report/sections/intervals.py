"""How certain the leader's difference from the baseline is: its intervals over seeds and over subjects."""

from __future__ import annotations

from dataclasses import dataclass

from hpsearch.results.comparison import Comparison
from hpsearch.results.subjects import SubjectInterval, over_both, subject_interval
from hpsearch.results.verdict import seeds_of

SEEDS = (
    "Training again on the same images: other initial weights, order of images and augmentation. The "
    "validation images stay the same."
)
SHARED = (
    " All seeds start from the same pretrained weights, so what another pretraining would have come to is "
    "missing: init.ssl.seed: trial trains one per seed."
)
SUBJECTS = (
    "Other people like those of the validation set; where a dataset names a photograph or an image instead, "
    "that. The trained networks stay the same."
)
UNCORRECTED = " Not corrected for the choice of the leader, unlike that over seeds."
BOTH = "Training again, and other people: what to expect of the design elsewhere. The squared errors add up."
NONE_KEPT = (
    "Not known: it needs what both designs predicted of each validation image after the last epoch "
    "(validation_errors.parquet in the trials' folders), which older trials have not kept, two or more "
    "subjects, and an objective after the last epoch."
)


@dataclass(frozen=True)
class IntervalRow:
    """One interval of the difference: the ends are None where it is not known."""

    over: str
    mean: float | None
    low: float | None
    high: float | None
    of: str
    covers: str
    unit: str = ""


def intervals_section(found: Comparison) -> tuple[IntervalRow, ...]:
    """Return the intervals of leader - baseline; none where one of the two has not finished."""
    leader, baseline, gap = found.leader, found.baseline, found.difference
    if leader is None or baseline is None or gap is None:
        return ()
    shared = leader.shares_pretraining or baseline.shares_pretraining
    chosen = f" Corrected for {found.pairs} comparisons." if found.pairs > 1 else ""
    covers = SEEDS + chosen + (SHARED if shared else "")
    unit = leader.objective.unit.sign
    seeds = IntervalRow("new runs, these people", gap.mean, gap.low, gap.high, seeds_of(found), covers, unit)
    paired = len(leader.values.keys() & baseline.values.keys())
    over_subjects = subject_interval(leader, baseline)
    subjects = _subjects(over_subjects, paired, unit, chosen=found.pairs > 1)
    if over_subjects is None or gap.half is None:
        return seeds, subjects
    both = over_both(gap, over_subjects.difference)
    of = f"{seeds.of}, {subjects.of}"
    together = IntervalRow("new runs, new people", both.mean, both.low, both.high, of, BOTH, unit)
    return seeds, subjects, together


def _subjects(found: SubjectInterval | None, paired: int, unit: str, *, chosen: bool) -> IntervalRow:
    over = "these runs, new people"
    if found is None:
        return IntervalRow(over, None, None, None, "", NONE_KEPT)
    covers = SUBJECTS + (UNCORRECTED if chosen else "")
    if found.seeds < paired:
        covers += f" {found.seeds} of the {paired} paired seeds have kept their predictions."
    gap = found.difference
    return IntervalRow(over, gap.mean, gap.low, gap.high, f"{gap.n} subjects", covers, unit)
