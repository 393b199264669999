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
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Limits:
    """About how long a check takes on an H200, as is estimated, and how long it may take, seconds."""

    about_s: float
    most_s: float


CHECKS: Mapping[str, Limits] = MappingProxyType(
    {
        "smoke": Limits(25, 60),
        "step": Limits(80, 200),
        "packing": Limits(130, 240),
        "decoding": Limits(20, 60),
        "decode_ways": Limits(35, 80),
        "throughput": Limits(50, 120),
        "memory": Limits(40, 120),
        "loading": Limits(15, 60),
        "precision": Limits(30, 90),
        "resume": Limits(20, 60),
        "exporting": Limits(15, 60),
        "ray_fractions": Limits(60, 180),
        "table1": Limits(20, 300),
    }
)
"""The checks, worth most first for where time is short."""

ALL_S = 540.0
"""How long all may take together: a borrowed machine is lent for minutes."""

ON_CPU = 10
"""How many times as long a check may take where it is only tried, on a CPU that may be busy."""

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

RENDERED = "table1"
"""The check whose dataset is rendered, unless it was made beforehand."""

RESULTS = "results.jsonl"
FAILED, LEFT_OUT = 1, 3


def main(script: Path) -> int:
    """Run what the command line names; return 1 where a check failed, or packages are missing."""
    parser = argparse.ArgumentParser(description="Every check that only a GPU can answer.")
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="where figures are appended, as JSON lines"
    )
    parser.add_argument("--check", action="store_true", help="say what is missing, and run nothing")
    parser.add_argument("--make-data", type=Path, metavar="DIR", help="make the images beforehand, anywhere")
    parser.add_argument("--data", type=Path, metavar="DIR", help="what --make-data has made")
    parser.add_argument("--limit-s", type=float, metavar="N", help=f"default: {ALL_S:g}")
    parser.add_argument(
        "--device", choices=["cuda", "cpu"], default="cuda", help="cpu: at tiny sizes, to try it"
    )
    parser.add_argument("--only", nargs="*", choices=[*CHECKS], default=[*CHECKS], metavar="NAME")
    parser.add_argument("--child", type=float, help=argparse.SUPPRESS)  # the seconds of the one check here
    given = parser.parse_args()
    if given.child is not None:
        return _child(given.only[0], given.device, given.out, given.child, given.data)
    if given.make_data is not None:
        from make_data import make_data

        make_data(given.make_data)
        return 0
    if _lacks(given.only, given.data) or given.check:
        return FAILED if any(not _installed(name) for name in NEEDED) else 0
    if given.out is None:
        parser.error("--out FOLDER is needed, for the figures")
    given.out.mkdir(parents=True, exist_ok=True)
    limit_s = ALL_S * _slack(given.device) if given.limit_s is None else given.limit_s
    ends_s = time.monotonic() + limit_s
    verdicts = [_run(script, name, given, ends_s) for name in given.only]
    return FAILED if "failed" in verdicts else 0


def _lacks(names: Sequence[str], data: Path | None) -> bool:
    """Say what is missing, and how long the checks take; return whether none can run for it."""
    made = data is not None and any((data / "datasets").glob("rendered-heads*"))
    wanted = {name: () if made and name == RENDERED else WANTED.get(name, ()) for name in names}
    missing = [name for name in NEEDED if not _installed(name)]
    print(f"needed by every check: {', '.join(missing) or 'nothing'} missing")
    for name, packages in wanted.items():
        if lack := [each for each in packages if not _installed(each)]:
            print(f"{name:14} is left out: {', '.join(lack)} missing")
    about_s = sum(CHECKS[name].about_s for name in names)
    print(f"about {about_s:.0f} s for {len(names)} checks, as is estimated for an H200", flush=True)
    return bool(missing)


def _slack(device: str) -> int:
    return 1 if device == "cuda" else ON_CPU


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _run(script: Path, name: str, given: argparse.Namespace, ends_s: float) -> str:
    seconds = min(CHECKS[name].most_s * _slack(given.device), ends_s - time.monotonic())
    began_s = time.monotonic()
    verdict, reason = "failed", "the time limit was reached before it began"
    if seconds > 1:
        print(f"{name}: about {CHECKS[name].about_s:.0f} s, {seconds:.0f} s at most", flush=True)
        words = ["--only", name, "--device", given.device, "--out", str(given.out), "--child", str(seconds)]
        words += [] if given.data is None else ["--data", str(given.data)]
        said = given.out / f"{name}.stderr.txt"
        verdict, reason = _watch([sys.executable, str(script), *words], seconds, said)
    row = {"check": name, "verdict": verdict, "reason": reason, "seconds": time.monotonic() - began_s}
    write(given.out, row)
    print(f"{verdict:8} {name:14} {reason}", flush=True)
    return verdict


def _watch(command: list[str], seconds: float, said: Path) -> tuple[str, str]:
    """Return what a check came to and why; all that it says of errors stays in the file `said`."""
    with said.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stderr=errors, start_new_session=True)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return "failed", f"no end within {seconds:.0f} s"
    if process.returncode == 0:
        return "passed", ""
    lines = said.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    reason = lines[-1] if lines else f"exit status {process.returncode}"
    return ("left out" if process.returncode == LEFT_OUT else "failed"), reason


def _child(name: str, device: str, out: Path, seconds: float, data: Path | None) -> int:
    from bench import Bench, LeftOut

    with tempfile.TemporaryDirectory(prefix="gpu-") as folder:
        try:
            bench = Bench(name, device, Path(folder), out, seconds, data)
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
        file.write(json.dumps({"at": time.strftime("%Y-%m-%d %H:%M:%S"), **row}) + "\n")
