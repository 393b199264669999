"""NVIDIA's multi-process service (MPS) for a launch on one machine.

Without it the kernels of several processes on a GPU take turns. It is this launch's alone: its pipes and logs
lie in the launch's own folder, and it ends with the launch. A launch that is killed leaves it to the reaper,
which knows it by its environment.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from hpsearch.ray.reaper import MARK, marked
from hpsearch.study.config import ResourcesConfig
from hpsearch.work.shares import MOST_PER_GPU, per_gpu
from trainables.training.cards import VISIBLE, Card, cards, mig_instances

CONTROL = "nvidia-cuda-mps-control"
"""The daemon, and the tool that talks to it; it comes with the driver."""

PIPES, LOGS = "CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"
"""Environment variables: where a process finds the daemon, and where the daemon writes."""

VOLTA = (7, 0)
"""The first compute capability whose processes run in parallel in address spaces of their own."""

PATIENCE_S = 20.0
"""How long the daemon may take to start, or to end."""

TRIED_S = 120.0
"""How long a first process may take under it: it imports torch."""

ONE_SUM = "import torch; torch.ones(2, device='cuda').sum().item()"


@dataclass(frozen=True)
class Mps:
    """Runs MPS where this machine's GPUs allow it; `say` hears why it could not be started."""

    say: Callable[[str], None]

    @classmethod
    def wanted(cls, resources: ResourcesConfig, say: Callable[[str], None]) -> Mps | None:
        """Return what runs it, None where a search does not want it or no GPU has several trials."""
        share = resources.gpus
        if resources.mps == "off" or share == 0:
            return None
        if share != "auto" and not 1 < per_gpu(share) <= MOST_PER_GPU:
            return None
        return cls(say)

    @contextmanager
    def running(self, scratch: Path) -> Iterator[None]:
        """Run it while the block runs, for all processes that are started in it; else nothing happens.

        A daemon that `CUDA_MPS_PIPE_DIRECTORY` names is another's, and is used as it is.
        """
        if shutil.which(CONTROL) is None or PIPES in os.environ or not allowed(cards(), mig_instances()):
            yield
            return
        folders = {PIPES: str(_private(scratch / "mps")), LOGS: str(_private(scratch / "mps-log"))}
        try:
            fault = _start(folders) or _fault_under(folders)
            if fault:
                self.say(f"MPS does not run, so that trials on one GPU take turns: {fault}")
                _end(scratch, folders)
            with nullcontext() if fault else _surroundings(folders):
                yield
        finally:
            _end(scratch, folders)


def allowed(found: list[Card], instances: list[str]) -> bool:
    """Return whether MPS may run: on all GPUs from Volta on, none of them cut into instances."""
    return bool(found) and all(card.capability >= VOLTA for card in found) and not instances


@contextmanager
def _surroundings(folders: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in folders}
    os.environ.update(folders)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    return folder


def _start(folders: dict[str, str]) -> str | None:
    """Start the daemon; return why it did not."""
    surroundings = {**os.environ, **folders}
    surroundings.pop(VISIBLE, None)  # else the numbers of GPUs in a trial's environment would mean others
    said = Path(folders[LOGS]) / "start.txt"
    try:
        with said.open("w") as out:  # a pipe would stay open as long as the daemon lives
            subprocess.run(  # noqa: S603  no word of it is given
                [CONTROL, "-d"],
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=True,
                timeout=PATIENCE_S,
                start_new_session=True,  # Ctrl-C is the launch's
            )
    except (OSError, subprocess.SubprocessError) as error:
        return (said.read_text(errors="replace").strip() or str(error)).splitlines()[0]
    return None


def _fault_under(folders: dict[str, str]) -> str | None:
    """Return why a process cannot use a GPU under the daemon, None where it can.

    The daemon may be there and start no server: then every process that finds it would fail.
    """
    words = [sys.executable, "-c", ONE_SUM]
    try:
        tried = subprocess.run(  # noqa: S603  our own words
            words, env={**os.environ, **folders}, capture_output=True, text=True, check=False, timeout=TRIED_S
        )
    except subprocess.TimeoutExpired:
        return f"a first process did not add two numbers within {TRIED_S:.0f} s"
    lines = tried.stderr.strip().splitlines() or [f"exit status {tried.returncode}"]
    return lines[-1] if tried.returncode else None


def _end(scratch: Path, folders: dict[str, str]) -> None:
    """End the daemon and its servers, by force where they do not end in time."""
    if not list(_processes(scratch)):
        return
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(  # noqa: S603  no word of it is given
            [CONTROL],
            env={**os.environ, **folders},
            input=b"quit\n",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE_S,
        )
    for pid in _processes(scratch):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _processes(scratch: Path) -> Iterator[int]:
    """Yield the processes of this launch's daemon."""
    for pid in marked(f"{MARK}={scratch}".encode()):
        with suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"nvidia-cuda-mps" in command:
                yield pid
