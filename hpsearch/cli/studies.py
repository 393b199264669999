"""The commands about studies that exist: list, status, logs, show, report, stop, delete and enqueue."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hpsearch.cli.arguments import Adder, add_address, add_root, add_study, add_yes, sure, trial_number
from hpsearch.cli.output import show, show_faults
from trainables.base.errors import InputError

if TYPE_CHECKING:
    from hpsearch.report.files import WrittenReport
    from hpsearch.study.records import StudyRecord


def add_study_commands(add: Adder) -> None:
    """Add the commands."""
    listing = add(
        "list",
        _list,
        "list the studies below the root: state, trials, best",
        examples=["list", "list --root /data/runs"],
    )
    add_root(listing)
    add_address(listing)

    status = add(
        "status",
        _status,
        "print the status of a study: who runs it, and what it has reached",
        examples=["status quickstart"],
    )
    add_study(status)
    add_root(status)
    add_address(status)

    shown = add(
        "show",
        _show,
        "print a study's leaderboard",
        examples=["show quickstart", "show quickstart --format csv > trials.csv"],
    )
    add_study(shown)
    add_root(shown)
    add_address(shown)
    formats = ("table", "csv", "json")
    shown.add_argument("--format", choices=formats, default="table", help="default: %(default)s")

    report = add(
        "report",
        _report,
        "write a study's results as one HTML page, and its tables as CSV",
        examples=["report quickstart --out quickstart.html"],
    )
    add_study(report)
    add_root(report)
    report.add_argument(
        "--out", type=Path, metavar="FILE", help="the page (default: report.html in the study's folder)"
    )
    report.add_argument("--watch", action="store_true", help="keep the page up to date while the study runs")
    report.add_argument(
        "--paper", action="store_true", help="also log the paper's results to MLflow, beside the trials"
    )

    track = add(
        "track",
        _track,
        "write a study's runs into MLflow again, from its journal: what a launch could not write",
        examples=["track quickstart"],
    )
    add_study(track)
    add_root(track)
    add_address(track)

    logs = add(
        "logs",
        _logs,
        "print the logs of a study's trials, and why each ended",
        examples=["logs quickstart --trial 3", "logs quickstart --follow"],
    )
    add_study(logs)
    add_root(logs)
    add_address(logs)
    logs.add_argument("--trial", type=trial_number, metavar="N", help="only this trial")
    logs.add_argument("--follow", action="store_true", help="follow the logs until the study ends")

    stop = add(
        "stop",
        _stop,
        "stop a running study as Ctrl-C does, from any machine that sees the root",
        examples=["stop quickstart"],
    )
    add_study(stop, optional=False)
    add_root(stop)
    add_address(stop)
    stop.set_defaults(stops=True)

    delete = add(
        "delete",
        _delete,
        "delete a study and its runs in MLflow; datasets and pretrainings stay",
        examples=["delete quickstart"],
    )
    add_study(delete, optional=False)
    add_root(delete)
    add_address(delete)
    add_yes(delete)

    enqueue = add(
        "enqueue",
        _enqueue,
        "try a design of your own next, in a study that runs or has ended",
        examples=["enqueue quickstart design.yaml"],
    )
    add_study(enqueue, optional=False)
    enqueue.add_argument(
        "design", type=Path, metavar="FILE", help="a YAML file: a part of a training config, without holes"
    )
    add_root(enqueue)
    add_address(enqueue, sends=["design"])


def _find(arguments: argparse.Namespace) -> StudyRecord:
    from hpsearch.study.store import find_study, only_study

    return find_study(arguments.root, arguments.study or only_study(arguments.root))


def _list(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.study_text import changed, list_row, list_table
    from hpsearch.results.overview import find_overview
    from hpsearch.study.store import study_folder, study_names

    names, rows = study_names(arguments.root), []
    for name in names:
        folder = study_folder(arguments.root, name)
        try:
            rows.append(list_row(find_overview(arguments.root, name), folder))
        except InputError as error:  # the others are shown all the same
            rows.append((name, "not read", "", "", "", changed(folder)))
            show_faults(error.faults)
    show(list_table(rows) if names else f"no study below {arguments.root} yet")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.study_text import status
    from hpsearch.results.overview import find_overview
    from hpsearch.study.store import only_study, study_folder

    root, name = arguments.root, arguments.study or only_study(arguments.root)
    width = shutil.get_terminal_size().columns
    show(status(find_overview(root, name), study_folder(root, name), width, time.time()))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from hpsearch.results.kept_board import leaderboard_text
    from hpsearch.results.leaderboard import render
    from hpsearch.study.store import only_study

    if arguments.format == "table":
        text = leaderboard_text(arguments.root, arguments.study or only_study(arguments.root))
    else:
        text = render(_find(arguments), arguments.format)
    print(text, end="")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from hpsearch.report.files import watch_report, write_report
    from hpsearch.report.paper.mlflow_runs import log_paper
    from hpsearch.study.opening import all_kept

    with all_kept():
        study = _find(arguments)
        if not arguments.watch:
            _written(write_report(study, arguments.out))
    if arguments.watch:
        watch_report(lambda: _find(arguments), arguments.out, _written)
    if arguments.paper:
        show(log_paper(study, arguments.root))
    return 0


def _written(report: WrittenReport) -> None:
    for file in report.files:
        show(str(file))
    for fault in report.faults:
        show(f"the report lacks a part: {fault}")
    sys.stdout.flush()


def _track(arguments: argparse.Namespace) -> int:
    from hpsearch.driver.tracking_again import track

    return 0 if track(_find(arguments), arguments.root, show) else 1


def _logs(arguments: argparse.Namespace) -> int:
    from hpsearch.lifecycle.logs import StudyLogs
    from hpsearch.study.store import only_study, study_folder

    folder = study_folder(arguments.root, arguments.study or only_study(arguments.root))
    logs = StudyLogs(folder, arguments.trial)
    entries = logs.news()
    if not entries and not arguments.follow:
        show(_without_log(_find(arguments), arguments.trial))
    for entry in entries:
        show(entry)
    if arguments.follow:
        for entry in logs.follow():
            show(entry)
            sys.stdout.flush()
    return 0


def _without_log(study: StudyRecord, number: int | None) -> str:
    """Return what a trial without a log came to. Raises `InputError` where there is no such trial."""
    if number is None:
        return f"study {study.name!r} has no logs yet"
    there = [trial for trial in study.trials if trial.number == number]
    if not there:
        last = max((trial.number for trial in study.trials), default=None)
        valid = "it has none yet" if last is None else f"it has 0 to {last}"
        raise InputError(f"study {study.name!r} has no trial {number}: {valid}")
    return f"trial {number} has no log; it is {there[0].state.value}" + (
        f": {there[0].reason}" if there[0].reason else ""
    )


def _stop(arguments: argparse.Namespace) -> int:
    from hpsearch.lifecycle.stop import stop
    from hpsearch.ray.job_events import JobEvent, tell
    from hpsearch.study.store import study_folder

    stopping = stop(study_folder(arguments.root, arguments.study))
    show(stopping.text)
    if stopping.stopped:
        tell(JobEvent.STOPPED)
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    from hpsearch.lifecycle.deletion import delete
    from hpsearch.study.store import study_folder

    deleted = delete(arguments.root, study_folder(arguments.root, arguments.study), sure(arguments))
    show(deleted or "nothing was deleted")
    return 0


def _enqueue(arguments: argparse.Namespace) -> int:
    from hpsearch.lifecycle.enqueue import enqueue

    show(enqueue(_find(arguments), arguments.design))
    return 0
