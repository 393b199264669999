"""The report's files: the page, and its tables as CSV beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hpsearch.report.links import links_beside
from hpsearch.report.page import reason_of, render
from hpsearch.report.report import Report
from hpsearch.report.tables import Record, arm_records, claim_records, paper_records
from hpsearch.results.csv_table import csv_table
from hpsearch.study.records import StudyRecord, StudyState, TrialState
from hpsearch.study.store import state_of
from trainables.base.atomic import write_text
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

TABLES: Mapping[str, Callable[[Report], list[Record]]] = {
    "": lambda report: arm_records(report.arms, report.names),
    "-paper": lambda report: paper_records(report.tables),
    "-claims": lambda report: claim_records(report.claims),
}
"""What the names of the tables end with, behind that of the page -> their rows."""

RENEWS_S = 10
"""How often a running study is read again, and its page by a browser."""


@dataclass(frozen=True)
class WrittenReport:
    """The files of a report, the page first, and a sentence for each part that could not be made."""

    files: list[Path]
    faults: tuple[str, ...]


def write_report(
    study: StudyRecord, out: Path | None = None, renews_s: int | None = None, *, leaving: bool = False
) -> WrittenReport:
    """Write the page to `out`, a file or folder (None: the study's), and CSV files beside it.

    With `renews_s` a browser reads the page again after so many seconds; `leaving`: the launch that writes it
    ends now. A table that cannot be made or written is said and costs nothing else. Raises `InputError` where
    the page cannot be written there, or a file of the name is there that no report was.
    """
    page = study.folder / PAGE if out is None else out / PAGE if out.is_dir() else out
    ensure_folder(page.parent)
    report = Report(study, leaving=leaving)
    tables, faults = _tables(report, page)
    if out is not None and (strangers := [file for file in (page, *tables) if _is_no_report(file)]):
        rule = "no report wrote this file, which would be overwritten: give another --out"
        raise InputError([Fault(rule, file=str(file)) for file in strangers])
    written = []
    for file, text in tables.items():
        try:
            write_text(text, file)
            written.append(file)
        except (InputError, OSError) as error:
            faults.append(f"{file.name}: {error}")
    rendered = render(report, links=tuple(links_beside(page, study, written)), renews_s=renews_s)
    write_text(rendered.html, page)  # in one step: a browser may be reading it
    return WrittenReport([page, *written], (*rendered.faults, *faults))


def _tables(report: Report, page: Path) -> tuple[dict[Path, str], list[str]]:
    """Return each table that has rows, as CSV by its file, and a sentence for each that could not be made."""
    tables, faults = {}, []
    for ending, records_of in TABLES.items():
        file = page.with_name(f"{page.stem}{ending}.csv")
        try:
            if records := records_of(report):
                tables[file] = csv_table(records)
        except Exception as error:  # noqa: BLE001  (a bug in one table must not cost the page)
            faults.append(f"{file.name}: {reason_of(error)}")
    return tables, faults


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
