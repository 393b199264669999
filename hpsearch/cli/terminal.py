"""The terminal of a launch: plan, progress of datasets, live table, the winner and what to do next."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from hpsearch.cli.building import building_bar
from hpsearch.cli.live_table import LiveView
from hpsearch.cli.summary import describe
from hpsearch.cli.waiting import Waiting, whole_console
from hpsearch.driver.request import LaunchRequest
from hpsearch.ray.job_events import JobEvent, tell
from hpsearch.results.leaderboard import table
from hpsearch.results.time_left import Plan
from hpsearch.study.records import StudyRecord, TrialRecord
from hpsearch.study.spec import StudySpec
from hpsearch.work.resources import TrialResources
from trainables.base.plain_text import terminal_text
from trainables.base.root import default_root
from trainables.data.datasets import dataset_name
from trainables.training.training_data import Progress


class TerminalScreen:
    """Speaks to the user; `request` is what was launched, to propose it again."""

    def __init__(self, request: LaunchRequest, waiting: Waiting | None = None) -> None:
        self._request = request
        self._root = [] if request.root == default_root() else ["--root", str(request.root)]
        self._budget_epochs: int | None = None
        self._combinations: int | None = None
        self._waiting = waiting or Waiting(whole_console())
        self._console = self._waiting.console

    def say(self, text: str) -> None:
        """Show a line."""
        self._console.print(terminal_text(text), markup=False, soft_wrap=True)

    def doing(self, what: str) -> None:
        """Show what is being done until something else is shown."""
        self._waiting.on(what)

    def planned(self, spec: StudySpec) -> None:
        """Show what is searched."""
        self.say(describe(spec) + "\n")
        self._combinations = spec.combinations
        self._budget_epochs = spec.search.budget.epochs

    def building(self, what: str) -> AbstractContextManager[Progress]:
        """Show a bar once the building of a dataset has begun; nothing where it is there already."""
        return building_bar(self._waiting, what)

    @contextmanager
    def searching(
        self, spec: StudySpec, resources: TrialResources, concurrent: int
    ) -> Iterator[Callable[[StudyRecord, TrialRecord | None], None]]:
        """Show the live table until the search ends, or lines where trials run in this process."""
        self._waiting.over()
        least = resources.smallest
        cpus = _from_to(least.cpus, resources.cpus)
        gpus = f" and {_from_to(least.gpus, resources.gpus)} GPU" if resources.gpus else ""
        self.say(f"{concurrent} in parallel, each with {cpus} CPU{gpus}\n")
        tell(JobEvent.SEARCHING)
        hours = spec.search.budget.hours
        deadline_s = None if hours is None else time.time() + hours * 3600
        plan = Plan(spec.trials, concurrent, deadline_s, spec.search.budget.epochs)
        # a debugger's prompt in this process would be drawn over
        with LiveView(self._console, plan, table=not self._request.in_process) as view:
            yield view.update

    def result(self, study: StudyRecord) -> None:
        """Show the leaderboard and the next commands."""
        self._console.print(table(study, self._console.width))
        if study.best is not None:
            self.say(f"\nThe winner's config: {study.folder / 'best.yaml'}")
        self.say("\nNext:")
        self._propose("report", study.name, why="one page: what helps, by how much, and is it luck?")
        self._propose("ui", why="compare the runs in MLflow")
        if study.best is not None:
            dataset = dataset_name(study.best.config.data.train.dataset)
            self._propose("data", "show", dataset, why="the images that it learned from")
        trials = len(study.searched)
        if self._budget_epochs is not None:
            self._propose(*self._launch(self._request.trials, 2 * self._budget_epochs), why="go on searching")
        elif self._combinations is None or trials < self._combinations:
            self._propose(*self._launch(2 * trials, None), why="go on searching")

    def interrupted(self, why: str = "Interrupted") -> None:
        """Say how to go on after `why`."""
        self._waiting.over()
        self._console.show_cursor()
        self.say(f"\n{why}; everything is kept. To go on:")
        self._propose(*self._launch(self._request.trials, self._request.epochs))

    def _launch(self, trials: int | None, epochs: int | None) -> list[str]:
        request = self._request
        budget = [] if trials is None else ["--trials", str(trials)]
        budget += [] if epochs is None else ["--epochs", str(epochs)]
        cluster = [] if request.address is None else ["--address", request.address]
        cluster += ["--without-token"] if request.without_token else []
        cluster += ["--in-process"] if request.in_process else []
        return ["launch", str(request.space), *budget, *cluster]

    def _propose(self, *words: str, why: str = "") -> None:
        command = shlex.join(["hpsearch", *words, *self._root])
        self.say(f"  {command}" + (f"    # {why}" if why else ""))


def _from_to(least: float, most: float) -> str:
    return f"{most:g}" if least == most else f"{least:g} to {most:g}"
