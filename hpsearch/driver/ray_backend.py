"""The adapter to Ray Tune: runs work items on this machine or on a cluster.

Tune places trials, keeps workers warm and starts a died one again. What to try, when to stop and what came of
it is the `WorkSource`'s business; Tune's own experiment state is scratch.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from hpsearch.driver.resources import TrialResources
from hpsearch.driver.work import NoWork, WorkItem, WorkSource
from hpsearch.study.records import Placement
from trainables.base.disk import DiskFull
from trainables.base.errors import InputError
from trainables.ray_trainable import RayTrainable

UNBOUNDED = 1_000_000
"""Tune's number of trials where the source alone decides when there is none left."""

CONNECT_TIMEOUT_S = 5.0

OBJECT_STORE_BYTES = 128 * 2**20
"""Room for results between processes on one machine: plain numbers, far below this."""


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

    def __init__(self, source: WorkSource) -> None:
        self.source = source
        self.items: dict[str, WorkItem] = {}

    def of(self, trial: Any) -> WorkItem:
        """Return the item of one of Tune's trials."""
        return self.items[trial.trial_id]

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return object, ()


def check_address(address: str) -> None:
    """See that something listens where a cluster should: Ray itself tries for minutes.

    Raises `InputError` where nothing does, and for an address of another form than HOST:PORT or `auto`, the
    cluster on this machine, which Ray finds by itself.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise InputError(
            f"--address must be HOST:PORT, as `ray start --head` prints it, or auto; got {address!r}"
        )
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"nothing answers at {address} ({error}): is its head running?") from None


@contextmanager
def cluster(address: str | None, verbose: bool) -> Iterator[None]:
    """Hold a connection to the cluster at `address`, or a local one that ends with this block."""
    os.environ.update(_QUIET)
    level = logging.INFO if verbose else logging.CRITICAL  # errors reach a person as the trial's reason
    logging.getLogger("ray").setLevel(level)
    local: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address or "local",
            configure_logging=False,
            log_to_driver=verbose,
            logging_level=level,
            **({} if address else local),
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the Ray cluster at {address} does not take this launch: {str(error).rstrip('.')}. "
            "Most ask for a token: export RAY_AUTH_MODE=token, and have the head's in RAY_AUTH_TOKEN or "
            "~/.ray/auth_token"
        ) from None
    signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own handler aborts the process
    try:
        yield
    finally:
        ray.shutdown()


_QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # MLflow keeps what Tune would write three times
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is the launch's to handle
    "TUNE_GLOBAL_CHECKPOINT_S": "100000",  # Tune's experiment state is never read
}


def gpus_in_cluster() -> float:
    """Return how many GPUs the connected cluster has."""
    return float(ray.cluster_resources().get("GPU", 0))


def side_by_side(resources: TrialResources) -> int:
    """Return how many trials fit on the cluster's nodes.

    Raises `InputError` where one trial fits on none of them: Tune would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = [_fitting(node, resources) for node in nodes]
    if not any(room):
        cpus = max(node.get("CPU", 0) for node in nodes)
        gpus = max(node.get("GPU", 0) for node in nodes)
        raise InputError(
            f"search.resources asks for {resources.cpus} CPUs and {resources.gpus:g} GPUs a trial, "
            f"but the largest node has {cpus:g} CPUs and {gpus:g} GPUs"
        )
    return min(sum(room), resources.concurrent or UNBOUNDED)


def run_work(
    source: WorkSource, resources: TrialResources, *, retries: int, epoch_timeout_s: float, verbose: bool
) -> None:
    """Run the source's items until it has none left. Raises `DiskFull` where a worker met one."""
    here = _Here(source)
    with tempfile.TemporaryDirectory(prefix="hpsearch-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(RayTrainable, {"CPU": resources.cpus, "GPU": resources.gpus}),
            tune_config=tune.TuneConfig(
                search_alg=_Asker(here),
                scheduler=_Reporter(here),
                num_samples=UNBOUNDED,
                max_concurrent_trials=side_by_side(resources),
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=str(Path(scratch).resolve()),
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
                failure_config=tune.FailureConfig(max_failures=retries),
                callbacks=[_Watch(here, epoch_timeout_s)],
                verbose=1 if verbose else 0,
            ),
        )
        try:
            tuner.fit()
        except _DriverError as carrier:
            raise carrier.__cause__ or carrier from None


class _Asker(Searcher):
    """Tune's searcher: asks the source."""

    def __init__(self, here: _Here) -> None:
        super().__init__()
        self._here = here

    def suggest(self, trial_id: str) -> Any:
        with _ours():
            item = self._here.source.next_item()
        match item:
            case NoWork.DONE:
                return Searcher.FINISHED
            case NoWork.WAIT:
                return None
        self._here.items[trial_id] = item
        return {"job": item.job}

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

    def __init__(self, here: _Here) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Ray leaves this one untyped
        self._here = here

    def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
        with _ours():
            stop = self._report(trial, result)
        return TrialScheduler.STOP if stop else TrialScheduler.CONTINUE

    def on_trial_complete(self, controller: Any, trial: Any, result: dict[str, Any]) -> None:
        with _ours():
            if "disk_full" in result:
                raise DiskFull(*result["disk_full"])
            if "failed" in result:
                self._here.of(trial).on_failed(result["failed"])
            elif not self._report(trial, result):
                self._here.of(trial).on_done()

    def _report(self, trial: Any, result: dict[str, Any]) -> bool:
        item = self._here.of(trial)
        for note in result["notes"]:
            item.on_note(note)
        placement = Placement(**{key: result[key] for key in ("host", "device", "cpus", "gpus")})
        return item.on_epochs(result["first_epoch"], result["history"], placement)

    def on_trial_add(self, controller: Any, trial: Any) -> None: ...

    def on_trial_error(self, controller: Any, trial: Any) -> None: ...

    def on_trial_remove(self, controller: Any, trial: Any) -> None: ...

    def choose_trial_to_run(self, controller: Any) -> Any:
        trials = controller.get_trials()
        return next((trial for trial in trials if trial.status in (trial.PENDING, trial.PAUSED)), None)

    def debug_string(self) -> str:
        return ""


class _Watch(tune.Callback):
    """Hears of died workers, and kills those that hang."""

    def __init__(self, here: _Here, epoch_timeout_s: float) -> None:
        self._here = here
        self._timeout_s = epoch_timeout_s
        self._heard_s: dict[str, float] = {}

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._heard_s[trial.trial_id] = time.monotonic()

    on_trial_result = on_trial_start  # type: ignore[assignment]  # Tune also passes the result, by keyword

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        now = time.monotonic()
        for trial in trials:
            heard_s = self._heard_s.get(trial.trial_id, now)
            actor = trial.temporary_state.ray_actor
            if trial.status == trial.RUNNING and actor and now - heard_s > self._timeout_s:
                self._heard_s[trial.trial_id] = now
                self._here.of(trial).on_note(f"no epoch for {self._timeout_s:g} s: its process is killed")
                ray.kill(actor)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._here.of(trial).on_note(f"starts again: {_reason(trial)}")

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._here.of(trial).on_failed(_reason(trial))


def _reason(trial: Any) -> str:
    """Return why a trial's process died, in one line."""
    file = trial.pickled_error_file  # in the driver's own scratch folder
    if not file or not Path(file).is_file():
        return "its process ended without a word"
    error = cloudpickle.loads(Path(file).read_bytes())
    cause = getattr(error, "cause", None) or error
    lines = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {lines[0].strip()}" if lines else type(cause).__name__


def _fitting(node: dict[str, float], resources: TrialResources) -> int:
    by_cpu = int(node.get("CPU", 0) // resources.cpus)
    if not resources.gpus:
        return by_cpu
    gpus = int(node.get("GPU", 0))
    by_gpu = gpus * int(1 // resources.gpus) if resources.gpus <= 1 else math.floor(gpus / resources.gpus)
    return min(by_cpu, by_gpu)
