"""How soon a user sees something: each command on a study like the quickstart, and the start of a launch.

    python benchmarks/commands.py [--rounds 5]

The study is the quickstart as a launch leaves it, with simulated training. Each command runs in a process of
its own, as a shell starts it, all of them in turns; the median is shown. `first line` is the time until a
launch has printed something, `training` until its first trial has reported an epoch, with Ray's start, the
worker's imports and that epoch; that launch is stopped then. The data exist.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from growth import curve
from support.silent import Silent
from support.simulated import Simulated

from hpsearch.driver.launch import launch
from hpsearch.driver.request import LaunchRequest
from hpsearch.tracking.tracker import Tracker

QUICKSTART = Path(__file__).parents[1] / "search_spaces" / "quickstart.yaml"
GOALS_S = {
    "--help": 0.05,
    "check": 1.0,
    "list": 1.0,
    "status": 1.0,
    "show": 1.0,
    "report": 2.5,
    "first line": 1.0,
    "training": 15.0,
}
LAUNCHES = 2
"""Of which the start is timed: each takes as long as ten of the other commands."""

LOOKED_EVERY_S = 0.02
PATIENCE_S = 300.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with patch.object(Tracker, "sync", lambda *_: None):
            launch(LaunchRequest(QUICKSTART, root), Silent(), Simulated(curve, slots=2))
        at, page = ["--root", str(root)], str(root / "page.html")
        commands = {
            "--help": ["--help"],
            "check": ["check", str(QUICKSTART), *at],
            "list": ["list", *at],
            "status": ["status", "quickstart", *at],
            "show": ["show", "quickstart", *at],
            "report": ["report", "quickstart", "--out", page, *at],
        }
        taken_s: dict[str, list[float]] = defaultdict(list)
        for _ in range(options.rounds):
            for name, words in commands.items():
                taken_s[name].append(seconds(words))
        for number in range(LAUNCHES):
            first_s, training_s = start_s(root, f"again{number}")
            taken_s["first line"].append(first_s)
            taken_s["training"].append(training_s)
    for name, values in taken_s.items():
        print(f"{name:12} {statistics.median(values):6.2f} s, goal {GOALS_S[name]:g}", flush=True)


def seconds(words: list[str]) -> float:
    """Return how long a command takes."""
    began_s = time.perf_counter()
    subprocess.run([sys.executable, "-m", "hpsearch", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


def start_s(root: Path, name: str) -> tuple[float, float]:
    """Return the seconds until a launch has printed its first line, and until a first epoch."""
    space = root / f"{name}.yaml"
    space.write_text(QUICKSTART.read_text(encoding="utf-8").replace("name: quickstart", f"name: {name}"))
    words = [sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root)]
    began_s = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    try:
        os.read(process.stdout.fileno(), 1)
        first_s = time.perf_counter() - began_s
        trials = root / "studies" / name / "trials"
        while not any(trials.glob("*/log.txt")) and time.perf_counter() - began_s < PATIENCE_S:
            time.sleep(LOOKED_EVERY_S)
        return first_s, time.perf_counter() - began_s
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


if __name__ == "__main__":
    main()
