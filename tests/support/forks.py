"""Commands in processes of their own that have torch and MLflow loaded: each ends and is killed alone.

They are forks of one server, which has no threads and no tests' state. What they do not show is what a new
interpreter imports; tests of that start one. ResNet-10 is narrow there.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from support.launches import Done, hpsearch_here
from support.patience import PATIENCE_S

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "hpsearch.driver.launch",
        "hpsearch.tracking.store",
        "hpsearch.work.in_process",
        "mlflow.store.tracking.sqlalchemy_store",
        "torchvision.models",
    ]
)


@dataclass(frozen=True)
class Fork:
    """A command that runs in a process group of its own, as a shell starts it."""

    process: BaseProcess
    file: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def ended(self) -> tuple[int | None, str]:
        """Wait; return its exit status, that of a signal below 0, and what it printed."""
        self.process.join(PATIENCE_S)
        return self.process.exitcode, self.file.read_text()


def start_fork(*words: str | Path, prints: Path) -> Fork:
    """Start a command that prints to a file."""
    process = FORKS.Process(target=_run, args=([*map(str, words)], prints))
    process.start()
    return Fork(process, prints)


def hpsearch_there(
    *commands: Sequence[str | Path], cwd: Path | None = None, **environment: str
) -> list[Done]:
    """Run commands one after another in one fork.

    Packages on the `PYTHONPATH` of `environment` are installed there.
    """
    with ProcessPoolExecutor(1, FORKS) as pool:
        return pool.submit(_run_all, commands, cwd or Path.cwd(), environment).result(timeout=PATIENCE_S)


def _run(words: Sequence[str], prints: Path) -> None:
    from support.narrow import narrow_resnet10

    from hpsearch.cli.main import main

    os.setsid()
    for sent, answer in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        signal.signal(sent, answer)  # whatever the tests ignore, as in the background or under `nohup`
    with prints.open("w", buffering=1) as out:
        for stream in (1, 2):
            os.dup2(out.fileno(), stream)
        with redirect_stdout(out), redirect_stderr(out), narrow_resnet10():
            status = main(words)
    sys.exit(status)


def _run_all(
    commands: Sequence[Sequence[str | Path]], cwd: Path, environment: Mapping[str, str]
) -> list[Done]:
    from support.narrow import narrow_resnet10

    from trainables.base.plugins import installed

    os.environ.update(environment)
    os.chdir(cwd)
    sys.path[:0] = environment.get("PYTHONPATH", "").split(os.pathsep)
    installed.cache_clear()
    with narrow_resnet10():
        return [hpsearch_here(*words) for words in commands]


@contextmanager
def forked(module: str) -> Iterator[None]:
    """Let a module start its processes as forks meanwhile; what they are sent is pickled as ever."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{module}.get_context", lambda method: FORKS)
        yield
