"""Effort per family, and the sentence that says what a verdict is equal in."""

from __future__ import annotations

from typing import Any

from support import made_up_arms as made_up

from hpsearch.report.sections.effort import effort_section, equal_effort, family_efforts
from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.titles import names_of
from trainables.training.config import TrainConfig, parse_config


def arm(epochs: int = 4, **keys: Any) -> Arm:
    dataset = {"rendered-heads": {"images": 200, "subjects": 20}}
    config = parse_config({"data": {"train": {"dataset": dataset}}, "epochs": epochs, **keys})
    assert isinstance(config, TrainConfig), config
    return Arm((made_up.trial(0, config, 5.0, epochs=epochs),), made_up.AIM)


def test_a_verdict_says_whether_epochs_and_arithmetic_are_equal() -> None:
    shared = equal_effort(arm(pretext="rotation"), arm())
    assert "at equal epochs and at equal arithmetic" in shared
    two = equal_effort(arm(pretext={"rotation": {"flag": 2, "view": "two"}}), arm())
    assert "at equal epochs, not at equal arithmetic" in two and "1.50 times" in two
    longer = equal_effort(arm(epochs=8, pretext="rotation"), arm())
    assert "not at equal epochs (8 beside 4)" in longer and "2.00 times" in longer
    assert equal_effort(None, arm()) == ""


def test_each_family_has_its_trials_and_the_page_both_charts() -> None:
    study = made_up.table("table1_flags_heads", lambda config: 7.0, 39)
    found = {one.family: one.effort for one in family_efforts(study)}
    assert {name: effort.trials for name, effort in found.items()} == {
        "pretext: none": 3,
        "pretext: puzzling": 12,
        "pretext: rotation": 12,
        "pretext: puzzling_rotation": 12,
    }
    assert found["pretext: none"].images_forwarded == 3 * 3 * 1500
    arms = arms_of(study)
    section = effort_section(study, arms, names_of(arms), compare(arms))
    assert section is not None
    assert [chart.title for chart in section.charts] == ["Error over epochs", "Error over arithmetic"]
    assert effort_section(made_up.study([]), (), {}, compare(())) is None
