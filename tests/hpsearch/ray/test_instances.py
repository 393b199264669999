"""MIG instances: Ray counts whole GPUs, so they are said, and those that a user names are counted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.driver_tools import MIG, nvidia_smi

from hpsearch.ray import cluster
from hpsearch.ray.gpus import unused_instances


@pytest.mark.parametrize(
    ("visible", "gpus"),
    [("MIG-c7384736,MIG-a28ad590", 2), ("GPU-5d5ba0d6", None), ("0,1", None), (None, None)],
)
def test_instances_that_are_named_are_so_many_gpus_to_ray(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, gpus: int | None
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(cluster.ray, "init", lambda address, **given: asked.update(given))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    cluster._start_local(tmp_path, {})
    assert asked["num_gpus"] == gpus
    assert os.environ.get("CUDA_VISIBLE_DEVICES") == visible  # from which Ray gives each worker its own


def test_instances_that_nobody_named_are_said_with_the_command_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert unused_instances() is None
    nvidia_smi(tmp_path, listed=MIG)
    said = unused_instances()
    assert said is not None and said.startswith("its GPUs are cut into 2 MIG instances")
    command = said.partition("CUDA_VISIBLE_DEVICES=$(")[2].rpartition(")")[0]
    shell = ["sh", "-c", command]
    named = subprocess.run(shell, capture_output=True, text=True, check=True).stdout.strip()
    assert named == "MIG-c7384736,MIG-a28ad590"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert unused_instances() is None
