"""The only module that names Ray: trials as Ray Tune runs them, on this machine or on a cluster.

Tune places trials, keeps workers warm and starts a died one again. What to try, when to stop and what came of
it is the `Director`'s business; Tune's own experiment state is scratch.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from hpsearch.records import Placement
from trainables.checkpoints import History
from trainables.faults import BadInput
from trainables.jobs import TrialJob
from trainables.ray_trainable import RayTrainable

UNBOUNDED = 1_000_000
"""Tune's number of trials where the director alone decides when there is none left."""

OBJECT_STORE_BYTES = 128 * 2**20
"""Room for results between processes on one machine: plain numbers, far below this."""


@dataclass(frozen=True)
class Shares:
    """What one trial takes, and how many run side by side (None: as many as fit)."""

    cpus: int
    gpus: float
    concurrent: int | None


class Director(Protocol):
    """Who decides. Called in the driver's one thread, between results."""

    def next_job(self) -> TrialJob | None:
        """Return a trial to run, or None where no further one shall start."""
        ...

    def on_epochs(self, number: int, first_epoch: int, history: History, placement: Placement) -> bool:
        """Take in what a trial reached since last time; return whether it shall stop now."""
        ...

    def on_done(self, number: int) -> None:
        """The trial trained its full budget."""
        ...

    def on_failed(self, number: int, reason: str) -> None:
        """The trial failed for good."""
        ...

    def on_note(self, number: int, note: str) -> None:
        """Something a person should hear: a restart, a checkpoint that could not be read."""
        ...


class _Here:
    """Holds the director where Tune pickles what it is given: a copy, never read, holds nothing."""

    def __init__(self, director: Director) -> None:
        self.director = director

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return object, ()


@contextmanager
def cluster(address: str | None, verbose: bool) -> Iterator[None]:
    """Hold a connection to the cluster at `address`, or a local one that ends with this block."""
    os.environ.update(_QUIET)
    logging.getLogger("ray").setLevel(logging.INFO if verbose else logging.ERROR)
    local: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(
            address or "local",
            configure_logging=False,
            log_to_driver=verbose,
            logging_level=logging.INFO if verbose else logging.ERROR,
            **({} if address else local),
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise BadInput(f"no Ray cluster answers at {address}: {error}") from None
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


def side_by_side(shares: Shares) -> int:
    """Return how many trials fit on the cluster's nodes.

    Raises `BadInput` where one trial fits on none of them: Tune would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = [_fitting(node, shares) for node in nodes]
    if not any(room):
        cpus = max(node.get("CPU", 0) for node in nodes)
        gpus = max(node.get("GPU", 0) for node in nodes)
        raise BadInput(
            f"search.resources asks for {shares.cpus} CPUs and {shares.gpus:g} GPUs a trial, "
            f"but the largest node has {cpus:g} CPUs and {gpus:g} GPUs"
        )
    return min(sum(room), shares.concurrent or UNBOUNDED)


def run_trials(
    director: Director, shares: Shares, *, retries: int, epoch_timeout_s: float, verbose: bool
) -> None:
    """Run the director's trials until it has none left."""
    with tempfile.TemporaryDirectory(prefix="hpsearch-") as scratch:
        tuner = tune.Tuner(
            tune.with_resources(RayTrainable, {"CPU": shares.cpus, "GPU": shares.gpus}),
            tune_config=tune.TuneConfig(
                search_alg=_Asker(director),
                scheduler=_Reporter(director),
                num_samples=UNBOUNDED,
                max_concurrent_trials=side_by_side(shares),
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="trials",
                storage_path=str(Path(scratch).resolve()),
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=0, checkpoint_at_end=False),
                failure_config=tune.FailureConfig(max_failures=retries),
                callbacks=[_Watch(director, epoch_timeout_s)],
                verbose=1 if verbose else 0,
            ),
        )
        tuner.fit()


class _Asker(Searcher):
    """Tune's searcher: asks the director."""

    def __init__(self, director: Director) -> None:
        super().__init__()
        self._here = _Here(director)

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        job = self._here.director.next_job()
        return Searcher.FINISHED if job is None else {"job": job}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """The reporter and the watch tell the director."""

    def save(self, checkpoint_path: str) -> None:
        """The study's journal holds everything."""

    def restore(self, checkpoint_path: str) -> None:
        """The study's journal holds everything."""


class _Reporter(TrialScheduler):
    """Tune's scheduler: reports every result to the director and obeys."""

    def __init__(self, director: Director) -> None:
        super().__init__()
        self._here = _Here(director)

    def on_trial_result(self, controller: Any, trial: Any, result: dict[str, Any]) -> str:
        stop = self._report(trial, result)
        return TrialScheduler.STOP if stop else TrialScheduler.CONTINUE

    def on_trial_complete(self, controller: Any, trial: Any, result: dict[str, Any]) -> None:
        number = _job(trial).number
        if "failed" in result:
            self._here.director.on_failed(number, result["failed"])
        elif not self._report(trial, result):
            self._here.director.on_done(number)

    def _report(self, trial: Any, result: dict[str, Any]) -> bool:
        number = _job(trial).number
        for note in result["notes"]:
            self._here.director.on_note(number, note)
        placement = Placement(**{key: result[key] for key in ("host", "device", "cpus", "gpus")})
        return self._here.director.on_epochs(number, result["first_epoch"], result["history"], placement)

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

    def __init__(self, director: Director, epoch_timeout_s: float) -> None:
        self._here = _Here(director)
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
                self._here.director.on_note(
                    _job(trial).number, f"no epoch for {self._timeout_s:g} s: its process is killed"
                )
                ray.kill(actor)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._here.director.on_note(_job(trial).number, f"starts again: {_reason(trial)}")

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        self._here.director.on_failed(_job(trial).number, _reason(trial))


def _job(trial: Any) -> TrialJob:
    job = trial.config["job"]
    assert isinstance(job, TrialJob)  # noqa: S101  ours: the asker put it there
    return job


def _reason(trial: Any) -> str:
    """Return why a trial's process died, in one line."""
    error = trial.get_pickled_error() or trial.get_error()
    cause = getattr(error, "cause", None) or error
    text = str(cause).strip() or type(cause).__name__
    last = text.splitlines()[-1].strip()
    return last if isinstance(cause, BadInput) else f"{type(cause).__name__}: {last}"


def _fitting(node: dict[str, float], shares: Shares) -> int:
    by_cpu = int(node.get("CPU", 0) // shares.cpus)
    if not shares.gpus:
        return by_cpu
    gpus = int(node.get("GPU", 0))
    by_gpu = gpus * int(1 // shares.gpus) if shares.gpus <= 1 else math.floor(gpus / shares.gpus)
    return min(by_cpu, by_gpu)
