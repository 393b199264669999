"""`run` itself: what it needs to begin, and that a check fails where a GPU is claimed in vain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

HERE = Path(__file__).parent
RUN = HERE / "run"

WITHOUT = """
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ray", "optuna", "mlflow"):
            raise ModuleNotFoundError(f"blocked: {name}")

sys.meta_path.insert(0, Blocked())
import runner
for name in runner.CHECKS:
    importlib.import_module(f"checks.{name}").check
from checks.table1 import SPACE, load_spec
spec = load_spec(SPACE)
assert len({spec.config(params).pretext for params in spec.enqueued[:13]}) == 13
"""


@pytest.mark.slow
def test_no_check_needs_ray_optuna_or_mlflow_to_begin() -> None:
    path = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parents[1])))
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert ran.returncode == 0, ran.stderr


def test_every_check_has_a_module() -> None:
    sys.path.insert(0, str(HERE))
    try:
        from runner import CHECKS
    finally:
        sys.path.remove(str(HERE))
    assert {path.stem for path in (HERE / "checks").glob("[a-z]*.py")} == {*CHECKS}


@pytest.mark.slow
@pytest.mark.parametrize("limit_s", [300, 0])
def test_what_cannot_be_checked_fails(tmp_path: Path, limit_s: float) -> None:
    if limit_s and torch.cuda.is_available():
        return  # then the claim is true
    command = [str(RUN), "--out", str(tmp_path), "--only", "decoding", "--limit-s", str(limit_s)]
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    (row,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert (row["check"], row["verdict"]) == ("decoding", "failed")
    assert ("a GPU was claimed" if limit_s else "time limit") in row["reason"]


@pytest.mark.slow
def test_a_real_trial_comes_to_its_end(tmp_path: Path) -> None:
    command = [str(RUN), "--out", str(tmp_path), "--only", "smoke", "--device", "cpu"]
    ran = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    figure, verdict = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert len(figure["mae_deg"]) == 2 and verdict["verdict"] == "passed"


def test_what_is_missing_is_said_before_anything_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    import runner

    monkeypatch.setattr(runner, "NEEDED", ("numpy", "no-such-package"))
    monkeypatch.setattr(runner, "WANTED", {"table1": ("nor-this-one",)})
    monkeypatch.setattr(sys, "argv", ["run", "--check"])
    assert runner.main(RUN) == 1
    said = capsys.readouterr().out
    assert "every check: no-such-package missing" in said
    assert "table1         is left out: nor-this-one missing" in said
    monkeypatch.setattr(runner, "NEEDED", ("numpy",))
    assert runner.main(RUN) == 0
