"""Why a worker died, in a line for people."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from ray import cloudpickle
from ray.exceptions import ActorDiedError, RayTaskError

from hpsearch.ray.deaths import death_of
from trainables.training.gpu_memory import OutOfGpuMemory


def died_of(error: Exception, folder: Path) -> SimpleNamespace:
    """Return what is read of a trial of Tune's that ended with an error."""
    file = folder / "error.pkl"
    file.write_bytes(cloudpickle.dumps(error))
    return SimpleNamespace(pickled_error_file=str(file))


def raised_at_start() -> ActorDiedError:
    cause = ImportError("libcudart.so.13: cannot open shared object file")
    traceback = (
        "\x1b[36mray::RayTrainable.__init__()\x1b[39m (pid=7, ip=192.0.2.1)\n"
        '  File "loader.py", line 3, in <module>\n'
        "ImportError: libcudart.so.13: cannot open shared object file\n"
    )
    return ActorDiedError(RayTaskError("RayTrainable.__init__", traceback, cause))


def test_a_worker_that_cannot_start_is_explained_by_what_its_start_raised(tmp_path: Path) -> None:
    death = death_of(died_of(raised_at_start(), tmp_path), kernel_kills=0)
    assert death.reason == "ImportError: libcudart.so.13: cannot open shared object file"
    assert "loader.py" in death.details and "\x1b" not in death.details


@pytest.mark.parametrize(
    ("kernel_kills", "reason"),
    [
        (0, "ActorDiedError: The actor died unexpectedly"),
        (1, "out of memory: "),
    ],
)
def test_a_worker_that_is_gone_is_explained_by_the_kernel_where_it_killed(
    kernel_kills: int, reason: str, tmp_path: Path
) -> None:
    assert death_of(died_of(ActorDiedError(), tmp_path), kernel_kills).reason.startswith(reason)


def test_a_lack_of_gpu_memory_is_kept_as_one(tmp_path: Path) -> None:
    short = OutOfGpuMemory(4096.0, 2048.0, 0.25)
    error = RayTaskError("RayTrainable.step", "traceback", short).as_instanceof_cause()
    death = death_of(died_of(error, tmp_path), kernel_kills=0)
    assert death.short is not None and death.short.needed_mib == 4096.0
    assert death.reason == str(short)


def test_without_a_word_that_is_said(tmp_path: Path) -> None:
    nothing = SimpleNamespace(pickled_error_file=None)
    assert death_of(nothing, kernel_kills=0).reason == "its process ended without an error message"
