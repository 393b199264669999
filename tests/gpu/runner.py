"""Runs each check in a process of its own, within a time limit, and writes what it found as JSON lines.

Needs Python's standard library alone: what a check needs, it imports itself, and a crash ends that check.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

CHECKS: Mapping[str, float] = MappingProxyType(
    {
        "smoke": 120,
        "step": 180,
        "packing": 300,
        "decoding": 120,
        "decode_ways": 120,
        "throughput": 600,
        "memory": 240,
        "loading": 120,
        "precision": 180,
        "resume": 180,
        "ray_fractions": 420,
        "exporting": 180,
        "table1": 600,
    }
)
"""The checks, worth most first for where time is short, each with the seconds that it may take."""

NEEDED = (
    "adabelief-pytorch",
    "numpy",
    "nvidia-dali-cuda130",
    "pandas",
    "pillow",
    "pyarrow",
    "pydantic",
    "ruamel.yaml",
    "torch",
    "torchvision",
)
"""What every check needs; docs/gpu.md says how to bring it to a machine without a network."""

WANTED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ray_fractions": ("ray", "optuna", "mlflow"),
        "exporting": ("onnx", "onnxruntime", "onnxscript", "safetensors"),
        "table1": ("embreex", "scipy"),
    }
)
"""What some need besides: they are left out where it is missing."""

RESULTS = "results.jsonl"
FAILED, LEFT_OUT = 1, 3


def main(script: Path) -> int:
    """Run what the command line names; return 1 where a check failed."""
    parser = argparse.ArgumentParser(description="Every check that only a GPU can answer.")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where figures go, as JSON lines")
    parser.add_argument("--check", action="store_true", help="say what is missing, and run nothing")
    parser.add_argument("--limit-s", type=float, default=2400, metavar="N", help="default: %(default)g")
    parser.add_argument(
        "--device", choices=["cuda", "cpu"], default="cuda", help="cpu: at tiny sizes, to try it"
    )
    parser.add_argument("--only", nargs="*", choices=[*CHECKS], default=[*CHECKS], metavar="NAME")
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)  # the seconds of the one check here
    given = parser.parse_args()
    if given.check:
        return _check(given.only)
    if given.out is None:
        parser.error("--out FOLDER is needed, for the figures")
    if given.child is not None:
        return _child(given.only[0], given.device, given.out, given.child)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / RESULTS).unlink(missing_ok=True)
    ends_s = time.monotonic() + given.limit_s
    verdicts = [_run(script, name, given.device, given.out, ends_s) for name in given.only]
    return FAILED if "failed" in verdicts else 0


def _check(names: Sequence[str]) -> int:
    """Print what is missing; return 1 where no check can run for it."""
    lacks = {name: [each for each in WANTED.get(name, ()) if not _installed(each)] for name in names}
    missing = [name for name in NEEDED if not _installed(name)]
    print(f"needed by every check: {', '.join(missing) or 'nothing'} missing")
    for name, lack in lacks.items():
        if lack:
            print(f"{name:14} is left out: {', '.join(lack)} missing")
    print(f"{sum(CHECKS[name] for name in names):.0f} s at most for {len(names)} checks")
    return FAILED if missing else 0


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _run(script: Path, name: str, device: str, out: Path, ends_s: float) -> str:
    seconds = min(CHECKS[name], ends_s - time.monotonic())
    began_s = time.monotonic()
    verdict, reason = "failed", "the time limit was reached before it began"
    if seconds > 1:
        print(f"{name}: {seconds:.0f} s at most", flush=True)
        words = ["--only", name, "--device", device, "--out", str(out), "--child", str(seconds)]
        verdict, reason = _watch([sys.executable, str(script), *words], seconds)
    row = {"check": name, "verdict": verdict, "reason": reason, "seconds": time.monotonic() - began_s}
    write(out, row)
    print(f"{verdict:8} {name:14} {reason}", flush=True)
    return verdict


def _watch(command: list[str], seconds: float) -> tuple[str, str]:
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return "failed", f"no end within {seconds:.0f} s"
    lines = said.strip().splitlines() or [f"exit status {process.returncode}"]
    if process.returncode == 0:
        return "passed", ""
    return ("left out" if process.returncode == LEFT_OUT else "failed"), lines[-1]


def _child(name: str, device: str, out: Path, seconds: float) -> int:
    from bench import Bench, LeftOut

    with tempfile.TemporaryDirectory(prefix=f"gpu-{name}-") as folder:
        try:
            bench = Bench(name, device, Path(folder), out, seconds)
            importlib.import_module(f"checks.{name}").check(bench)
        except LeftOut as reason:
            print(reason, file=sys.stderr)
            return LEFT_OUT
        except Exception as error:  # noqa: BLE001  the reason is the last line
            traceback.print_exc()
            print(f"{type(error).__name__}: {error}".splitlines()[0], file=sys.stderr)
            return FAILED
        if bench.broken:
            print("; ".join(bench.broken), file=sys.stderr)
            return FAILED
    return 0


def write(out: Path, row: Mapping[str, Any]) -> None:
    """Append a line to the results."""
    with (out / RESULTS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
