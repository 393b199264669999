"""The interval over subjects: against a regression's by hand, and its coverage of a known truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from support import made_up_arms as made_up
from support.poses import predictions

from hpsearch.results.arms import Arm
from hpsearch.results.statistics import Interval, interval
from hpsearch.results.subjects import clustered_interval, over_both, subject_interval
from hpsearch.study.records import TrialRecord, TrialState
from trainables.pose.angles import ANGLES
from trainables.target import head_pose_metrics as head_pose
from trainables.target.metric import Metric
from trainables.training.image_errors import PredictedImages, errors_file, write_images
from trainables.training.metric_names import VALIDATION

SUBJECTS = ("anna",) * 4 + ("bert",) * 2 + ("cleo",) * 6
Draw = Callable[[np.random.Generator], np.ndarray]


def trial(root: Path, number: int, seed: int, pretext: str, error_deg: float, **kept: object) -> TrialRecord:
    """Return a complete trial which kept predictions that are about `error_deg` off; its MAE is theirs."""
    subjects = kept.pop("subjects", SUBJECTS)
    assert isinstance(subjects, Sequence)
    draw = np.random.default_rng(number)
    true = np.random.default_rng(99).uniform(-60, 60, (len(subjects), 3)).astype(np.float32)
    predicted = (true + draw.normal(error_deg, 1.0, true.shape)).astype(np.float32)
    kept_predictions = predictions(predicted, true, ANGLES)
    record = made_up.trial(number, made_up.config(pretext, seed), kept_predictions.measures()["mae_deg"])
    record = replace(record, folder=root / str(number))
    files = tuple(f"images/{image}.jpg" for image in range(len(subjects)))
    if kept.pop("written", True):
        images = PredictedImages(files, tuple(subjects), kept_predictions, epoch=3)
        write_images(images, errors_file(record.folder, VALIDATION))
    assert not kept
    return record


def arms(root: Path, seeds: int = 3) -> tuple[Arm, Arm]:
    leader = [trial(root, seed, seed, "rotation", 4.0) for seed in range(seeds)]
    baseline = [trial(root, 10 + seed, seed, "none", 5.0 + seed) for seed in range(seeds)]
    return Arm(tuple(leader), made_up.AIM), Arm(tuple(baseline), made_up.AIM)


def test_its_mean_is_the_difference_of_the_trials_errors(tmp_path: Path) -> None:
    leader, baseline = arms(tmp_path)
    found = subject_interval(leader, baseline)
    assert found is not None and (found.difference.n, found.seeds) == (3, 3)
    differences = [leader.values[seed] - baseline.values[seed] for seed in range(3)]
    assert found.difference.mean == pytest.approx(np.mean(differences), rel=1e-9)
    assert found.difference.half is not None and found.difference.half > 0


@pytest.mark.parametrize(
    ("objective", "error"),
    [
        (head_pose.MAE, lambda off: off.mean(axis=1)),
        (head_pose.ANGLE_MAES["pitch"], lambda off: off[:, 1]),
    ],
)
def test_it_is_the_t_interval_of_the_ratios_residuals(
    tmp_path: Path, objective: Metric, error: Callable[[np.ndarray], np.ndarray]
) -> None:
    leader, baseline = (
        replace(arm, objective=objective.within(VALIDATION)) for arm in arms(tmp_path, seeds=2)
    )
    of_images = np.zeros(len(SUBJECTS))
    for seed in range(2):
        for arm, sign in ((leader, 1), (baseline, -1)):
            table = pd.read_parquet(arm.finished[seed].folder / "validation_errors.parquet")
            true = table[[f"true_{angle}_deg" for angle in ANGLES]].to_numpy(float)
            predicted = table[[f"predicted_{angle}_deg" for angle in ANGLES]].to_numpy(float)
            of_images += sign * error(np.abs(predicted - true)) / 2
    found = subject_interval(leader, baseline)
    assert found is not None and found.difference.mean == pytest.approx(of_images.mean(), rel=1e-6)
    own = [of_images[np.array(SUBJECTS) == name] for name in sorted(set(SUBJECTS))]
    squares = sum((len(one) * (one.mean() - of_images.mean())) ** 2 for one in own)
    error_deg = np.sqrt(3 / 2 * squares) / len(SUBJECTS)
    assert found.difference.half == pytest.approx(stats.t.ppf(0.975, 2) * error_deg, rel=1e-5)


def test_people_with_one_image_each_are_students_sample() -> None:
    values = [1.0, 2.5, 2.0, 4.0]
    assert clustered_interval(np.array(values), list("abcd")) == interval(values)


def clustered(generator: np.random.Generator, subjects: int) -> tuple[np.ndarray, list[str]]:
    """Return values of mean 0 that are alike within each subject, and the subject of each."""
    sizes = generator.integers(5, 15, subjects)
    names = np.repeat(np.arange(subjects), sizes)
    values = generator.normal(0, 1, subjects)[names] + generator.normal(0, 2, len(names))
    return values, [str(name) for name in names]


@pytest.mark.parametrize("people", [3, 5, 15])
def test_95_percent_of_its_intervals_hold_the_truth_also_with_few_people(people: int) -> None:
    """Resampling them held it in 76 % with three; over images in 40 to 60 %."""
    generator, studies = np.random.default_rng(1), 500
    held = {"subjects": 0, "images": 0}
    for _ in range(studies):
        values, subjects = clustered(generator, people)
        for unit, names in (("subjects", subjects), ("images", [str(n) for n in range(len(values))])):
            found = clustered_interval(values, names)
            assert found is not None
            held[unit] += found.sign == 0
    assert 0.92 <= held["subjects"] / studies <= 0.98
    assert held["images"] / studies < 0.85


def test_for_new_people_and_new_seeds_the_errors_add_up() -> None:
    """Of a truth that people and seeds move both, only the interval over both holds it in 95 %."""
    generator, studies = np.random.default_rng(2), 500
    held = {"seeds": 0, "both": 0}
    for _ in range(studies):
        people, seeds = generator.normal(0, 3, 8), generator.normal(0, 1.5, 5)
        middle = people.mean() + seeds.mean()
        over_seeds, over_people = interval(list(seeds + people.mean())), interval(list(people + seeds.mean()))
        assert over_seeds.mean == pytest.approx(middle)
        both = over_both(over_seeds, over_people)
        held["seeds"] += over_seeds.sign == 0
        held["both"] += both.sign == 0
    assert held["seeds"] / studies < 0.92
    assert 0.93 <= held["both"] / studies <= 0.99
    assert over_both(Interval(2.0, 3.0, 5), Interval(2.0, 4.0, 8)) == Interval(2.0, 5.0, 5)


def test_one_subject_has_no_interval() -> None:
    assert clustered_interval(np.arange(5.0), ["anna"] * 5) is None


def test_without_what_was_predicted_of_the_same_images_there_is_none(tmp_path: Path) -> None:
    leader, baseline = arms(tmp_path)
    best = head_pose.MAE.best().within(VALIDATION)  # kept is what the last epoch predicted
    assert subject_interval(*(replace(arm, objective=best) for arm in (leader, baseline))) is None
    old = Arm(tuple(trial(tmp_path, 20 + s, s, "none", 5, written=False) for s in range(3)), leader.objective)
    assert subject_interval(leader, old) is None
    fewer = ("anna",) * 5 + ("bert",) * 2
    other = Arm((trial(tmp_path, 30, 0, "none", 5.0, subjects=fewer),), leader.objective)
    assert subject_interval(leader, other) is None
    unpaired = Arm((trial(tmp_path, 40, 7, "none", 5.0),), leader.objective)
    assert subject_interval(leader, unpaired) is None


def test_seeds_of_which_both_kept_their_predictions_count_alone(tmp_path: Path) -> None:
    leader, baseline = arms(tmp_path)
    errors_file(leader.finished[1].folder, VALIDATION).unlink()
    found = subject_interval(leader, baseline)
    assert found is not None and found.seeds == 2
    differences = [leader.values[seed] - baseline.values[seed] for seed in (0, 2)]
    assert found.difference.mean == pytest.approx(np.mean(differences), rel=1e-9)
    failed = replace(leader.finished[2], state=TrialState.FAILED)
    fewer = Arm((*leader.trials[:2], failed), leader.objective)
    only = subject_interval(fewer, baseline)
    assert only is not None and only.seeds == 1
