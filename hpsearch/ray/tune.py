"""The adapter to Ray Tune: runs work items on this machine or on a cluster.

Tune places trials, keeps workers warm and starts a died one again. What to try, when to stop and what came of
it is the `WorkSource`'s business; Tune's own experiment state is scratch.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from hpsearch.ray.cluster import UNBOUNDED, needed_addresses, room, trial_bytes
from hpsearch.ray.deaths import death_of, memory_kills_are_deaths, node_of
from hpsearch.ray.lost_cluster import ASKED_EVERY_S, answers
from hpsearch.ray.nodes import Nodes
from hpsearch.study.code_version import PACKAGES
from hpsearch.study.records import Placement
from hpsearch.work.desk import Desk
from hpsearch.work.items import NoWork, WorkItem, WorkSource
from hpsearch.work.resources import TrialResources
from hpsearch.work.tries import Death, deliver, give_up, learn_need, try_again
from trainables.base.disk import DiskFault
from trainables.base.kernel import memory_kills
from trainables.base.package_digest import PackageDigest
from trainables.base.shared_folder import SharedFolder
from trainables.ray_trainable import RayTrainable
from trainables.training.jobs import Job, Result, found_here_too


class _DriverError(KeyboardInterrupt):
    """An error of our own below Tune, which takes every `Exception` for the trial's and starts it again."""


@contextmanager
def _ours() -> Iterator[None]:
    """Carry an error past Tune."""
    try:
        yield
    except Exception as error:
        raise _DriverError from error


class _Here:
    """Holds what stays in the driver where Tune pickles what it is given: a copy, never read, is empty."""

    def __init__(self, source: WorkSource, resources: TrialResources, nodes: Nodes) -> None:
        self.desk = Desk(source, lambda: room(resources, nodes))
        self.nodes = nodes
        self.known = resources.known

    def of(self, trial: Any) -> WorkItem:
        """Return the item of one of Tune's trials."""
        return self.desk.of(trial.trial_id)

    def ended(self, trial: Any) -> WorkItem:
        """Return the item of one of Tune's trials, which has ended."""
        return self.desk.ended(trial.trial_id)

    def unseen(self, trial: Any, node: str, reason: str) -> bool:
        """Take an item back whose node does not see its files, and leave the node out; say whether it is."""
        if not self.nodes.leave_out(node, reason):
            return False
        self.desk.take_back(trial.trial_id)
        return True

    def foreign(self, trial: Any, node: str, reason: str) -> None:
        """Take an item back whose worker runs other code than the driver, and leave its node out."""
        self.desk.take_back(trial.trial_id)
        self.nodes.leave_out(node, reason, own=True)

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return object, ()


def run_work(
    source: WorkSource,
    resources: TrialResources,
    nodes: Nodes,
    *,
    folder: SharedFolder | None,
    retries: int,
    epoch_timeout_s: float,
    scratch: Path,
    verbose: bool,
) -> None:
    """Run the source's items until it has none left; Tune's files go below `scratch`.

    `folder` is what every node must see, None on one machine. Raises `DiskFault` where a worker met one, and
    `NoWorkerLeft` where no node can run what is left.
    """
    here = _Here(source, resources, nodes)
    tuner = tune.Tuner(
        # a copy of this function that Tune pickles is never called
        tune.with_resources(
            RayTrainable, lambda config: _request(config["job"], config["nodes"], config["memory_bytes"])
        ),
        tune_config=tune.TuneConfig(
            search_alg=_Asker(here, folder, PackageDigest.of(*PACKAGES)),
            scheduler=_Reporter(here, retries),
            num_samples=UNBOUNDED,
            reuse_actors=True,
        ),
        run_config=tune.RunConfig(
            name="trials",
            storage_path=str(scratch.resolve()),
            checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
            failure_config=tune.FailureConfig(max_failures=retries),
            callbacks=[_Watch(here, epoch_timeout_s)],
            verbose=1 if verbose else 0,
        ),
    )
    try:
        with memory_kills_are_deaths():
            tuner.fit()
    except _DriverError as carrier:
        raise carrier.__cause__ or carrier from None


class _Asker(Searcher):
    """Tune's searcher: asks the source."""

    def __init__(self, here: _Here, folder: SharedFolder | None, code: PackageDigest) -> None:
        super().__init__()
        self._here = here
        self._same = {"folder": folder, "code": code}  # what every worker must see and run

    def suggest(self, trial_id: str) -> Any:
        with _ours():
            item = self._here.desk.next_item()
        match item:
            case NoWork.DONE:
                return Searcher.FINISHED
            case NoWork.WAIT:
                return None
        self._here.desk.begin(trial_id, item)
        here = self._here.nodes
        return {
            "job": item.job,
            "nodes": here.selector,
            "memory_bytes": trial_bytes(here),
            **self._same,
        }

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """The reporter and the watch tell the source."""

    def save(self, checkpoint_path: str) -> None:
        """The study's journal holds everything."""

    def restore(self, checkpoint_path: str) -> None:
        """The study's journal holds everything."""


class _Reporter(TrialScheduler):
    """Tune's scheduler: reports every result to the source and obeys."""

    def __init__(self, here: _Here, retries: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Ray leaves this one untyped
        self._here, self._retries = here, retries
        self._open: list[Any] = []
        """Tune's trials that have not ended: Tune keeps all, and asks at every step."""

    def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
        with _ours():
            stop = self._report(trial, result)
            if stop:
                self._here.ended(trial)
        return TrialScheduler.STOP if stop else TrialScheduler.CONTINUE

    def on_trial_complete(self, controller: Any, trial: Any, result: dict[str, Any]) -> None:
        with _ours():
            if "disk_fault" in result:
                raise DiskFault(*result["disk_fault"])
            if "foreign" in result:
                self._here.foreign(trial, result["node"], result["foreign"])
                return
            if "blind" in result and self._here.unseen(trial, result["node"], result["blind"]):
                return
            if "faults" in result and self._no_fault_of_its_own(trial, result):
                return
            if reason := result.get("failed") or result.get("blind"):
                self._here.of(trial).on_failed(reason)
            else:
                self._report(trial, result)
            self._here.ended(trial)

    def _no_fault_of_its_own(self, trial: Any, result: dict[str, Any]) -> bool:
        """Say whether an item that met bad input was taken back; else it fails.

        What the driver finds bad too is away or broken for all. What it does not find is the node's fault; on
        its own node it may have passed.
        """
        if faults := found_here_too(self._here.of(trial).job, result["faults"]):
            self._here.desk.input_lost(trial.trial_id, faults)
            return True
        reason = f"it does not see what the driver sees: {result['failed']}"
        if self._here.unseen(trial, result["node"], reason):
            return True
        if not self._here.desk.take_back_again(trial.trial_id, self._retries):
            return False
        self._here.of(trial).on_note(f"starts again: {result['failed'].splitlines()[0]}")
        return True

    def _report(self, trial: Any, result: dict[str, Any]) -> bool:
        reported = Result(**{key: result[key] for key in ("first_epoch", "history", "notes", "done")})
        placement = Placement(**{key: result[key] for key in ("host", "device", "cpus", "gpus")})
        return deliver(self._here.of(trial), reported, placement)

    def on_trial_add(self, controller: Any, trial: Any) -> None:
        self._open.append(trial)

    def on_trial_error(self, controller: Any, trial: Any) -> None: ...

    def on_trial_remove(self, controller: Any, trial: Any) -> None: ...

    def choose_trial_to_run(self, controller: Any) -> Any:
        self._open = [trial for trial in self._open if not trial.is_finished()]
        return next((trial for trial in self._open if trial.status in (trial.PENDING, trial.PAUSED)), None)

    def debug_string(self) -> str:
        return ""


class _Watch(tune.Callback):
    """Hears of died workers, and kills those that hang."""

    def __init__(self, here: _Here, epoch_timeout_s: float) -> None:
        self._here = here
        self._timeout_s = epoch_timeout_s
        self._begun: list[Any] = []
        """Tune's trials that were begun and have not ended."""
        self._heard: dict[str, tuple[float, int | None]] = {}
        self._needed: Collection[str] = ()
        """The addresses of what the driver needs of Ray."""

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._needed = self._needed or needed_addresses(local=True).values()
        self._here.nodes.heard(ray.get_runtime_context().get_node_id(), memory_kills())
        self._heard[trial.trial_id] = time.monotonic(), None
        if trial not in self._begun:
            self._begun.append(trial)

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        kills = result.get("memory_kills")
        if kills is not None:
            self._here.nodes.heard(result["node"], kills)
        self._heard[trial.trial_id] = time.monotonic(), kills

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        with _ours():
            self._here.nodes.watch()
        now = time.monotonic()
        self._begun = [trial for trial in self._begun if not trial.is_finished()]
        for trial in self._begun:
            heard_s, kills = self._heard.get(trial.trial_id, (now, None))
            actor = trial.temporary_state.ray_actor
            if trial.status == trial.RUNNING and actor and now - heard_s > self._timeout_s:
                self._heard[trial.trial_id] = now, kills
                self._here.of(trial).on_note(f"no epoch for {self._timeout_s:g} s: its process is killed")
                ray.kill(actor)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        death = self._death(trial)
        job = try_again(self._here.of(trial), trial.config["job"], death)
        if death.short is not None:
            trial.config["job"] = job
            nodes = self._here.nodes
            trial.update_resources(_request(job, nodes.selector, trial_bytes(nodes)))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        give_up(self._here.ended(trial), self._death(trial))

    def _death(self, trial: Any) -> Death:
        while not all(map(answers, self._needed)):  # no fault of the trial; `ray_watched` ends this wait
            time.sleep(ASKED_EVERY_S)
        _, before = self._heard.get(trial.trial_id, (0.0, None))
        node = node_of(trial)
        death = death_of(trial, 0 if node is None else self._here.nodes.memory_kills_since(node, before))
        learn_need(trial.config["job"], death, self._here.known)
        return death


def _request(job: Job, nodes: Mapping[str, str], memory_bytes: float) -> tune.PlacementGroupFactory:
    """Return what Ray shall find for a job, on a node with the labels `nodes`."""
    share = {"CPU": job.cpus, "GPU": job.gpus} | ({"memory": memory_bytes} if memory_bytes else {})
    return tune.PlacementGroupFactory([share], bundle_label_selector=[dict(nodes)])
