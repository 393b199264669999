"""Names of options that attack whoever reads them: a spreadsheet, MLflow's pages, a terminal."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from rich.console import Console
from support import studies

from hpsearch.cli.live_table import LiveView
from hpsearch.cli.output import show, show_faults
from hpsearch.cli.summary import describe
from hpsearch.results.leaderboard import render
from hpsearch.results.time_left import Plan
from hpsearch.study.records import StudyRecord
from hpsearch.study.spec import StudySpec
from hpsearch.tracking.rows import note
from trainables.base.errors import Fault
from trainables.base.plain_text import markdown_text

FORMULA = "=cmd|' /C calc'!A0"
ESCAPES = "\x1b]0;owned\x07\x1b[2J[red]"
MARKUP = "![x](http://a/b) | **x** <img src=x>"

SPACE = """\
data: {train: {dataset: heads}}
epochs: 9
network: {dropout: 0.1}
pretext:
  choice:
    "=cmd|' /C calc'!A0": none
    "\\e]0;owned\\a\\e[2J[red]": puzzling
    "![x](http://a/b) | **x** <img src=x>": rotation
"""


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return studies.spec(tmp_path, "{sampler: grid, pruner: none}", SPACE)


@pytest.fixture
def record(tmp_path: Path, spec: StudySpec) -> StudyRecord:
    study = studies.open_in(tmp_path / "study", spec)
    for worth in range(3):
        ask = study.ask()
        studies.train(study, ask, of=lambda _, epoch, worth=worth: worth + 1 / epoch)
    return study.record()


def test_a_leaderboard_holds_no_formula(record: StudyRecord) -> None:
    rows = list(csv.DictReader(io.StringIO(render(record, "csv"))))
    named = [row["params.pretext"] for row in rows]
    assert named == [f"'{FORMULA}", "\\x1b]0;owned\\x07\\x1b[2J[red]", MARKUP]
    assert not any(str(cell).startswith(("=", "@")) for row in rows for cell in row.values())


def test_a_terminal_shows_the_names_and_obeys_none(
    record: StudyRecord, spec: StudySpec, capsys: pytest.CaptureFixture[str]
) -> None:
    table = render(record, "table")
    assert "\\x1b]0;owned\\x07\\x1b[2J[red]" in table and FORMULA in table
    console = Console(file=io.StringIO(), width=200)
    with LiveView(console, Plan(trials=3, in_parallel=1)) as view:
        view.update(record)
    show(describe(spec))
    show_faults([Fault(f"{ESCAPES!s} is unknown", file="\udcff.yaml"), Fault("x" * 100_000)])
    said = capsys.readouterr()
    for text in (table, console.file.getvalue(), said.out, said.err):  # type: ignore[attr-defined]
        assert "\x1b" not in text and "\x07" not in text
        text.encode()
    assert "\\x1b]0;owned" in said.out
    assert said.err.startswith("\\udcff.yaml: \\x1b]0;owned") and len(said.err) < 5000


def test_a_note_in_mlflow_shows_the_names_as_they_are(record: StudyRecord) -> None:
    text = note(record)
    assert "<img" not in text and "](" not in text and "**x**" not in text
    row = next(line for line in text.splitlines() if "img" in line)
    head = next(line for line in text.splitlines() if line.startswith("| rank"))
    assert row.count("|") == head.count("|")
    assert markdown_text(MARKUP) in row
