"""The charts of costs have the best of very many designs, and every design that none beats in both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import plausible

from hpsearch.report.sections import cost as section
from hpsearch.results.arms import arms_of
from hpsearch.results.titles import names_of
from hpsearch.study.records import StudyRecord, TrialState
from trainables.training.metric_names import IMAGES_PER_S


def drawn_of(study: StudyRecord) -> tuple[set[float], int | None]:
    """Return the errors of the dots over time per image, and of how many of the best the page speaks."""
    arms = arms_of(study)
    found = section.cost_section(study, arms, names_of(arms))
    assert found is not None and found.arms == 12
    [chart] = [chart for chart in found.charts if chart.name == "cost-speed"]
    return {row["error"] for row in chart.spec["data"]["values"]}, found.best


def test_of_very_many_designs_the_charts_have_the_best_and_the_front(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = plausible.study(tmp_path, [TrialState.COMPLETE] * 12)
    by_error = [trial for trial in study.leaderboard() if trial.objective is not None]
    fast = by_error[-1].number  # the worst is the fastest: no other beats it in both
    study = replace(
        study,
        trials=tuple(
            replace(
                trial,
                epochs=tuple(
                    {**row, IMAGES_PER_S: 900.0 if trial.number == fast else 10.0 + trial.number}
                    for row in trial.epochs
                ),
            )
            for trial in study.trials
        ),
    )
    errors = [trial.objective for trial in by_error]
    assert drawn_of(study) == (set(errors), None)
    monkeypatch.setattr(section, "MOST_DOTS", 3)
    found, best = drawn_of(study)
    assert best == 3 and {*errors[:3], errors[-1]} <= found and len(found) < 12
