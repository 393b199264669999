"""The difference of two arms over subjects: how much it depends on who the people of the validation set are.

Images of one person are alike, so that the mean over images is a ratio: of the sum over people of what their
images add up to, and of their numbers of images. Its interval is that of Student's t with one degree of
freedom less than there are people, from the people's residuals [Cochran 1977; CR1 of MacKinnon and White
1985]. It takes what the trials kept of each validation image after their last epoch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.results.arms import Arm
from hpsearch.results.statistics import CONFIDENCE, Interval, t_quantile
from hpsearch.study.records import TrialRecord
from trainables.training.image_errors import errors_file, read_images
from trainables.training.metric_names import VALIDATION

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SubjectInterval:
    """A difference of the objective over all images with its interval over subjects, whose number is its `n`.

    Each image's difference is the mean over `seeds` paired seeds.
    """

    difference: Interval
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
    difference = clustered_interval(differences, subjects)
    return None if difference is None else SubjectInterval(difference, len(found))


def clustered_interval(
    values: Doubles, subjects: Sequence[str], confidence: float = CONFIDENCE
) -> Interval | None:
    """Return the mean of values [N] with its interval over their subjects [N].

    None where all are of one subject.
    """
    names, subject = np.unique(np.asarray(subjects), return_inverse=True)
    groups, mean = len(names), float(values.mean())
    if groups < 2:
        return None
    residuals = np.bincount(subject, values - mean)
    variance = groups / (groups - 1) * float(residuals @ residuals) / len(values) ** 2
    return Interval(mean, t_quantile(groups - 1, confidence) * math.sqrt(variance), groups)


def over_both(seeds: Interval, subjects: Interval) -> Interval:
    """Return the interval of a difference for new people and new seeds: the two squared errors add up.

    Each error counts by its own critical value, as their F in min F' [Clark 1973]. It has no ends where one
    of the two has none.
    """
    if seeds.half is None or subjects.half is None:
        return Interval(seeds.mean, None, seeds.n)
    return Interval(seeds.mean, math.hypot(seeds.half, subjects.half), seeds.n)


def _differences(
    leader: TrialRecord, baseline: TrialRecord, objective: str
) -> tuple[Doubles, tuple[str, ...]] | None:
    """Return the difference of each image's errors [N] and its subject, None where they cannot be paired."""
    one, other = (
        read_images(errors_file(trial.folder, VALIDATION), trial.config.target)
        for trial in (leader, baseline)
    )
    if one is None or other is None or (one.files, one.subjects) != (other.files, other.subjects):
        return None
    errors, base = (images.predictions.image_measures(VALIDATION) for images in (one, other))
    if objective not in errors or objective not in base:
        return None
    return errors[objective] - base[objective], one.subjects
