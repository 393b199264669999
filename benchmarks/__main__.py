"""Every benchmark by one command, one after another, each with its goal.

    python -m benchmarks [--list] [--only NAME ...] [--json FILE]

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
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType

HERE = Path(__file__).parent
SHOWN = ("hpsearch", "ray", "optuna", "mlflow", "torch", "nvidia-dali-cuda130")


@dataclass(frozen=True)
class Benchmark:
    """A script of this folder with its options, what it is measured for, and about how long it takes."""

    script: str
    options: tuple[str, ...]
    goal: str
    minutes: float


BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "whole_job": Benchmark("whole_job", (), "at most 0.85 of a script on Ray Tune", 6),
        "growth_random": Benchmark(
            "growth",
            ("--trials", "1000", "--slots", "50"),
            "one more trial costs at most 30 ms, and 1.3 times as much as at a tenth of the trials",
            1,
        ),
        "growth_tpe": Benchmark(
            "growth",
            ("--trials", "1000", "--slots", "50", "--sampler", "tpe"),
            "one more trial costs at most 80 ms, and 1.3 times as much as at a tenth of the trials",
            2,
        ),
        "through_ray": Benchmark(
            "through_ray", ("--trials", "400", "--workers", "8"), "at least 0.9 of the ideal", 3
        ),
        "trial_cost": Benchmark("trial_cost", (), "at most 0.1 s besides its training", 1.5),
        "tracking": Benchmark("tracking", (), "the search waits at most 1 ms a trial", 0.5),
        "epoch": Benchmark("epoch", (), "at most 0.85 of decoding in every epoch", 3),
        "loader": Benchmark("loader", ("--level", "2"), "3, 1.6 and 1.6 times torchvision", 2),
        "step": Benchmark("step", (), "a helper at most 1.08 of supervised learning", 3),
        "export": Benchmark("export_latency", (), "1 of supervised learning, within 1e-4 degrees", 2),
        "verdicts": Benchmark(
            "verdicts", ("--studies", "500"), "wrong in at most 2.5 %, 1 degree found in 55 and 85 %", 2
        ),
        "sequential": Benchmark(
            "sequential", ("--studies", "500"), "wrong in at most 2.5 %, 1 degree after 4.8 seeds", 2
        ),
    }
)
"""By name, the whole job first."""


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
    given = parser.parse_args()
    if given.list:
        for name in given.only:
            one = BENCHMARKS[name]
            print(f"{name:14} {one.minutes:4g} min  {one.goal}")
        return 0
    machine = described_machine()
    print("; ".join(machine.values()), flush=True)
    results = [run(name, number, len(given.only)) for number, name in enumerate(given.only, start=1)]
    if given.json:
        given.json.write_text(
            json.dumps({"machine": machine, "results": results}, indent=1), encoding="utf-8"
        )
    return int(any(result["status"] for result in results))


def run(name: str, number: int, of: int) -> dict[str, object]:
    """Run a benchmark, show its lines as they come, and return them."""
    one = BENCHMARKS[name]
    print(f"\n[{number}/{of}] {name}, about {one.minutes:g} min; goal: {one.goal}", flush=True)
    command = [sys.executable, str(HERE / f"{one.script}.py"), *one.options]
    began_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        print(f"  {line}", end="", flush=True)
        lines.append(line.rstrip("\n"))
    status = process.wait()
    seconds = time.perf_counter() - began_s
    print(f"  {'done' if status == 0 else f'failed with status {status}'} in {seconds:.0f} s", flush=True)
    return {"name": name, **asdict(one), "status": status, "seconds": seconds, "lines": lines}


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
