"""NVIDIA's multi-process service runs for a launch, and ends with it, whatever ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.driver_tools import MIG, OLD_CARD, TWO_CARDS, mps_control, nvidia_smi
from support.patience import PATIENCE_S

from hpsearch.ray import mps
from hpsearch.ray.mps import LOGS, PIPES, Mps
from hpsearch.ray.reaper import MARK
from hpsearch.study.config import ResourcesConfig


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "bin"
    nvidia_smi(folder)
    mps_control(folder)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(MARK, str(tmp_path / "scratch"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    monkeypatch.delenv(PIPES, raising=False)
    monkeypatch.setattr(mps, "ONE_SUM", "")
    (tmp_path / "scratch").mkdir()
    yield folder
    assert gone(tmp_path / "scratch"), "a daemon is left"


def daemon_of(scratch: Path) -> int:
    """Return the process of the daemon, once it has begun."""
    file, until_s = scratch / "mps" / "pid", time.monotonic() + PATIENCE_S
    while not file.is_file() or not file.read_text().strip():
        assert time.monotonic() < until_s
        time.sleep(0.02)
    return int(file.read_text())


def gone(scratch: Path) -> bool:
    until_s = time.monotonic() + PATIENCE_S
    while any(mps._processes(scratch)) and time.monotonic() < until_s:
        time.sleep(0.05)
    return not any(mps._processes(scratch))


def run(scratch: Path) -> list[str]:
    """Run it; return what was said, and below which folder of pipes the block ran."""
    said: list[str] = []
    with Mps(said.append).running(scratch):
        said.append(os.environ.get(PIPES, "without"))
    assert PIPES not in os.environ
    return said


def test_it_runs_for_the_block_and_is_the_owner_s_alone(tools: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with Mps(pytest.fail).running(scratch):
        assert (os.environ[PIPES], os.environ[LOGS]) == (str(scratch / "mps"), str(scratch / "mps-log"))
        daemon_of(scratch)
        for folder in (os.environ[PIPES], os.environ[LOGS]):
            assert Path(folder).stat().st_mode & 0o777 == 0o700
        surroundings = (scratch / "mps-log" / "environment").read_text()
        assert (
            "CUDA_VISIBLE_DEVICES" not in surroundings
        )  # numbers would count from its own, not the machine's
        assert f"{MARK}={scratch}" in surroundings
    assert gone(scratch) and PIPES not in os.environ


def test_one_that_does_not_obey_is_ended_by_force(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mps, "PATIENCE_S", 2.0)
    mps_control(tools, end="sleep 60")
    with Mps(pytest.fail).running(tmp_path / "scratch"):
        daemon_of(tmp_path / "scratch")
    assert gone(tmp_path / "scratch")


def test_a_daemon_under_which_no_process_can_compute_is_ended_and_said(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mps, "ONE_SUM", "raise RuntimeError('MPS client failed to connect')")
    fault = "RuntimeError: MPS client failed to connect"
    said = [f"MPS does not run, so that trials on one GPU take turns: {fault}", "without"]
    assert run(tmp_path / "scratch") == said


def test_a_daemon_that_does_not_start_is_said(tools: Path, tmp_path: Path) -> None:
    mps_control(tools, start="echo 'An instance of this daemon is already running'; exit 1")
    text, without = run(tmp_path / "scratch")
    assert text.endswith("take turns: An instance of this daemon is already running") and without == "without"


@pytest.mark.parametrize(("cards", "listed"), [(f"{TWO_CARDS}\n{OLD_CARD}", ""), (TWO_CARDS, MIG), ("", "")])
def test_cards_that_do_not_allow_it_have_none(tools: Path, tmp_path: Path, cards: str, listed: str) -> None:
    nvidia_smi(tools, cards, listed)
    assert run(tmp_path / "scratch") == ["without"]


def test_another_s_daemon_is_used_as_it_is(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PIPES, "/of/the/machine")
    with Mps(pytest.fail).running(tmp_path / "scratch"):
        assert os.environ[PIPES] == "/of/the/machine"
    assert not (tmp_path / "scratch" / "mps").exists()


@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ({}, True),
        ({"gpus": 0.25}, True),
        ({"gpus": 0.0}, False),
        ({"gpus": 1.0}, False),
        ({"gpus": 0.01}, False),
    ],
)
def test_it_is_for_several_trials_on_a_gpu_and_for_no_more_than_it_serves(
    resources: dict[str, Any], wanted: bool
) -> None:
    assert (Mps.wanted(ResourcesConfig(**resources), print) is not None) is wanted
    assert Mps.wanted(ResourcesConfig(**resources, mps="off"), print) is None


DRIVER = """
import sys
from pathlib import Path
from hpsearch.ray import mps
from hpsearch.ray.authentication import environment
from hpsearch.ray.reaper import MARK, reaped

scratch = Path(sys.argv[1])
mps.ONE_SUM = ""
with reaped(scratch), environment({MARK: str(scratch)}), mps.Mps(print).running(scratch):
    print("runs", flush=True)
    sys.stdin.read()
"""


def test_the_daemon_of_a_killed_launch_is_ended_too(tools: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", DRIVER, str(tmp_path / "scratch")]
    unmarked = {name: value for name, value in os.environ.items() if name != MARK}  # as the reaper must be
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=unmarked
    ) as driver:
        assert driver.stdout and driver.stdout.readline() == "runs\n"
        daemon_of(tmp_path / "scratch")
        driver.kill()
    assert gone(tmp_path / "scratch")
