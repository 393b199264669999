"""Progress of a search: one live table on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hpsearch.results.formats import duration, number
from hpsearch.results.leaderboard_table import STYLES
from hpsearch.results.time_left import Plan, time_left
from hpsearch.results.titles import guessing
from hpsearch.study.naming import run_name, short_names
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.base.plain_text import terminal_text
from trainables.base.seldom import Seldom
from trainables.training.metric_names import IMAGES_PER_S

PROGRESS_EVERY_S = 60.0
TOP = 5
BAR_WIDTH = 20
WIDE = 100
"""Characters of a terminal with room for all columns."""
MOST_OF_EPOCH = 0.95
"""What is shown of an epoch, at most, before it has ended."""
LEAST_DESIGN = 16
STATE_WIDTH = 11
"""Characters of a design, at least, and of the longest state."""


class LiveView:
    """Shows a study while it changes; a context manager, because a terminal must be left in order.

    On a terminal it is a table unless `table` is False; `clock` gives Unix seconds.
    """

    def __init__(
        self, console: Console, plan: Plan, clock: Callable[[], float] = time.time, *, table: bool = True
    ) -> None:
        self._console = console
        self._plan = plan
        self._clock = clock
        self._study: StudyRecord | None = None
        self._told: dict[int, int] = {}
        self._running: dict[int, tuple[TrialRecord, float]] = {}
        """Each running trial, and when it was first seen with its epochs."""
        self._overview = Seldom(self._summarised)
        self._progress_s = clock()
        self._live: Live | None = None
        if table and console.is_terminal:
            self._live = Live(
                console=console, get_renderable=self._screen, refresh_per_second=2, transient=True
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def update(self, study: StudyRecord, changed: TrialRecord | None = None) -> None:
        """Show the study as it is now, after a change of one trial; None: at the start.

        Trials that had ended before are not told again.
        """
        self._study = study
        for trial in study.trials if changed is None else (changed,):
            if trial.state is not TrialState.RUNNING:
                self._running.pop(trial.number, None)
                if changed is None:
                    self._told[trial.number] = len(trial.epochs)
            elif self._epochs_seen(trial.number) != len(trial.epochs):
                self._running[trial.number] = (trial, self._clock())
        if self._live is None and changed is not None:
            self._log(study, changed)

    def _epochs_seen(self, number: int) -> int | None:
        return len(self._running[number][0].epochs) if number in self._running else None

    def _log(self, study: StudyRecord, trial: TrialRecord) -> None:
        """Print what ended or was frozen; one that was thawed since is news again, its pruning is not."""
        if trial.state is not TrialState.RUNNING and self._told.get(trial.number) != len(trial.epochs):
            self._told[trial.number] = len(trial.epochs)
            self._say(ended_line(study, trial))
        if self._clock() - self._progress_s >= PROGRESS_EVERY_S:
            self._progress_s = self._clock()
            self._say(" · ".join(progress(study, self._plan, self._clock())))

    def _say(self, text: str) -> None:
        at = time.strftime("%H:%M:%S", time.localtime(self._clock()))
        self._console.print(f"{at} {terminal_text(text)}", soft_wrap=True, highlight=False, markup=False)

    def _screen(self) -> RenderableType:
        study = self._study
        if study is None:
            return Text("")
        *lines, leading = self._overview()
        parts: list[RenderableType] = [*lines]
        if running := list(self._running.values()):
            shown = running[: self._console.height]
            parts.append(_running(study, shown, self._console.width, self._clock()))
        return Group(*parts, *leading)

    def _summarised(self) -> tuple[Text, Text, list[Table]]:
        """Return what all trials are looked at for: the counts, the figures, and the leaders."""
        study = self._study
        if study is None:
            return Text(""), Text(""), []
        counts, *figures = progress(study, self._plan, self._clock())
        leads = len(self._running) < len(study.trials)
        leading = [_leading(study, self._console.width)] if leads else []
        return Text(counts, style="bold"), Text(" · ".join(figures)), leading


def progress(study: StudyRecord, plan: Plan, now_s: float) -> list[str]:
    """Return the counts, and as far as known the best objective, the speed and the time left."""
    counts = {state: sum(trial.state is state for trial in study.searched) for state in TrialState}
    ended = sum(counts.values()) - counts[TrialState.RUNNING]
    total = "" if plan.trials is None else f" of {plan.trials}"
    shown = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    parts = [f"{study.name}: {ended}{total} trials" + (f" ({shown})" if shown else "")]
    if plan.epochs is not None:
        parts.append(f"{sum(len(trial.epochs) for trial in study.searched)} of {plan.epochs} epochs")
    if again := [trial for trial in study.trials if trial.confirms is not None]:
        done = sum(trial.state is not TrialState.RUNNING for trial in again)
        parts.append(f"{done} of {len(again)} confirmations")
    best = study.best
    if best is not None and best.objective is not None:
        ratio, guess = study.over_training_mean(best.objective), guessing(best.config.target)
        of_mean = "" if ratio is None else f", {ratio:.2f} of {guess}"
        parts.append(f"best {best.objective:.2f} (trial {best.number}{of_mean})")
    speeds = [_last(trial, IMAGES_PER_S) for trial in study.trials if trial.state is TrialState.RUNNING]
    if any(speeds):
        parts.append(f"{sum(speeds):.0f} images/s")
    left = time_left(study, plan, now_s)
    if left is not None:
        parts.append(f"{left} left")
    return parts


def ended_line(study: StudyRecord, trial: TrialRecord) -> str:
    """Return what came of one trial, in one line."""
    result = "" if trial.objective is None else f", {study.objective.name} {trial.objective:.3f}"
    took_s = trial.trained_s or (trial.ended_s or trial.started_s) - trial.started_s
    took = f" in {duration(took_s)}" if took_s else ""
    why = f": {trial.reason}" if trial.reason and trial.state is not TrialState.COMPLETE else ""
    if trial.state is TrialState.FROZEN:
        why = f" after epoch {len(trial.epochs)}"
    name = run_name(trial, short_names([trial]))
    return f"trial {name} {trial.state.value}{result}{took}{why}"


def _leading(study: StudyRecord, width: int) -> Table:
    """Return the leaders: the design first, which a narrow terminal cuts at its end."""
    objective = study.objective.leaf
    fixed = len(objective) + len("epochs") + len("confirmed") + STATE_WIDTH
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    grid.add_column("leading", no_wrap=True, max_width=max(width - fixed - 6 * 2 - 1, LEAST_DESIGN))
    grid.add_column(objective, justify="right", no_wrap=True)
    grid.add_column("confirmed", justify="right", no_wrap=True)
    grid.add_column("epochs", justify="right", no_wrap=True)
    grid.add_column("state", no_wrap=True)
    for trial in study.leaderboard()[:TOP]:
        if trial.state is not TrialState.RUNNING:
            confirmed = study.confirmed_mean(trial.number)
            grid.add_row(
                Text(terminal_text(run_name(trial, short_names([trial])))),
                number(trial.objective),
                number(confirmed),
                str(len(trial.epochs)),
                Text(trial.state.value, style=STYLES[trial.state]),
            )
    return grid


def _running(
    study: StudyRecord,
    trials: Sequence[tuple[TrialRecord, float]],
    width: int,
    now_s: float,
) -> Table:
    """Return what is trained; beside each trial stands when it began the epoch that it is in.

    A narrow terminal has a shorter bar and no speeds: the design is what tells trials apart.
    """
    objective, wide = study.objective.leaf, width >= WIDE
    bar_width = BAR_WIDTH if wide else BAR_WIDTH // 2
    fixed = 7 + bar_width + len(objective) + 7 + (8 if wide else 0)
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    design_width = max(width - fixed - (6 if wide else 5) * 2 - 1, LEAST_DESIGN)
    grid.add_column("running", style=STYLES[TrialState.RUNNING], no_wrap=True, max_width=design_width)
    grid.add_column("epoch", justify="right", min_width=7)
    grid.add_column("", min_width=bar_width)
    grid.add_column(objective, justify="right", min_width=len(objective))
    grid.add_column("time", justify="right", min_width=7)
    if wide:
        grid.add_column("images/s", justify="right", min_width=8)
    for trial, since_s in trials:
        done, total = len(trial.epochs), trial.config.epochs
        reached = done + _of_epoch(trial, now_s - since_s)
        cells: list[RenderableType] = [
            Text(terminal_text(run_name(trial, short_names([trial])))),
            f"{done}/{total}",
            ProgressBar(total=total, completed=reached, pulse=not done, width=bar_width),
            "" if trial.objective is None else f"{trial.objective:.2f}",
            duration(max(now_s - trial.started_s, 0.0)),
            f"{_last(trial, IMAGES_PER_S):.0f}" if trial.epochs else "",
        ]
        grid.add_row(*cells[: len(grid.columns)])
    return grid


def _of_epoch(trial: TrialRecord, began_s: float) -> float:
    """Return how much of an epoch that began so many seconds ago is done, as long as those before it took."""
    epoch_s = trial.trained_s / len(trial.epochs) if trial.epochs else 0.0
    return min(began_s / epoch_s, MOST_OF_EPOCH) if epoch_s else 0.0


def _last(trial: TrialRecord, metric: str) -> float:
    return trial.epochs[-1].get(metric, 0.0) if trial.epochs else 0.0
