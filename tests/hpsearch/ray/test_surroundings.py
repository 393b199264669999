"""A cluster of one's own, started once: what its workers import, what they refuse, what starts again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ray._private.worker import _maybe_modify_runtime_env
from support.patience import PATIENCE_S

from hpsearch.ray.import_path import uv_left_alone

ROOT = Path(__file__).parents[3]

INSTANCE = "MIG-5c6a4e3b-1d2f-4a7b-8c9d-0e1f2a3b4c5d"
"""Ray takes the number of GPUs on trust where an instance of one is named."""

CODE = """
import json, sys
from dataclasses import dataclass, replace
import ray
from hpsearch.ray import tune
from hpsearch.ray.cluster import cluster
from hpsearch.ray.nodes import Nodes
from hpsearch.ray.scratch import scratch_folder
from hpsearch.work.backend import NoWorkerLeft
from hpsearch.work.items import NoWork
from hpsearch.work.resources import TrialResources
from trainables.base.package_digest import PackageDigest
from trainables.ray_trainable import RayTrainable
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.jobs import JobRunner, Result

said = []


@ray.remote
def look():
    import colorsys, plugin, sys, torch, trainables
    return [colorsys.__file__, plugin.__file__, trainables.__file__], sys.path


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
        said.append(f"trained with {placement.gpus}")
        return False
    def on_done(self): said.append("done")
    def on_failed(self, reason): said.append(f"failed: {reason}")
    def on_error(self, details): said.append(f"error: {details.splitlines()[-1]}")
    def on_note(self, note): said.append(f"note: {note}")


class Source:
    def __init__(self, *gpus): self.items = [Item(share) for share in gpus]
    def next_item(self): return self.items.pop(0) if self.items else NoWork.DONE


class Other:
    def of(*packages): return replace(PackageDigest.of(*packages), sha256="0" * 64)


tune.RayTrainable = OnCpu
with scratch_folder() as scratch, cluster(None, scratch, without_token=False, verbose=False):
    files, path = ray.get(look.remote())
    node = ray.nodes()[0]["Resources"]
    where = {"folder": None, "retries": 2, "epoch_timeout_s": 100, "scratch": scratch, "verbose": False}
    tune.run_work(Source(0.1, 0.5), TrialResources(1, 0.1, None), Nodes(), **where)
    trained, said = said, []
    tune.PackageDigest = Other
    try:
        tune.run_work(Source(0.5), TrialResources(1, 0.5, None), Nodes(say=said.append), **where)
    except NoWorkerLeft as error:
        said.append(str(error))
found = {"files": files, "path": path, "driver": sys.path, "node": node, "trained": trained, "said": said}
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Found:
    """Where a script was started, what stood beside it, and what it found."""

    here: Path
    plugin: Path
    said: dict[str, Any]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Start a cluster on one core, from a folder with files that are called as modules are."""
    folder = tmp_path_factory.mktemp("script")
    script, here = folder / "bin" / "search", folder / "here"
    script.parent.mkdir()
    script.write_text(CODE)
    plugin = script.parent / "plugin.py"  # beside the script, as Python has it
    plugin.touch()
    (here / "trainables").mkdir(parents=True)
    for stray in ("trainables/__init__.py", "colorsys.py"):
        (here / stray).write_text("raise ImportError('from the current folder')")
    core = str(min(os.sched_getaffinity(0)))
    ran = subprocess.run(
        ["taskset", "-c", core, sys.executable, script],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": INSTANCE},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return Found(here, plugin, json.loads(ran.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_workers_have_the_driver_s_cores_and_imports_and_nothing_of_the_current_folder(found: Found) -> None:
    said = found.said
    assert said["files"][1:] == [str(found.plugin), str(ROOT / "trainables/__init__.py")]
    assert said["path"][: len(said["driver"])] == said["driver"]
    assert str(found.here) not in said["path"]
    assert said["node"]["CPU"] == 1
    left_out, ended = said["said"]
    assert "is left out: it runs the code in " in left_out and "(digest 000000000000)" in left_out
    assert ended == "no machine is left that can run trials"


@pytest.mark.slow
def test_a_trial_without_room_goes_on_with_a_larger_share_and_the_others_as_they_were(found: Found) -> None:
    lines = found.said["trained"]
    assert (
        "note: starts again: out of GPU memory: it needs more than 400 MiB, and 0.1 of this GPU is 100 MiB; "
        "now with 0.5 of a GPU"
    ) in lines
    assert lines.count("trained with 0.5") == lines.count("done") == 2, lines
    assert not any(line.startswith("failed") for line in lines)


def test_under_uv_run_ray_packs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    started = "ray._private.runtime_env.uv_runtime_env_hook._get_uv_run_cmdline"
    monkeypatch.setattr(started, lambda: ["uv", "run", "hpsearch"])
    assert "working_dir" in _maybe_modify_runtime_env(None, False)
    with uv_left_alone():
        assert _maybe_modify_runtime_env(None, False) is None
