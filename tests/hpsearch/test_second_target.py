"""A target that is no angle is one module and one row: a study of ages runs from table to prediction."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support import age_target
from support.forks import hpsearch_there
from support.plugins import install

IMAGES, PX = 60, 32
SPACE = """\
search: {objective: validation/within_20_years, sampler: random, pruner: none, budget: {trials: 2}}
data: {train: {dataset: ages}, validation: {dataset: ages}, image_px: 32, batch: 16}
target: age
augmentation: {"1": {mirror: 0.5, turn_deg: 10}}
network: {backbone: resnet10}
head: regression
pretext: {choice: [none, {puzzling: {grid: 2}}]}
optimizer: {adamw: {lr: 0.003}}
epochs: 4
"""


def write_faces(folder: Path) -> None:
    """Write grey squares that are brighter the older, and the table of their ages."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    with (folder / "labels.csv").open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("file", "age_years", "subject", "split"))
        for number in range(IMAGES):
            age = int(generator.integers(10, 80))
            noise = generator.integers(0, 20, (PX, PX, 3))
            Image.fromarray((2 * age + noise).astype(np.uint8)).save(folder / f"{number}.png")
            split = "validation" if number % 3 == 0 else "train"
            rows.writerow((f"{number}.png", age, f"person-{number}", split))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table of ages, a space, and a plug-in with the target installed beside them."""
    root = tmp_path_factory.mktemp("ages")
    module = Path(age_target.__file__).read_text()
    install(root / "plug", "ages", "[hpsearch.targets]\nage = ages:AgeConfig\n", module=module)
    write_faces(root / "faces")
    (root / "ages.yaml").write_text(SPACE)
    return root


def run(root: Path, *commands: str, status: int = 0) -> list[str]:
    """Return what commands said, where the plug-in is installed too; each must end with this status."""
    path = os.pathsep.join([str(root / "plug"), *filter(None, [os.environ.get("PYTHONPATH")])])
    there = {"PYTHONPATH": path, "HPSEARCH_ROOT": str(root / "runs")}
    done = hpsearch_there(*map(str.split, commands), cwd=root, **there)
    assert [each.returncode for each in done] == [status] * len(commands), done
    return [each.stdout + each.stderr for each in done]


@pytest.mark.slow
def test_a_study_of_ages_runs_from_space_to_prediction_in_years(root: Path) -> None:
    _, checked, planned, _, shown, *_, exported, evaluated, predicted = run(
        root,
        "data import folder faces --target age --out ages",
        "data check ages",
        "check ages.yaml",
        "launch ages.yaml --in-process",
        "show ages --format json",
        "report ages",
        "export ages --out winner",
        "evaluate winner --data ages --split validation --format json",
        f"predict winner {' '.join(f'faces/{number}.png' for number in range(IMAGES))} --format json",
    )
    assert "years, median" in checked and "no faults" in checked
    assert "maximising validation/within_20_years" in " ".join(planned.split())

    study = json.loads(shown)
    trials, objective = study["trials"], "validation/within_20_years"
    assert study["objective"] == objective
    assert trials[0]["objective"] == study["best"] == max(trial["objective"] for trial in trials)
    assert all(trial["best"] >= trial["objective"] == trial[objective] for trial in trials)
    assert all(trial["validation/best_mae_years"] <= trial["validation/mae_years"] for trial in trials)

    page = (root / "runs" / "studies" / "ages" / "report.html").read_text()
    assert "larger is better" in page and "true age, years" in page and "Error by age" in page
    assert "What the best network sees" not in page, "nothing is drawn of an age"
    assert "°" not in page and not re.search(r"\b(degrees|yaw)\b", page)

    assert " years validation MAE" in exported
    card = (root / "winner" / "README.md").read_text()
    assert card.startswith("# Age from a face crop: age") and "**Output** `age_years`" in card

    rows, predictions = json.loads(evaluated)["rows"], json.loads(predicted)
    labels = pd.read_csv(root / "faces" / "labels.csv")
    held = labels[labels["split"] == "validation"]
    ages = {Path(row["file"]).name: row["age_years"] for row in predictions}
    errors = [abs(ages[file] - age) for file, age in zip(held["file"], held["age_years"], strict=True)]
    assert rows[0]["mae_years"] == pytest.approx(np.mean(errors), abs=1.0)  # of a JPEG, beside the PNG itself
    assert rows[0]["count"] == len(held) and "picture" not in predictions[0]


def test_what_does_not_fit_the_target_is_refused_before_anything_starts(root: Path) -> None:
    two = SPACE.replace("target: age", "target: {choice: [age, head_pose]}")
    spaces = {
        "head": two.replace("head: regression\n", "").replace("within_20_years", "mae_deg"),
        "objective": SPACE.replace("within_20_years", "mae_deg"),
        "targets": two,
    }
    for name, text in spaces.items():
        (root / f"{name}.yaml").write_text(text)
    head, objective, targets = run(root, *(f"check {name}.yaml" for name in spaces), status=2)
    assert "take head: regression" in head
    assert "is not a metric of this target" in objective
    assert "one study has one target" in targets
