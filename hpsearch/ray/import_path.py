"""Where workers import from: where their driver does, and never from the folder that it was started in.

Ray by itself puts that folder ahead of everything: a checkout there, or a file that is called as a module is,
would be what trials run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ray._private import ray_constants
from ray.job_config import JobConfig


def job_config(*, one_machine: bool) -> JobConfig:
    """Return what gives workers the import path of this process; on other machines they have their own."""
    # Ray inserts each at the front
    path = [str(Path(entry).absolute()) for entry in reversed(sys.path)] if one_machine else []
    config = JobConfig(_py_driver_sys_path=path)
    # Ray asks this alone before it adds the current folder and the script's
    config._runtime_env_has_working_dir = lambda: True  # type: ignore[method-assign]
    return config


@contextmanager
def uv_left_alone() -> Iterator[None]:
    """Keep Ray from packing the current folder in this block where `uv run` started the driver."""
    before, ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV = ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV, False
    try:
        yield
    finally:
        ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV = before
