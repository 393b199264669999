"""Both intervals of the difference stand on the page, each with what it covers and what is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from support import made_up_arms as made_up

from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.report.sections import intervals as module
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.statistics import Interval
from hpsearch.results.subjects import SubjectInterval
from hpsearch.study.records import StudyRecord

HEADING = "How certain is the difference?"


def study(seeds: int = 4, helpers: int = 1, pretrained: str | None = None) -> StudyRecord:
    """Return a study whose best helper is 1.0 to 1.3 degrees better than the baseline, by the seed.

    `pretrained` names the weights that trials start from, `%d` is their seed.
    """
    trials = []
    for seed in range(seeds):
        start = pretrained % seed if pretrained and "%d" in pretrained else pretrained
        errors = {"none": 6.0 + 0.2 * seed, "rotation": 5.0 + 0.1 * seed, "puzzling": 5.5 + 0.1 * seed}
        for pretext in list(errors)[: helpers + 1]:
            config = made_up.config(pretext, seed)
            trials.append(replace(made_up.trial(len(trials), config, errors[pretext]), pretrained=start))
    return made_up.study(trials)


def given(monkeypatch: pytest.MonkeyPatch, found: SubjectInterval | None) -> None:
    monkeypatch.setattr(module, "subject_interval", lambda leader, baseline: found)


def test_both_stand_below_the_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SubjectInterval(Interval(-1.15, 0.72, 30), seeds=4))
    report = Report(study())
    seeds, subjects, both = module.intervals_section(report.comparison)
    gap = report.comparison.difference
    assert gap is not None and (seeds.mean, seeds.low, seeds.high) == (gap.mean, gap.low, gap.high)
    assert (subjects.low, subjects.high) == pytest.approx((-1.87, -0.43)) and subjects.of == "30 subjects"
    assert gap.half is not None and both.high == pytest.approx(gap.mean + math.hypot(gap.half, 0.72))
    assert "pretraining" not in seeds.covers
    text = render(report).html
    assert text.index(HEADING) < text.index("Leaderboard") and "−1.87 to −0.43" in text


def test_seeds_that_kept_nothing_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SubjectInterval(Interval(-1.1, 0.4, 3), seeds=2))
    _, subjects, _ = module.intervals_section(compare(arms_of(study())))
    assert "2 of the 4 paired seeds" in subjects.covers


def test_where_it_is_not_known_the_page_says_why() -> None:
    _, subjects = module.intervals_section(compare(arms_of(study())))  # nothing was kept
    assert subjects.mean is None and "validation_errors.parquet" in subjects.covers
    assert "Not known" in render(Report(study())).html


def test_which_of_the_two_is_corrected_for_the_choice_of_the_leader_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, SubjectInterval(Interval(-1.15, 0.72, 30), seeds=4))
    one, two = (module.intervals_section(compare(arms_of(study(helpers=helpers)))) for helpers in (1, 2))
    assert not any("orrected" in row.covers for row in one)
    assert "Corrected for 2 comparisons" in two[0].covers and "Not corrected" in two[1].covers


@pytest.mark.parametrize(
    ("pretrained", "missing"), [("rotation-5c0ffee", True), ("rotation-%d", False), (None, False)]
)
def test_a_pretraining_that_all_seeds_share_is_said(pretrained: str | None, missing: bool) -> None:
    seeds, _ = module.intervals_section(compare(arms_of(study(pretrained=pretrained))))
    assert ("another pretraining" in seeds.covers) == missing


def test_without_a_paired_seed_there_is_no_section() -> None:
    alone = study(seeds=1)
    only = replace(alone, trials=alone.trials[:1])
    assert module.intervals_section(compare(arms_of(only))) == ()
    assert HEADING not in render(Report(only)).html
