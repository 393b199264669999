"""The report's files: the page, and its tables as CSV beside it."""

from __future__ import annotations

from pathlib import Path

from hpsearch.report.page import Report, render
from hpsearch.report.paper.claims import judge
from hpsearch.report.paper.repeats import tables_of
from hpsearch.report.tables import arm_records, claim_records, paper_records
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.csv_table import csv_table
from hpsearch.results.titles import names_of
from hpsearch.study.importance import importances
from hpsearch.study.records import StudyRecord
from trainables.base.disk import ensure_folder

PAGE = "report.html"
"""The page's name in the study's folder, where no other is given."""


def build_report(study: StudyRecord) -> Report:
    """Compute the report of a study, which may be running."""
    arms = arms_of(study)
    tables = tables_of(arms)
    return Report(
        study=study,
        arms=arms,
        names=names_of(arms),
        comparison=compare(arms),
        tables=tables,
        claims=judge(tables),
        importances=importances(study),
    )


def write_report(study: StudyRecord, out: Path | None = None) -> list[Path]:
    """Write the page to `out`, a file or folder (None: the study's), and CSV files beside it; return all.

    Raises `InputError` where nothing can be written there.
    """
    page = study.folder / PAGE if out is None else out / PAGE if out.is_dir() else out
    ensure_folder(page.parent)
    report = build_report(study)
    page.write_text(render(report), encoding="utf-8")
    records = {
        "": arm_records(report.arms, report.names),
        "-paper": paper_records(report.tables),
        "-claims": claim_records(report.claims),
    }
    files = [page]
    for ending, rows in records.items():
        if rows:
            files.append(page.with_name(f"{page.stem}{ending}.csv"))
            files[-1].write_text(csv_table(rows), encoding="utf-8")
    return files
