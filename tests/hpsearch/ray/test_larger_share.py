"""A trial that runs out of GPU memory starts again with a larger share. Ray takes a GPU's number on trust."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.patience import PATIENCE_S

CODE = """
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ray

from hpsearch.ray import tune
from hpsearch.ray.nodes import Nodes
from hpsearch.work.resources import TrialResources
from hpsearch.work.items import NoWork
from trainables.ray_trainable import RayTrainable
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.jobs import JobRunner, Result


class OnCpu(RayTrainable):
    def setup(self, config):
        on = JobRunner.on
        JobRunner.on = lambda gpu: on(gpu=False)
        super().setup(config)


@dataclass(frozen=True)
class Hungry:
    cpus: int
    gpus: float

    def run(self, worker):
        if self.gpus < 0.4:
            raise OutOfGpuMemory(400, 1000 * self.gpus, self.gpus)
        yield Result(1, [{"loss": 0.0}], [], True)

    def clear(self): ...


class Item:
    def __init__(self, gpus):
        self.job = Hungry(1, gpus)
    def on_epochs(self, first, history, placement):
        print("trained with", placement.gpus)
        return False
    def on_done(self): print("done")
    def on_failed(self, reason): print("failed:", reason)
    def on_error(self, details): print("error:", details.splitlines()[-1])
    def on_note(self, note): print("note:", note)


class Source:
    items = [Item(0.1), Item(0.5)]
    def next_item(self):
        return self.items.pop(0) if self.items else NoWork.DONE


tune.RayTrainable = OnCpu
ray.init("local", num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)
resources = TrialResources(1, 0.1, None)
with tempfile.TemporaryDirectory() as scratch:
    tune.run_work(
        Source(),
        resources,
        Nodes(),
        folder=None,
        retries=2,
        epoch_timeout_s=100,
        scratch=Path(scratch),
        verbose=False,
    )
ray.shutdown()
"""


@pytest.mark.slow
def test_a_trial_without_room_goes_on_with_a_larger_share_and_the_others_as_they_were() -> None:
    command = [sys.executable, "-c", CODE]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0, ran.stderr
    assert (
        "note: starts again: out of GPU memory: it needs more than 400 MiB, and 0.1 of this GPU is 100 MiB; "
        "now with 0.5 of a GPU" in lines
    ), ran.stdout
    assert lines.count("trained with 0.5") == lines.count("done") == 2, ran.stdout
    assert not any(line.startswith("failed") for line in lines)
