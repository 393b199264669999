"""The page has the best of very many trials, in charts and table, and says how many it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import plausible

from hpsearch.report.charts import trials as chart_data
from hpsearch.report.sections import trials as section
from hpsearch.study.records import TrialState


def test_of_very_many_trials_the_page_has_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = plausible.study(tmp_path, [TrialState.COMPLETE] * 12)
    whole = section.trials_section(study, {})
    assert whole is not None and (len(whole.rows), len(whole.records), whole.left_out) == (12, 12, 0)
    for module in (chart_data, section):
        monkeypatch.setattr(module, "MOST_TRIALS", 4)
    found = section.trials_section(study, {})
    best = [trial.number for trial in study.leaderboard()[:4]]
    assert found is not None and found.left_out == 8
    assert [row.number for row in found.rows] == best
    assert [record["trial"] for record in found.records] == sorted(best)
