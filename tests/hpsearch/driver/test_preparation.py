from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hpsearch.driver.preparation import Preparation
from hpsearch.study.spec import load_spec
from trainables.base.errors import InputError
from trainables.data.datasets.prepared import write_labels

SPACE = """\
data: {train: {dataset: gaze}, image_px: 32}
head: {choice: [%s]}
augmentation: {choice: [none, {"1": {turn_deg: %s}}]}
"""


def without_roll(datasets: Path) -> None:
    """Write a prepared dataset whose labels have yaw and pitch alone."""
    folder = datasets / "gaze"
    (folder / "images").mkdir(parents=True)
    rows = []
    for subject, split in (("a", "train"), ("b", "validation")):
        file = f"images/{subject}.jpg"
        Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / file)
        rows.append({"file": file, "subject": subject, "split": split, "yaw_deg": 1.0, "pitch_deg": 2.0})
    write_labels(folder, pd.DataFrame(rows), source="gaze")


@pytest.mark.parametrize(
    ("heads", "turn_deg", "fault"),
    [
        ("regression", 0, None),
        ("regression", 10, "turn_deg 10 needs the roll"),
        ("regression, rot6d", 0, "rot6d needs yaw, pitch and roll"),
    ],
)
def test_a_choice_that_the_labels_do_not_allow_is_refused_before_any_trial(
    tmp_path: Path, heads: str, turn_deg: int, fault: str | None
) -> None:
    without_roll(tmp_path / "datasets")
    space = tmp_path / "space.yaml"
    space.write_text(SPACE % (heads, turn_deg))
    silent = nullcontext(lambda done, total: None)
    preparation = Preparation(tmp_path / "datasets", tmp_path, lambda what: silent)
    spec = load_spec(space)
    preparation.data(spec.config(next(spec.space.probes())))
    if fault is None:
        preparation.check(spec)
        return
    with pytest.raises(InputError, match=fault):
        preparation.check(spec)
