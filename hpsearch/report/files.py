"""The report's files: the page, and its tables as CSV beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from hpsearch.report.links import links_beside
from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.report.tables import arm_records, claim_records, paper_records
from hpsearch.results.csv_table import csv_table
from hpsearch.study.records import StudyRecord, StudyState, TrialState
from hpsearch.study.store import state_of
from trainables.base.atomic import in_one_step
from trainables.base.disk import ensure_folder
from trainables.base.errors import Fault, InputError

PAGE = "report.html"
"""The page's name in the study's folder, where no other is given."""

BEGIN_BYTES = 2048
MARKS = (
    b'<meta name="generator" content="hpsearch">',
    b"content=\"default-src 'none'; style-src 'unsafe-inline'",  # of before the line above was written
    b"rank,arm,state,",
    b"table,row,method,",
    b"claim,text,strength,",
)
"""What the first bytes of a page or of a table of a report hold, one of these."""

RENEWS_S = 10
"""How often a running study is read again, and its page by a browser."""


@dataclass(frozen=True)
class WrittenReport:
    """The files of a report, the page first, and a sentence for each section that could not be made."""

    files: list[Path]
    faults: tuple[str, ...]


def write_report(
    study: StudyRecord, out: Path | None = None, renews_s: int | None = None, *, leaving: bool = False
) -> WrittenReport:
    """Write the page to `out`, a file or folder (None: the study's), and CSV files beside it.

    With `renews_s` a browser reads the page again after so many seconds; `leaving`: the launch that writes it
    ends now. Raises `InputError` where nothing
    can be written there, or a file of the name is there that no report was.
    """
    page = study.folder / PAGE if out is None else out / PAGE if out.is_dir() else out
    ensure_folder(page.parent)
    report = Report(study, leaving=leaving)
    tables = {
        page.with_name(f"{page.stem}{ending}.csv"): rows
        for ending, rows in (
            ("", arm_records(report.arms, report.names)),
            ("-paper", paper_records(report.tables)),
            ("-claims", claim_records(report.claims)),
        )
        if rows
    }
    if out is not None and (strangers := [file for file in (page, *tables) if _is_no_report(file)]):
        rule = "no report wrote this file, which would be overwritten: give another --out"
        raise InputError([Fault(rule, file=str(file)) for file in strangers])
    for file, rows in tables.items():
        file.write_text(csv_table(rows), encoding="utf-8")
    links = tuple(links_beside(page, study, list(tables)))
    rendered = render(replace(report, links=links, renews_s=renews_s))
    with in_one_step(page, len(rendered.html)) as draft:  # a browser may be reading it
        draft.write_text(rendered.html, encoding="utf-8")
    return WrittenReport([page, *tables], rendered.faults)


def _is_no_report(file: Path) -> bool:
    """Return whether something else than a page or table of a report has a file's name."""
    if not file.exists():
        return False
    if not file.is_file():
        return True
    with file.open("rb") as content:
        begin = content.read(BEGIN_BYTES)
    return bool(begin) and not any(mark in begin for mark in MARKS)


def watch_report(
    read: Callable[[], StudyRecord], out: Path | None, written: Callable[[WrittenReport], None]
) -> None:
    """Write the page again whenever the study has changed, until nobody runs it; `read` reads the study.

    Raises `InputError` as `write_report` does.
    """
    before: tuple[tuple[TrialState, int, int], ...] | None = None
    while True:
        study = read()
        runs = state_of(study) is StudyState.RUNNING
        now = tuple((trial.state, len(trial.epochs), len(trial.test)) for trial in study.trials)
        if now != before or not runs:
            written(write_report(study, out, renews_s=RENEWS_S if runs else None))
        if not runs:
            return
        before = now
        time.sleep(RENEWS_S)
