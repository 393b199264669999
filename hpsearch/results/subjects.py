"""The difference of two arms over subjects: how much it depends on who the people of the validation set are.

Images of one person are alike, so people are resampled, each with all images of theirs, and not images: the
cluster bootstrap, with percentiles as the interval's ends [Efron and Tibshirani 1993]. It takes what the
trials kept of each validation image after their last epoch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.results.arms import Arm
from hpsearch.results.statistics import CONFIDENCE
from hpsearch.study.records import TrialRecord
from trainables.training.image_errors import errors_file, read_images
from trainables.training.metric_names import VALIDATION

DRAWS = 2000
"""How often the subjects are resampled."""

SEED = 0
"""Seeds the draws: one study has one interval."""

FEW = 20
"""With fewer subjects the interval is too narrow: in a simulation 76 % held the truth of 3 and 92 % of 15."""

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SubjectInterval:
    """A mean difference of the objective over all images, and its 95 % interval over subjects.

    Each image's difference is the mean over `seeds` paired seeds.
    """

    mean: float
    low: float
    high: float
    subjects: int
    seeds: int


def subject_interval(leader: Arm, baseline: Arm) -> SubjectInterval | None:
    """Return leader - baseline over the seeds of which both kept what they predicted of the same images.

    None where there is no such seed, the images are of one subject, or the objective is no mean over images
    after the last epoch.
    """
    seeds = sorted(leader.finished.keys() & baseline.finished.keys())
    pairs = [
        _differences(leader.finished[seed], baseline.finished[seed], leader.objective.name) for seed in seeds
    ]
    found = [pair for pair in pairs if pair is not None]
    if not found or any(subjects != found[0][1] for _, subjects in found):
        return None
    differences, subjects = np.mean([errors for errors, _ in found], axis=0), found[0][1]
    ends = resampled_ends(differences, subjects)
    if ends is None:
        return None
    return SubjectInterval(float(differences.mean()), *ends, len(set(subjects)), len(found))


def resampled_ends(
    values: Doubles, subjects: Sequence[str], draws: int = DRAWS, confidence: float = CONFIDENCE
) -> tuple[float, float] | None:
    """Return the ends of the interval of the mean of values [N], resampled by their subjects [N].

    None where all are of one subject.
    """
    names, subject = np.unique(np.asarray(subjects), return_inverse=True)
    if len(names) < 2:
        return None
    sums, counts = np.bincount(subject, values), np.bincount(subject)
    generator, means = np.random.default_rng(SEED), np.empty(draws)
    for draw in range(draws):
        chosen = generator.integers(len(names), size=len(names))
        means[draw] = sums[chosen].sum() / counts[chosen].sum()
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _differences(
    leader: TrialRecord, baseline: TrialRecord, objective: str
) -> tuple[Doubles, tuple[str, ...]] | None:
    """Return the difference of each image's errors [N] and its subject, None where they cannot be paired."""
    one, other = (read_images(errors_file(trial.folder, VALIDATION)) for trial in (leader, baseline))
    if one is None or other is None or (one.files, one.subjects) != (other.files, other.subjects):
        return None
    errors, base = (images.predictions.image_errors(VALIDATION) for images in (one, other))
    if objective not in errors or objective not in base:
        return None
    return errors[objective] - base[objective], one.subjects
