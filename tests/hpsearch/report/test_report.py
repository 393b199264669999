"""The page and its files: from real and made-up studies, empty ones and hostile words."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import made_up_arms as made_up
from support import plausible, studies

from hpsearch.cli.main import main
from hpsearch.report import svg
from hpsearch.report.files import report_of, write_report
from hpsearch.report.page import render
from hpsearch.study.importance import importances
from hpsearch.study.records import StudyRecord, TrialState

VOID = {"meta", "br", "wbr", "link", "img"}
STATES = [TrialState.COMPLETE] * 9 + [TrialState.PRUNED] * 6 + [TrialState.FAILED, TrialState.RUNNING]


class Page(HTMLParser):
    """Reads a page, fails where elements do not nest, and keeps what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [
            value or "" for name, value in attrs if name in ("src", "href", "data", "xlink:href")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def real_study(root: Path, trials: int = 40) -> None:
    """Search the made-up problem below `root`."""
    folder = root / "studies" / "demo"
    spec = studies.spec(folder, "{name: demo, sampler: random, pruner: median, budget: {trials: 40}}")
    study = studies.open_in(folder, spec)
    for _ in range(trials):
        studies.train(study, study.ask())


def page_of(study: StudyRecord) -> str:
    text = render(report_of(study))
    assert Page(text).fetched == []
    assert set(re.findall(r"https?://[^\"<\s]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text and "url(" not in text
    return text


def test_the_page_nests_fetches_nothing_and_begins_with_the_verdict(tmp_path: Path) -> None:
    text = page_of(plausible.study(tmp_path, STATES))
    places = [
        text.index(words) for words in ("Not decided", "Leaderboard", "What matters", "Learning curves")
    ]
    assert places == sorted(places)
    assert "What pruning saved" in text
    assert "The paper" not in text


def test_a_table_of_the_paper_has_its_rows_and_claims_on_the_page() -> None:
    text = page_of(made_up.table("table1_flags_heads", lambda config: 7.0 + 0.01 * config.seed, 39))
    assert "Table 1 of the paper" in text
    assert "ETH-XGaze" in text and "other data" in text
    for claim in ("C01", "C07"):
        assert f"<td>{claim}</td>" in text
    assert "too close to call" in text


@pytest.mark.parametrize("states", [[], [TrialState.RUNNING], [TrialState.FAILED], [TrialState.PRUNED] * 3])
def test_a_study_without_a_finished_trial_has_a_page(tmp_path: Path, states: list[TrialState]) -> None:
    assert "No trial has finished yet" in page_of(plausible.study(tmp_path, states))


def test_a_trial_without_epochs_and_values_that_are_no_numbers_do_not_stop_the_page() -> None:
    trials = [
        made_up.trial(0, made_up.config(), None, state=TrialState.FAILED),
        made_up.trial(1, made_up.config(seed=1), float("nan"), state=TrialState.FAILED),
        made_up.trial(2, made_up.config(seed=2), 5.0),
        made_up.trial(3, made_up.config({"rotation": {}}), float("inf"), state=TrialState.PRUNED),
    ]
    page_of(made_up.study(trials))


def test_words_of_a_study_cannot_become_markup(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, STATES)
    bad = '"><script>alert(1)</script>'
    trials = tuple(replace(trial, reason=bad, params={**trial.params, "x": bad}) for trial in study.trials)
    text = page_of(replace(study, name=bad, trials=trials))
    assert "<script" not in text
    assert "script" not in Page(text).tags


def test_the_command_writes_the_page_and_every_arm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real_study(tmp_path)
    assert main(["report", "demo", "--root", str(tmp_path)]) == 0
    page = tmp_path / "studies" / "demo" / "report.html"
    written = capsys.readouterr()
    assert written.out.splitlines() == [str(page), str(page.with_name("report.csv"))]
    assert written.err == ""
    Page(page.read_text(encoding="utf-8"))
    with page.with_name("report.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    numbers = sorted(int(number) for row in rows for number in row["trials"].split())
    assert numbers == list(range(40))
    finished = [float(row["objective_mean"]) for row in rows if row["objective_mean"] and row["seeds"] == "1"]
    assert finished == sorted(finished)


def test_the_page_goes_where_it_is_told(tmp_path: Path) -> None:
    study = plausible.study(tmp_path / "study", STATES)
    assert write_report(study, tmp_path / "new" / "a.html")[0] == tmp_path / "new" / "a.html"
    assert write_report(study, tmp_path)[0] == tmp_path / "report.html"


def test_an_unknown_study_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "demo", "--root", str(tmp_path)]) == 2
    assert "no study 'demo'" in capsys.readouterr().err


def test_importance_finds_what_the_made_up_problem_turns_on(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    spec = studies.spec(folder, "{name: demo, sampler: random, pruner: none}")
    study = studies.open_in(folder, spec)
    for _ in range(80):
        studies.train(study, study.ask())
    shares = importances(study.record())
    assert set(shares) == {"pretext", "network.dropout", "pretext.grid", "pretext.flag"}
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares["pretext"], shares["network.dropout"]) > shares["pretext.grid"]
    assert importances(replace(study.record(), trials=study.record().trials[:5])) == {}


@given(st.lists(st.floats(0, 300), max_size=12))
def test_labels_are_pushed_apart_in_their_order(wanted: list[float]) -> None:
    placed = svg.spread(wanted, 15, 0, 300)
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    apart = [placed[b] - placed[a] for a, b in pairwise(order)]
    assert all(gap >= 15 - 1e-9 for gap in apart)
    assert all(place <= 300 + 1e-9 for place in placed)


@given(low=st.floats(0.01, 100), span=st.floats(0.01, 1000), value=st.floats(-1e4, 1e4), log=st.booleans())
def test_scales_stay_inside_their_ends(low: float, span: float, value: float, log: bool) -> None:
    scale = svg.Scale(low, low + span, 40, 200, log)
    assert 40 <= scale(value) <= 200
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in scale.ticks())
