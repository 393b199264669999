"""What workers take over of where a launch was started: its cores and import path, nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ray._private.worker import _maybe_modify_runtime_env
from support.patience import PATIENCE_S

from hpsearch.ray.import_path import uv_left_alone

ROOT = Path(__file__).parents[3]

CODE = """
import json, sys
from dataclasses import replace
from pathlib import Path
import ray
from hpsearch.ray import tune
from hpsearch.ray.cluster import cluster
from hpsearch.ray.nodes import Nodes
from hpsearch.work.backend import NoWorkerLeft
from hpsearch.work.resources import TrialResources
from hpsearch.ray.scratch import scratch_folder
from trainables.base.package_digest import PackageDigest


@ray.remote
def look():
    import colorsys, plugin, sys, torch, trainables
    return [colorsys.__file__, plugin.__file__, trainables.__file__], sys.path


class Job:
    cpus, gpus = 1, 0
    def run(self, worker):
        raise AssertionError("other code has run")
        yield
    def clear(self): ...


class Item:
    job = Job()
    def on_error(self, details): print(details)
    def on_failed(self, reason): print(reason)


class Source:
    def next_item(self): return Item()


class Other:
    def of(*packages): return replace(PackageDigest.of(*packages), sha256="0" * 64)


said = []
with scratch_folder() as scratch, cluster(None, scratch, without_token=False, verbose=False):
    files, path = ray.get(look.remote())
    found = {"files": files, "path": path, "driver": sys.path, "node": ray.nodes()[0]["Resources"]}
    tune.PackageDigest = Other
    where = {"folder": None, "retries": 0, "epoch_timeout_s": 100, "scratch": scratch, "verbose": False}
    try:
        tune.run_work(Source(), TrialResources(1, 0, None), Nodes(say=said.append), **where)
    except NoWorkerLeft as error:
        said.append(str(error))
print(json.dumps(found | {"said": said}))
"""


@pytest.mark.slow
def test_workers_have_the_driver_s_cores_and_imports_and_nothing_of_the_current_folder(
    tmp_path: Path,
) -> None:
    script, here = tmp_path / "bin" / "search", tmp_path / "here"
    script.parent.mkdir()
    script.write_text(CODE)
    (script.parent / "plugin.py").touch()  # beside the script, as Python has it
    (here / "trainables").mkdir(parents=True)
    for stray in ("trainables/__init__.py", "colorsys.py"):
        (here / stray).write_text("raise ImportError('from the current folder')")
    core = str(min(os.sched_getaffinity(0)))
    ran = subprocess.run(
        ["taskset", "-c", core, sys.executable, script],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["files"][1:] == [str(script.parent / "plugin.py"), str(ROOT / "trainables/__init__.py")]
    assert found["path"][: len(found["driver"])] == found["driver"]
    assert str(here) not in found["path"]
    assert found["node"]["CPU"] == 1
    left_out, ended = found["said"]
    assert "is left out: it runs the code in " in left_out and "(digest 000000000000)" in left_out
    assert ended == "no machine is left that can run trials"


def test_under_uv_run_ray_packs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    started = "ray._private.runtime_env.uv_runtime_env_hook._get_uv_run_cmdline"
    monkeypatch.setattr(started, lambda: ["uv", "run", "hpsearch"])
    assert "working_dir" in _maybe_modify_runtime_env(None, False)
    with uv_left_alone():
        assert _maybe_modify_runtime_env(None, False) is None
