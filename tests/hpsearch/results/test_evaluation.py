"""An exported network is evaluated on a dataset as its predictions of each image say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hpsearch.cli.main import main
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.exported import NetworkCard
from trainables.exported.folder import write_network
from trainables.exported.predict import load
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.target import HeadPoseConfig

YAWS_DEG = (-80.0, -10.0, 5.0, 45.0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a dataset of plain images, two of them in the split `test`, and a network beside it."""
    root = tmp_path_factory.mktemp("runs")
    folder = root / "datasets" / "plain"
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, yaw_deg in enumerate(YAWS_DEG):
        file = f"images/{number}.png"
        Image.fromarray(np.full((32, 32, 3), 60 * number, np.uint8)).save(folder / file)
        pose = {"yaw_deg": yaw_deg, "pitch_deg": 3.0 * number, "roll_deg": -2.0}
        split = "test" if number > 1 else "train"
        rows.append({"file": file, "subject": str(number), "split": split, **pose})
    write_labels(folder, pd.DataFrame(rows), source="plain squares")
    card = NetworkCard(
        backbone=ResNet10Config(), head=RegressionConfig(), angles=("yaw", "pitch", "roll"), image_px=32
    )
    (root / "net").mkdir()
    write_network(root / "net", card.build().eval(), card)
    return root


def evaluated(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["evaluate", str(root / "net"), "--data", "plain", "--root", str(root), *words]) == 0
    return capsys.readouterr().out


def test_errors_are_those_of_the_predictions_of_each_image(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(evaluated(root, capsys, "--split", "train", "--format", "json"))["rows"]
    samples = PreparedDataset(root / "datasets" / "plain").samples("train", target=HeadPoseConfig())
    error = np.abs(load(root / "net").predict(samples.files) - samples.labels)
    found = {row["images"]: (row["count"], row["mae_deg"], row["yaw_mae_deg"]) for row in rows}
    assert found["all"] == pytest.approx((2, error.mean(), error[:, 0].mean()), rel=1e-3)
    assert found["|yaw| 0 to 30"] == pytest.approx((1, error[1].mean(), error[1, 0]), rel=1e-3)
    assert found["|yaw| above 60"] == pytest.approx((1, error[0].mean(), error[0, 0]), rel=1e-3)
    assert "|yaw| 30 to 60" not in found


def test_the_split_test_is_taken_by_itself(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = evaluated(root, capsys)
    assert "on plain, split test:" in table and "|yaw| 30 to 60" in table
    assert evaluated(root, capsys, "--format", "csv").startswith("images,count,mae_deg,yaw_mae_deg")
    assert main(["evaluate", str(root / "net"), "--data", "plain", "--split", "x", "--root", str(root)]) == 2
    assert "valid: test, train" in capsys.readouterr().err
