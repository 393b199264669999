"""An exported network is evaluated on a dataset as its predictions of each image say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.poses import target
from support.prepared_datasets import prepared

from hpsearch.cli.main import main
from hpsearch.results.across import aligned, crop_difference, oddities
from hpsearch.results.evaluation import SURER, _rows
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.data.datasets.protocols import parts_of, whole_split
from trainables.exported import NetworkCard
from trainables.exported.folder import write_network
from trainables.exported.predict import load
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.pose.geometry import matrix_from_pose, pose_from_matrix
from trainables.target import HeadPoseConfig
from trainables.target.aligned import Aligned
from trainables.training.metrics import Predictions

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


def test_the_surer_half_has_a_row_of_its_own() -> None:
    """Only where the network says how certain it is."""
    true = np.zeros((4, 3))
    off = np.array([[1.0], [2.0], [3.0], [6.0]])
    found = Predictions(true + off, true, target(), np.array([-5.0, -1, -4, 0]))
    rows = {row["images"]: row for row in _rows(found, None, HeadPoseConfig(), {})}
    assert (rows[SURER]["count"], rows[SURER]["mae_deg"]) == (2, 2.0)
    silent = Predictions(found.predicted, true, target())
    assert SURER not in {row["images"] for row in _rows(silent, None, HeadPoseConfig(), {})}


class Answers:
    """Predictions beside labels, as `evaluate` has them: forty people with two images each."""

    def __init__(self, predicted: np.ndarray, true: np.ndarray) -> None:
        target = HeadPoseConfig()
        self.found = Predictions(
            predicted.astype(np.float32), true.astype(np.float32), target.build(target.labels)
        )
        self.subjects = [f"s{number // 2}" for number in range(len(true))]

    def measures(self, turned: Aligned) -> dict[str, float]:
        """Return the errors of the predictions without their constant rotation."""
        return self.found.target.measures(turned.predicted, self.found.true)


def answers(change: str) -> Answers:
    generator = np.random.default_rng(0)
    true = generator.uniform((-60, -25, -20), (60, 25, 20), (80, 3))
    predicted = true + generator.normal(0, 1, true.shape)
    if change == "tilt":
        camera = matrix_from_pose(np.array([0.0, 15.0, 0.0]))
        predicted = pose_from_matrix(matrix_from_pose(predicted) @ camera.T)
    elif change == "sign":
        predicted[:, 0] *= -1
    elif change == "constant":
        predicted = true.mean(axis=0) + generator.normal(0, 0.1, true.shape)
    return Answers(predicted, true)


def test_a_tilted_camera_is_told_from_the_error_of_the_network() -> None:
    """Fifteen degrees of pitch: OpenFace's users met them as errors of the network."""
    tilted = answers("tilt")
    turned = aligned(tilted.found, tilted.subjects)
    assert turned is not None and turned.record["side"] == "camera"
    angles = [turned.record[f"{angle}_deg"] for angle in ("yaw", "pitch", "roll")]
    assert angles == pytest.approx((0, 15, 0), abs=0.6)
    assert "like another tilted camera" in turned.text
    assert tilted.found.measures()["geodesic_deg"] > 14
    assert tilted.measures(turned)["geodesic_deg"] < 2.5
    plain = answers("none")
    turned = aligned(plain.found, plain.subjects)
    assert turned is not None and float(turned.record["angle_deg"]) < 0.6
    assert plain.measures(turned)["mae_deg"] >= 0.95 * plain.found.measures()["mae_deg"]


def test_signs_and_one_answer_for_all_are_named() -> None:
    assert list(oddities(answers("none").found)) == []
    (sign,) = oddities(answers("sign").found)
    assert sign.startswith("The sign of yaw looks the other way round") and "--negate yaw" in sign
    (same,) = oddities(answers("constant").found)
    assert "nearly the same answer for every image" in same


def test_the_rotation_is_taken_from_people_that_it_was_not_fitted_to() -> None:
    """Of one person, the rotation of each half is taken from the other one."""
    true = np.zeros((40, 3))
    true[:, 0] = np.linspace(-30, 30, 40)
    predicted = true + np.where(np.arange(40) < 20, 6.0, -6.0)[:, None] * [0, 1, 0]
    answers = Answers(predicted, true)
    turned = aligned(answers.found, ["ann"] * 40)
    assert turned is not None
    assert answers.measures(turned)["pitch_mae_deg"] == pytest.approx(12, abs=0.5)
    assert aligned(Answers(predicted[:5], true[:5]).found, ["ann"] * 5) is None


def test_crops_of_another_size_are_named(tmp_path: Path) -> None:
    def dataset(name: str, **options: object) -> PreparedDataset:
        details = {"importer": "aflw2000", "options": options}
        return prepared(tmp_path / name, ["test"] * 3, details=details)

    one, other = dataset("one", margin_k=0.2, box="pt2d"), dataset("other", margin_k=0.2, box="pt3d_68")
    assert "aflw2000, box pt2d, margin_k 0.2 where it was trained" in crop_difference(one, other)
    assert crop_difference(one, dataset("same", margin_k=0.2, box="pt2d")) == ""


def test_published_protocols_have_a_row_each(tmp_path: Path) -> None:
    aflw = prepared(tmp_path / "aflw", ["full reduced", "full reduced", "full"])
    assert whole_split(aflw) == "full"
    ((title, rows),) = parts_of(aflw, "full")
    assert (title, rows.tolist()) == ("split reduced", [True, True, False])
    assert list(parts_of(aflw, "reduced")) == []
    sequences = [f"{number:02d}" for number in range(1, 25)]
    details = {"importer": "biwi", "options": {"split": "whole", "seed": 0}}
    biwi = prepared(tmp_path / "biwi", ["test"] * 24, subjects=sequences, details=details)
    ((title, rows),) = parts_of(biwi, "test")
    assert title == "8 of 24 sequences (70/30, seed 0)" and rows.sum() == 8


def test_what_the_error_is_of_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "The labels: plain squares." in evaluated(root, capsys)
    record = json.loads(evaluated(root, capsys, "--format", "json"))
    assert "constant_rotation" not in record and record["remarks"][0].startswith("The labels: plain squares")


def test_an_evaluation_has_the_rotation_beside_the_error_as_it_is(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(root / "datasets" / "faces", ["full reduced"] * 30 + ["full"] * 10)
    words = ["evaluate", str(root / "net"), "--data", "faces", "--root", str(root)]
    assert main(words) == 0
    table = capsys.readouterr().out
    assert "on faces, split full:" in table and "The constant rotation from predictions to labels is" in table
    assert main([*words, "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    rows = {row["images"]: row for row in record["rows"]}
    assert list(rows)[:2] == ["all", "constant rotation removed"] and rows["split reduced"]["count"] == 30
    assert record["constant_rotation"]["angle_deg"] > 0
