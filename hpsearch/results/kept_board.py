"""The leaderboard of a long study as `show` prints it, kept beside its journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hpsearch.results.kept import keep, kept
from hpsearch.results.leaderboard import Board, board_of, on_console, table
from hpsearch.results.leaderboard_table import STATE, Column
from hpsearch.results.overview import keep_overview, kept_overview
from hpsearch.results.standing import standing_of
from hpsearch.study.records import StudyRecord, StudyState, TrialState
from hpsearch.study.store import find_study, state_of, study_folder

BOARD = "leaderboard.json"
"""The file's name in the study's folder."""

FRESH_S = 300.0
"""How old the table of a study that runs may be; below it stands how old it is."""


def leaderboard_text(root: Path, name: str) -> str:
    """Return the leaderboard of a study for people: as it was kept where that is new enough, else as read.

    Raises `InputError` where there is none, and where it cannot be read.
    """
    folder = study_folder(root, name)
    if (text := _kept_text(folder)) is not None:
        return text
    study = find_study(root, name)
    if state_of(study) is not StudyState.RUNNING:  # its driver was killed: the next look shall be quick
        keep_overview(folder, lambda: study)
        keep_board(folder, lambda: study)
    return on_console(lambda width: table(study, width))


def keep_board(folder: Path, read: Callable[[], StudyRecord]) -> None:
    """Keep the leaderboard of the study in `folder`, if it is a long one and can be written."""
    keep(folder, BOARD, lambda: asdict(board_of(read())))


def _kept_text(folder: Path) -> str | None:
    found, overview = kept(folder, BOARD, FRESH_S), kept_overview(folder)
    if found is None or overview is None:
        return None
    try:
        board = _read(found.values, running=found.held)
    except (ValueError, TypeError, LookupError, AttributeError):  # of another version
        return None
    trials = sum(overview.counts.values()) + overview.again
    stands = standing_of(overview.state, trials, len(overview.running))
    if found.held:
        stands += f" The table is as of {time.strftime('%H:%M:%S', time.localtime(found.at_s))}."
    return on_console(lambda width: board.drawn(stands, width))


def _read(values: dict[str, Any], *, running: bool) -> Board:
    """Return what was kept; where nobody runs the study, what its launch left running is interrupted."""
    states = tuple(map(TrialState, values["states"]))
    if not running:
        states = tuple(TrialState.INTERRUPTED if it is TrialState.RUNNING else it for it in states)
    texts = {STATE: tuple(state.value for state in states)}
    columns = [Column(**column) for column in values["columns"]]
    columns = [replace(it, texts=texts.get(it.title, tuple(it.texts))) for it in columns]
    return Board(**{**values, "columns": tuple(columns), "states": states})
