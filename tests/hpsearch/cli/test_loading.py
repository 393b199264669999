"""What a command loads: one that answers at once must not load what it does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from trainables.data.datasets.prepared import write_labels

SLOW = ("ray", "optuna", "mlflow", "torch", "nvidia", "pandas")
"""Tools that take from a tenth of a second to several seconds to load."""


def loaded_by(*words: str) -> tuple[int, list[str]]:
    """Run a command in a fresh process; return its exit status and which of `SLOW` it loaded."""
    code = (
        "import sys\n"
        "from hpsearch.cli.main import main\n"
        "try: status = main(sys.argv[1:])\n"
        "except SystemExit as end: status = end.code\n"
        f"print(status, *(name for name in {SLOW!r} if name in sys.modules))"
    )
    command = [sys.executable, "-c", code, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, *names = done.stdout.splitlines()[-1].split()
    return int(status), names


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a dataset `two` of two images."""
    folder = tmp_path / "datasets" / "two"
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, split in enumerate(("train", "validation")):
        file = f"images/{number}.png"
        noise = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(noise).save(folder / file)
        pose = {"yaw_deg": 10.0 * number, "pitch_deg": 0.0, "roll_deg": -3.0}
        rows.append({"file": file, "subject": str(number), "split": split, **pose})
    write_labels(folder, pd.DataFrame(rows), source="two squares of noise")
    return tmp_path


@pytest.mark.parametrize("words", [["--help"], ["data", "--help"], ["launch", "--help"]], ids=" ".join)
def test_help_loads_no_library_that_takes_long(words: list[str]) -> None:
    assert loaded_by(*words) == (0, [])


def test_checking_a_space_loads_neither_the_network_nor_what_runs_it(tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("data: {train: {dataset: {rendered-heads: {images: 48, subjects: 8}}}}\n")
    assert loaded_by("check", str(space), "--root", str(tmp_path)) == (0, ["optuna", "pandas"])


def test_checking_a_dataset_loads_neither_the_search_nor_the_network(root: Path) -> None:
    assert loaded_by("data", "check", "two", "--root", str(root)) == (0, ["pandas"])


def test_showing_a_dataset_loads_neither_the_search_nor_the_network(root: Path) -> None:
    status, names = loaded_by("data", "show", "two", "--root", str(root), "--out", str(root / "sheet.png"))
    assert (status, names) == (0, ["pandas"])
    assert (root / "sheet.png").is_file()
