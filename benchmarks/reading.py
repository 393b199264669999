"""How long commands take to read a study of many trials.

    python benchmarks/growth.py --keep ROOT        # makes one of ten thousand
    python benchmarks/reading.py ROOT STUDY

Each command runs in a process of its own, as a shell starts it, three times, and the median is shown. `open`
is what a launch does with the journal before its first trial; `frames` is a notebook's `trials()` and
`epochs()`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 3

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
    parser.add_argument("root", type=Path)
    parser.add_argument("study")
    options = parser.parse_args()
    where = [str(options.root), options.study]
    page = str(options.root / "reading.html")
    at = ["--root", str(options.root)]
    commands = {
        "list": ["-m", "hpsearch", "list", *at],
        "status": ["-m", "hpsearch", "status", options.study, *at],
        "show": ["-m", "hpsearch", "show", options.study, *at],
        "show --format csv": ["-m", "hpsearch", "show", options.study, "--format", "csv", *at],
        "open": ["-c", OPEN, *where],
        "frames": ["-c", FRAMES, *where],
        "report": ["-m", "hpsearch", "report", options.study, "--out", page, *at],
    }
    for name, words in commands.items():
        took_s = statistics.median(_seconds(words) for _ in range(ROUNDS))
        print(f"{name:20} {took_s:6.2f} s", flush=True)


def _seconds(words: list[str]) -> float:
    began_s = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    main()
