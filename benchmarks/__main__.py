"""Every benchmark by one command, one after another, each with its goal.

    python -m benchmarks [--list] [--only NAME ...] [--json FILE]
    python -m benchmarks --markdown FILE > docs/benchmarks.md

Each is a file of this folder, whose first lines say what is compared and why that is fair; it takes its
contestants in turns by itself. Those that take hours, or need a study that is there, run by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.results_page import page
from benchmarks.rows import BENCHMARKS

HERE = Path(__file__).parent
SHOWN = ("hpsearch", "ray", "optuna", "mlflow", "torch", "nvidia-dali-cuda130")


def main() -> int:
    """Run what the command line names; return 1 where one of them failed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    parser.add_argument("--only", nargs="+", choices=[*BENCHMARKS], default=[*BENCHMARKS], metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what they printed, with the machine")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="print a page of what --json wrote")
    given = parser.parse_args()
    if given.markdown:
        print(page(json.loads(given.markdown.read_text(encoding="utf-8"))), end="")
        return 0
    if given.list:
        for name in given.only:
            one = BENCHMARKS[name]
            print(f"{name:14} {one.minutes:4g} min  {one.goal}")
        return 0
    machine = described_machine()
    print("; ".join(machine.values()), flush=True)
    results: list[dict[str, object]] = []
    for number, name in enumerate(given.only, start=1):
        results.append(run(name, number, len(given.only)))
        if given.json:  # after each: whoever stops it has the others
            written = json.dumps({"machine": machine, "results": results}, indent=1)
            given.json.write_text(written, encoding="utf-8")
    failed = [str(result["name"]) for result in results if result["status"]]
    print(f"\n{len(results) - len(failed)} of {len(results)} ran to their end", flush=True)
    if failed:
        print(f"again: python -m benchmarks --only {' '.join(failed)}", flush=True)
    return int(bool(failed))


def run(name: str, number: int, of: int) -> dict[str, object]:
    """Run a benchmark, show its lines as they come, and return them."""
    one = BENCHMARKS[name]
    print(f"\n[{number}/{of}] {name}, about {one.minutes:g} min; goal: {one.goal}", flush=True)
    command = [sys.executable, f"benchmarks/{one.script}.py", *one.options]
    began_s = time.perf_counter()
    at_once = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=HERE.parent, env=at_once)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        print(f"  {line}", end="", flush=True)
        lines.append(line.rstrip("\n"))
    status = process.wait()
    seconds = time.perf_counter() - began_s
    print(f"  {'done' if status == 0 else f'failed with status {status}'} in {seconds:.0f} s", flush=True)
    return {"name": name, "command": command[1:], "status": status, "seconds": seconds, "lines": lines}


def described_machine() -> dict[str, str]:
    """Return what a figure must be read with: cores and what else ran, Python and packages."""
    cores = len(os.sched_getaffinity(0))
    return {
        "machine": f"{cores} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}",
        "python": f"Python {platform.python_version()}",
        "packages": ", ".join(f"{package} {version(package)}" for package in SHOWN),
    }


if __name__ == "__main__":
    sys.exit(main())
