"""The page: a section that cannot be made says so in its place, and costs nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import plausible

from hpsearch.driver.outcome import write_page
from hpsearch.report.files import write_report
from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.report.sections import SECTIONS, SectionKind
from hpsearch.report.sections.trials import TrialsSection, trials_section
from hpsearch.study.lock import study_lock
from hpsearch.study.records import LaunchRecord, StudyRecord, TrialState
from hpsearch.study.trial_log import LOG
from trainables.base.errors import InputError


def record(folder: Path = Path("nowhere")) -> StudyRecord:
    return plausible.study(folder, [TrialState.COMPLETE] * 4)


def broken(report: Report) -> object:
    return [report.study.trials[99]]


def refused(report: Report) -> object:
    raise InputError("predictions.parquet: is damaged <b>")


def with_failing(build: SectionKind) -> list[SectionKind]:
    """Return the sections of the page with one more between the first and the others."""
    return [SECTIONS[0], build, *SECTIONS[1:]]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (SectionKind("Broken", "cost", broken), "IndexError: tuple index out of range"),
        (SectionKind("Without its values", "cost", lambda _: {"rows": 1}), "UndefinedError"),
        (SectionKind("Refused", "cost", refused), "predictions.parquet: is damaged"),
    ],
)
def test_a_section_that_fails_says_so_in_its_place_and_hides_no_other(kind: SectionKind, said: str) -> None:
    whole, page = render(Report(record())), render(Report(record()), with_failing(kind))
    assert whole.faults == ()
    (fault,) = page.faults
    assert fault.startswith(f"{kind.title}: ") and said in fault
    headings = [line for line in page.html.splitlines() if line.startswith("<h2>")]
    assert [line for line in headings if kind.title not in line] == [
        line for line in whole.html.splitlines() if line.startswith("<h2>")
    ]
    assert f"<h2>{kind.title}</h2>" in headings and said in page.html
    assert "<b>" not in page.html


@pytest.mark.parametrize("value", [float("nan"), {1, 2}])
@pytest.mark.parametrize("place", ["spec", "records"])
def test_a_value_that_is_no_json_costs_its_section_alone(place: str, value: object) -> None:
    def strange(report: Report) -> TrialsSection:
        section = trials_section(report.study, report.importances)
        assert section is not None and section.curves is not None
        if place == "records":
            return replace(section, records=[{"trial": value}])
        return replace(section, curves=replace(section.curves, spec={"width": value}))

    page = render(Report(record()), with_failing(SectionKind("Strange", "trials", strange)))
    (fault,) = page.faults
    assert fault.startswith("Strange: ")
    assert "<h2>Leaderboard</h2>" in page.html
    assert page.html.partition('id="data">')[2] == render(Report(record())).html.partition('id="data">')[2]


def test_a_top_that_fails_leaves_the_title_and_the_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = render(Report(record())).html
    monkeypatch.setattr("hpsearch.report.sections.page_top.noise_of", lambda arms: 1 / 0)
    page = render(Report(record()))
    (fault,) = page.faults
    assert fault.startswith("Summary: ZeroDivisionError: division by zero (")
    assert "<h1>demo</h1>" in page.html and "could not be made: ZeroDivisionError" in page.html
    assert page.html.partition("<main>")[2] == whole.partition("<main>")[2]


def test_a_bug_is_told_from_a_fault_of_the_files() -> None:
    broken_space = SectionKind("Broken", "cost", lambda report: report.study.spec.config({}))
    (bug,) = render(Report(record()), [broken_space]).faults
    assert "bug in hpsearch" in bug and "hpsearch/space/" in bug, "where in our own code"
    (fault,) = render(Report(record()), [SectionKind("Refused", "cost", refused)]).faults
    assert "bug in hpsearch" not in fault


def test_the_page_of_a_launch_that_ends_is_not_that_of_a_running_study(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [TrialState.COMPLETE, TrialState.RUNNING])
    launch = LaunchRecord(2, None, None, in_parallel=1, began_s=1.0, ended_s=2.0)
    said: list[str] = []
    with study_lock(tmp_path):
        [ended] = write_page(plausible.launched(study, launch), said.append)
        assert "The study is running" not in ended.read_text()
        [stopped] = write_page(plausible.launched(study, replace(launch, ended_s=None)), said.append)
        text = stopped.read_text()
        assert "The study was interrupted" in text and "1 interrupted" in text
    assert said == []


def test_a_table_that_fails_is_said_and_costs_neither_the_page_nor_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(tables: object) -> None:
        raise IndexError("of a claim")

    monkeypatch.setattr("hpsearch.report.report.judge", fails)
    said: list[str] = []
    [page] = write_page(record(tmp_path), said.append)
    assert "<h2>Leaderboard</h2>" in page.read_text()
    assert [line.partition(" (")[0] for line in said] == [
        "the report lacks a part: The paper's claims: IndexError: of a claim",
        "the report lacks a part: report-claims.csv: IndexError: of a claim",
    ]
    assert (tmp_path / "report.csv").is_file() and not (tmp_path / "report-claims.csv").exists()


def test_a_table_that_cannot_be_written_is_said_and_not_linked(tmp_path: Path) -> None:
    (tmp_path / "report.csv").mkdir()
    written = write_report(record(tmp_path))
    assert written.files == [tmp_path / "report.html"]
    assert len(written.faults) == 1 and written.faults[0].startswith("report.csv: ")
    assert "report.csv" not in written.files[0].read_text()


def test_no_page_is_worth_a_launch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(report: Report, **parts: object) -> None:
        raise IndexError("outside all sections")

    monkeypatch.setattr("hpsearch.report.files.render", fails)
    said: list[str] = []
    assert write_page(record(tmp_path), said.append) == []
    assert "bug in hpsearch (IndexError('outside all sections'))" in said[0]
    assert "hpsearch report demo writes it again" in said[0]
    assert "Traceback" in (tmp_path / LOG).read_text()
