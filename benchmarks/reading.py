"""How long commands take to read a study of many trials.

    python benchmarks/reading.py [--trials 10000] [--rounds 3]
    python benchmarks/reading.py --root ROOT --study STUDY      # one that is there

Without a study it makes one first, by the launch of `growth.py`, random values and no MLflow. Each command
runs in a process of its own, as a shell starts it, all of them in turns; the median is shown, and that of
its CPU time, which other programs disturb less. `open` is what a launch does with the journal before its
first trial; `frames` is a notebook's `trials()` and `epochs()`. The page's size is that of the report.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from unittest.mock import patch

from growth import SPACE, measure

from hpsearch.tracking.tracker import Tracker

SLOTS = 20

OPEN = """\
from pathlib import Path
from hpsearch.study.opening import open_study
from hpsearch.study.store import find_study
import sys, shutil, tempfile
root, name = Path(sys.argv[1]), sys.argv[2]
from hpsearch.study.spec import load_spec
from hpsearch.study.folders import studies_folder
folder = studies_folder(root) / name
spec = load_spec(folder / "space.yaml", name=name)
from hpsearch.study.records import Provenance
with tempfile.TemporaryDirectory() as copy:
    (Path(copy) / name).mkdir()
    shutil.copy(folder / "study.journal", Path(copy) / name / "study.journal")
    open_study(Path(copy) / name, spec, Provenance(1.0, {}, "1")).record()
"""

FRAMES = """\
import sys, hpsearch
study = hpsearch.read_study(sys.argv[2], root=sys.argv[1])
print(len(study.trials()), len(study.epochs()))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000, help="of the study that is made")
    parser.add_argument("--root", type=Path, help="where a study is")
    parser.add_argument("--study", default="growth")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.root or Path(folder)
        if options.root is None:
            space = root / "growth.yaml"
            text = SPACE.replace("SAMPLER", "random").replace("PRUNER", "successive_halving")
            space.write_text(text.replace("TRIALS", str(options.trials)), encoding="utf-8")
            with patch.object(Tracker, "sync", lambda *_: None):
                measure(space, root, options.trials, SLOTS)
        read(root, options.study, Path(folder) / "reading.html", options.rounds)


def read(root: Path, study: str, page: Path, rounds: int) -> None:
    """Print how long each command takes."""
    at, where = ["--root", str(root)], [str(root), study]
    commands = {
        "list": ["-m", "hpsearch", "list", *at],
        "status": ["-m", "hpsearch", "status", study, *at],
        "show": ["-m", "hpsearch", "show", study, *at],
        "show --format csv": ["-m", "hpsearch", "show", study, "--format", "csv", *at],
        "open": ["-c", OPEN, *where],
        "frames": ["-c", FRAMES, *where],
        "report": ["-m", "hpsearch", "report", study, "--out", str(page), *at],
    }
    taken: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(1, rounds + 1):
        for name, words in commands.items():
            taken[name].append(seconds(words))
        print(f"round {number} of {rounds}", flush=True)
    for name, times in taken.items():
        wall_s, cpu_s = (statistics.median(each) for each in zip(*times, strict=True))
        print(f"{name:20} {wall_s:6.2f} s, {cpu_s:.2f} s of CPU", flush=True)
    print(f"{'page':20} {page.stat().st_size / 1e6:6.2f} MB")


def seconds(words: list[str]) -> tuple[float, float]:
    """Return how long a command takes, and its CPU time."""
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    took_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
