"""The terminal of a launch: plan, progress of datasets, live table, the winner and what to do next."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hpsearch.errands import Shares
from hpsearch.leaderboard import table
from hpsearch.live import LiveView, Plan
from hpsearch.plan import describe
from hpsearch.records import StudyRecord
from hpsearch.spec import StudySpec


class TerminalScreen:
    """Speaks to a person. `space` is the file that was launched, for the commands it proposes."""

    def __init__(self, space: Path | None, root: Path, console: Console | None = None) -> None:
        self._space = space
        self._root = root
        self._console = console or Console(highlight=False)

    def say(self, text: str) -> None:
        """Show a line."""
        self._console.print(text, markup=False, soft_wrap=True)

    @contextmanager
    def building(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Show a bar once the building of a dataset has begun; nothing where it is there already."""
        columns = (
            TextColumn(f"building {what}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("images"),
            TimeRemainingColumn(),
        )
        began_s = time.monotonic()
        images = 0
        with ExitStack() as shown:
            bars: Progress | None = None

            def show(done: int, total: int) -> None:
                nonlocal bars, images
                images = total
                if bars is None and self._console.is_terminal:
                    bars = shown.enter_context(Progress(*columns, console=self._console, transient=True))
                    bars.add_task(what)
                if bars is not None:
                    bars.update(bars.task_ids[0], completed=done, total=total)

            yield show
        if images:
            self.say(f"built {what}: {images} images in {time.monotonic() - began_s:.0f} s")

    @contextmanager
    def searching(
        self, spec: StudySpec, shares: Shares, concurrent: int
    ) -> Iterator[Callable[[StudyRecord], None]]:
        """Show the plan, then the live table until the search ends."""
        self.say(describe(spec))
        gpus = f" and {shares.gpus:g} GPU" if shares.gpus else ""
        self.say(f"\n{concurrent} side by side, each with {shares.cpus} CPU{gpus}\n")
        hours = spec.search.budget.hours
        deadline_s = None if hours is None else time.time() + hours * 3600
        with LiveView(self._console, Plan(spec.trials, concurrent, deadline_s)) as view:
            yield view.update

    def result(self, study: StudyRecord) -> None:
        """Show the leaderboard and the next three commands."""
        self._console.print(table(study, self._console.width))
        root = "" if self._root == Path("hpsearch-runs") else f" --root {shlex.quote(str(self._root))}"
        if study.best is not None:
            self.say(f"\nThe winner's config: {study.folder / 'best.yaml'}")
        self.say("\nNext:")
        self.say(f"  hpsearch ui{root}    # compare the runs in MLflow")
        self.say(f"  hpsearch show {study.name}{root} --format csv")
        self.say(
            f"  hpsearch launch {self._space}{root} --trials {2 * len(study.searched)}    # go on searching"
        )

    def interrupted(self) -> None:
        """Say that nothing is lost."""
        root = "" if self._root == Path("hpsearch-runs") else f" --root {shlex.quote(str(self._root))}"
        self.say(f"\nStopped; everything is kept. To go on: hpsearch launch {self._space}{root}")
