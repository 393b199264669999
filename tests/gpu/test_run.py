"""`run` itself: what it needs to begin, and that a check fails where a GPU is claimed in vain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.patience import PATIENCE_S

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
    said = tmp_path / "decoding.stderr.txt"
    assert not limit_s or "Traceback (most recent call last)" in said.read_text()


@pytest.mark.usefixtures("narrow")
def test_a_real_trial_comes_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    import runner

    threads = torch.get_num_threads()
    try:
        assert runner._child("smoke", "cpu", tmp_path, 300, None) == 0
    finally:
        torch.set_num_threads(threads)  # what the check takes is for a process of its own
    (figure,) = map(json.loads, (tmp_path / "results.jsonl").read_text().splitlines())
    assert len(figure["mae_deg"]) == 2
    passed, reason = runner._watch([sys.executable, "-c", ""], PATIENCE_S, tmp_path / "said.txt")
    assert (passed, reason) == ("passed", "")


def test_what_is_missing_is_said_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    monkeypatch.setattr(sys, "argv", ["run", "--out", str(tmp_path / "never")])
    assert runner.main(RUN) == 1 and not (tmp_path / "never").exists()
    (tmp_path / "datasets" / "rendered-heads-12ab").mkdir(parents=True)
    monkeypatch.setattr(sys, "argv", ["run", "--check", "--data", str(tmp_path)])
    capsys.readouterr()
    assert runner.main(RUN) == 1
    assert "nor-this-one" not in capsys.readouterr().out  # it renders nothing
    monkeypatch.setattr(runner, "NEEDED", ("numpy",))
    assert runner.main(RUN) == 0


def test_all_fit_into_the_minutes_that_a_machine_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    import runner

    assert sum(limits.about_s for limits in runner.CHECKS.values()) <= runner.ALL_S == 540
    assert all(limits.about_s <= limits.most_s for limits in runner.CHECKS.values())
    assert list(runner.CHECKS)[:6] == ["smoke", "step", "packing", "decoding", "decode_ways", "throughput"]


def test_images_that_were_made_beforehand_are_the_ones_that_a_check_would_make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    from material import jpegs

    made = jpegs(tmp_path / "before", 5, 16)
    before = made.files[0].stat().st_mtime_ns
    few, others = jpegs(tmp_path / "before", 3, 16), jpegs(tmp_path / "anew", 3, 16)
    assert made.files[0].stat().st_mtime_ns == before
    assert [file.read_bytes() for file in few.files] == [file.read_bytes() for file in others.files]
    assert few.labels.tolist() == others.labels.tolist() == made.labels[:3].tolist()
