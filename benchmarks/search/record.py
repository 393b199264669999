"""Records learning curves of the space in `space.yaml`: every design trained in full, none stopped.

    python benchmarks/search/record.py launch PART --root DIR     # resumes where it was stopped
    python benchmarks/search/record.py collect PART --root DIR    # writes benchmarks/search/curves/PART.csv

`quickstart` is 120 designs at random. `second_seed` is the first ten of them with another seed, for the
noise. `longer` is 30 designs of another setting: four times the epochs, on half the images.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

from curves import FOLDER, Recorded, write_curves

from hpsearch.study.records import TrialState
from hpsearch.study.store import find_study
from trainables.base.yaml_document import load_yaml
from trainables.target.head_pose_metrics import MAE
from trainables.training.metric_names import VALIDATION

MAE_DEG = MAE.within(VALIDATION).name
SPACE = Path(__file__).with_name("space.yaml")
PARTS: dict[str, tuple[int, dict[str, Any], int]] = {
    "quickstart": (120, {}, 1000),
    "second_seed": (10, {"seed": 1}, 1000),
    "longer": (30, {"epochs": 28}, 500),
}
"""Name -> designs, what differs from that file, images."""


def space_of(part: str) -> dict[str, Any]:
    """Return the recorded space with a random search."""
    designs, changed, images = PARTS[part]
    tree = {**deepcopy(dict(load_yaml(SPACE).tree)), **changed}
    tree["search"] = {"name": part, "sampler": "random", "pruner": "none", "budget": {"trials": designs}}
    tree["data"]["train"]["dataset"]["rendered-heads"]["images"] = images
    return tree


def launch(part: str, root: Path) -> None:
    """Train what is missing."""
    root.mkdir(parents=True, exist_ok=True)
    space = root / f"{part}.yaml"
    space.write_text(json.dumps(space_of(part)))  # JSON is YAML
    subprocess.run([sys.executable, "-m", "hpsearch", "launch", str(space), "--root", str(root)], check=True)


def collect(part: str, root: Path) -> None:
    """Write the curves of the designs that are finished."""
    record = find_study(root, part)
    done = [trial for trial in record.trials if trial.state is TrialState.COMPLETE]
    write_curves(
        FOLDER / f"{part}.csv",
        [Recorded(trial.params, tuple(epoch[MAE_DEG] for epoch in trial.epochs)) for trial in done],
    )
    print(f"{part}: {len(done)} designs")


def main() -> None:
    """Launch, or write the curves down."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("launch", "collect"))
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--root", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_args()
    (launch if arguments.what == "launch" else collect)(arguments.part, arguments.root)


if __name__ == "__main__":
    main()
