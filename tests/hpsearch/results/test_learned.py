"""Nothing was learned: said first on the terminal and on the page, and only where it is so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import made_up_arms as made_up

from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.leaderboard import board_of
from hpsearch.results.learned import learned
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.data.datasets.prepared import Samples
from trainables.target import HeadPoseConfig
from trainables.training.image_errors import PredictedImages, errors_file, write_images
from trainables.training.metrics import Predictions

MEAN = 20.0
"""The error of always guessing the mean in made-up studies."""


def said(study: StudyRecord) -> str:
    arms = arms_of(study)
    return " ".join(learned(study, arms, compare(arms)))


def study(*errors: float, folder: Path = Path("nowhere")) -> StudyRecord:
    """Return a study of one run per design, each of another dropout."""
    trials = [
        replace(made_up.trial(n, made_up.config(dropout=0.05 * n), error), folder=folder / str(n))
        for n, error in enumerate(errors)
    ]
    return made_up.study(trials)


def with_curve(trial: TrialRecord, *errors: float) -> TrialRecord:
    epochs = tuple({**trial.epochs[-1], made_up.OBJECTIVE: error} for error in errors)
    return replace(trial, epochs=epochs, objective=errors[-1])


def test_nothing_is_said_where_something_was_learned() -> None:
    assert said(study(6.0, 7.0, 8.0)) == ""
    assert said(made_up.study([])) == ""
    assert said(made_up.study([made_up.trial(0, made_up.config(), None)])) == ""


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (20.5, "Nothing was learned: the leading design is no better than always guessing the mean pose"),
        (20.0, "Nothing was learned"),
        (19.8, "Hardly anything was learned"),
    ],
)
def test_a_leader_that_does_not_beat_the_mean_pose_is_named_first(error: float, words: str) -> None:
    """One that errs by 1 % less was announced as better."""
    found = study(error, 22.0)
    assert said(found).startswith(words)
    assert f"{error:.2f}°" in said(found) and "20.00°" in said(found)
    assert board_of(found).verdict.startswith(words)


def test_the_page_says_it_above_the_verdict(tmp_path: Path) -> None:
    page = render(Report(replace(study(20.5, 22.0, folder=tmp_path), folder=tmp_path))).html
    assert page.index("Nothing was learned") < page.index('class="verdict undecided"')


def test_only_a_trial_that_has_ended_may_have_diverged() -> None:
    whole = study(6.0, 40.0)
    assert "trial 1 (2.0 times). They diverged" in said(whole)
    for state, named in (
        (TrialState.PRUNED, True),
        (TrialState.RUNNING, False),
        (TrialState.FROZEN, False),
        (TrialState.INTERRUPTED, False),
    ):
        first, second = whole.trials
        found = replace(whole, trials=(first, replace(second, state=state)))
        assert ("diverged" in said(found)) is named, state


def test_a_network_that_answers_every_image_alike_is_named(tmp_path: Path) -> None:
    found = study(20.5, folder=tmp_path)
    generator, target = np.random.default_rng(0), HeadPoseConfig()
    true = generator.normal(0, 20, (30, 3)).astype(np.float32)
    for spread, alike in ((0.1, True), (15.0, False)):
        predicted = generator.normal(0, spread, (30, 3)).astype(np.float32)
        samples = Samples((), true, ("s",) * 30, target.build(target.labels), "")
        images = PredictedImages(
            tuple(f"images/{n}.jpg" for n in range(30)),
            samples.subjects,
            Predictions(predicted, true, target.build(target.labels)),
            3,
        )
        (tmp_path / "0").mkdir(exist_ok=True)
        write_images(images, errors_file(tmp_path / "0", "validation"))
        assert ("the same answer for every image" in said(found)) is alike


def test_an_error_that_rises_from_the_start_is_named() -> None:
    trial = made_up.trial(0, made_up.config(), 9.0)
    words = "best after the first epoch and worse ever after"
    assert words in said(made_up.study([with_curve(trial, 8.0, 9.0, 11.0)]))
    assert words not in said(made_up.study([with_curve(trial, 8.0, 7.0, 11.0)]))
    assert words not in said(made_up.study([with_curve(trial, 8.0, 9.0)]))


def test_trials_that_diverged_are_named_with_how_far() -> None:
    assert said(study(6.0, 46.0)) == (
        "Far worse than always guessing the mean pose: trial 1 (2.3 times). They diverged, and say "
        "nothing of their designs."
    )
    assert "trial 5 (3.5 times), trial 4 (3.0 times), trial 3 (2.5 times) and 1 more" in said(
        study(6.0, 7.0, 40.0, 50.0, 60.0, 70.0)
    )


def of_designs(levels: list[float], seeds: int = 4) -> StudyRecord:
    generator = np.random.default_rng(3)
    return made_up.study(
        [
            made_up.trial(
                10 * n + seed, made_up.config(seed=seed, dropout=0.1 * n), level + generator.normal(0, 0.3)
            )
            for n, level in enumerate(levels)
            for seed in range(seeds)
        ]
    )


def test_designs_that_differ_by_noise_alone_are_said_to() -> None:
    words = "The 4 designs with several seeds differ no more than runs of one design do"
    assert words in said(of_designs([8.0, 8.0, 8.0, 8.0]))
    assert words not in said(of_designs([8.0, 7.0, 8.0, 9.0]))
    assert said(of_designs([8.0, 8.0])) == ""


def test_of_equal_designs_one_in_twenty_studies_is_said_to_hold_a_difference() -> None:
    """The noise is tested at 5 %: the sentence is missing in about so many studies of equal designs."""
    generator, missing = np.random.default_rng(0), 0
    for _ in range(200):
        trials = [
            made_up.trial(
                10 * n + seed, made_up.config(seed=seed, dropout=0.1 * n), 8 + generator.normal(0, 0.3)
            )
            for n in range(3)
            for seed in range(3)
        ]
        missing += said(made_up.study(trials)) == ""
    assert 2 <= missing <= 22


def with_measure(number: int, task: str, name: str, value: float) -> TrialRecord:
    """Return a trial of a helper that measured a value and was off in the last epoch."""
    found = made_up.trial(number, made_up.config({task: {}}, dropout=0.05 * number), 6.0 + number)
    return replace(found, epochs=({**found.epochs[-1], f"pretext/{name}": value}, found.epochs[-1]))


def test_a_helper_that_collapsed_is_named_by_the_measure_that_says_so() -> None:
    trials = [
        with_measure(0, "byol", "byol_spread", 0.04),
        with_measure(1, "byol", "byol_spread", 0.9),
        with_measure(2, "puzzling", "puzzle_spread", 0.01),  # of something else, in spite of its name
    ]
    words = said(made_up.study(trials))
    assert "A helper collapsed: trial 0 (byol_spread 0.04, below 0.1). It says the same" in words
    assert "trial 1" not in words and "trial 2" not in words
