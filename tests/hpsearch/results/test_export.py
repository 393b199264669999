"""A finished network in a user's hands: exported, loaded, asked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from support import plausible

import hpsearch
from hpsearch.cli import main as cli
from hpsearch.results.export import FILES, export
from hpsearch.study.records import StudyRecord, TrialState
from trainables.base.atomic import load_state, save_state
from trainables.base.errors import InputError
from trainables.base.yaml_document import load_yaml
from trainables.data.datasets.prepared import write_labels
from trainables.data.images import face_square
from trainables.exported import WEIGHTS, NetworkCard
from trainables.model.network import build_network
from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.config import TrainConfig

ANGLES = ("yaw", "pitch", "roll")
STATES = (TrialState.PRUNED, TrialState.COMPLETE, TrialState.COMPLETE, TrialState.FAILED, TrialState.RUNNING)


def train(study: StudyRecord) -> StudyRecord:
    """Lay down the weights that finished trials leave behind."""
    for trial in study.trials:
        trial.folder.mkdir(parents=True, exist_ok=True)
        if trial.state is TrialState.COMPLETE:
            config = trial.config
            network = build_network(
                config.network.backbone, config.head, ANGLES, dropout=0.0, seed=trial.number
            )
            save_state(network.state_dict(), trial.folder / BEST_WEIGHTS)
    return study


@pytest.fixture
def study(tmp_path: Path) -> StudyRecord:
    return train(plausible.study(tmp_path / "study", STATES))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyRecord, Path, str]:
    """A study, the export of its best trial, and what was said of it."""
    root = tmp_path_factory.mktemp("made")
    record = train(plausible.study(root / "study", STATES))
    said = str(export(record, root / "model", datasets_root=root / "datasets"))
    return record, root / "model", said


def faces(folder: Path, count: int, px: int) -> list[Path]:
    folder.mkdir(parents=True)
    files = [folder / f"{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        pixels = np.random.default_rng(number).integers(0, 256, (px, px, 3), np.uint8)
        Image.fromarray(pixels).save(file)
    return files


def test_the_best_trial_s_network_alone_is_written(made: tuple[StudyRecord, Path, str]) -> None:
    record, folder, said = made
    assert {path.name for path in folder.iterdir()} == FILES
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".")]
    card = NetworkCard.model_validate(load_yaml(folder / "config.yaml").tree)
    best = record.best
    assert best is not None
    assert (card.provenance["study"], card.provenance["trial"]) == (record.name, best.number)
    assert card.provenance["objective_value"] == pytest.approx(best.objective)
    maes = [metrics["validation/mae_deg"] for metrics in best.epochs]
    assert maes[card.provenance["epoch"] - 1] == min(maes) == card.provenance["validation_mae_deg"]
    assert card.provenance["datasets"] == record.provenance.datasets
    assert TrainConfig.model_validate(card.training) == best.config
    assert f"trial {best.number} of {record.name}" in said
    assert "100 images of noise (the validation set is gone)" in said


def test_two_lines_load_it_and_give_the_trained_network_s_poses(
    made: tuple[StudyRecord, Path, str], tmp_path: Path
) -> None:
    record, folder, _ = made
    assert record.best is not None
    images = np.random.default_rng(3).integers(0, 256, (5, 64, 64, 3), np.uint8)
    model = hpsearch.load(folder)
    poses = model.predict(images)
    config = record.best.config
    assert config.evaluation_zoom == model.card.evaluation_zoom == 0.1
    images = np.stack([face_square(Image.fromarray(image), 64, 0.1) for image in images])
    network = build_network(config.network.backbone, config.head, ANGLES, dropout=0.0, seed=99)
    network.load_state_dict(load_state(record.best.folder / BEST_WEIGHTS))
    mean, std = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
    normalised = torch.tensor(((images / 255 - mean) / std).transpose(0, 3, 1, 2), dtype=torch.float32)
    with torch.inference_mode():
        expected = network.head.decode(network.eval()(normalised).pose_raw).numpy()
    assert model.angles == ANGLES and poses.shape == (5, 3)
    np.testing.assert_allclose(poses, expected, rtol=0, atol=1e-4)


def test_the_readme_s_lines_run_and_agree(
    made: tuple[StudyRecord, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made[1]
    (file,) = faces(tmp_path / "faces", 1, 80)
    Image.open(file).save(tmp_path / "face.png")
    page = (folder / "README.md").read_text()
    first, second = (block.partition("```")[0] for block in page.split("```python\n")[1:])
    monkeypatch.chdir(tmp_path)
    poses: dict[str, np.ndarray] = {}
    for number, lines in enumerate((first, second)):
        lines = lines.replace('"DIR"', repr(str(folder))).replace("face.jpg", "face.png")
        lines = lines.replace('"model.onnx"', repr(str(folder / "model.onnx")))
        lines = lines.replace("model.predict", "pose_deg = model.predict")
        values: dict[str, np.ndarray] = {}
        exec(lines, values)  # noqa: S102 - the page that we wrote
        poses[str(number)] = values["pose_deg"]
    np.testing.assert_allclose(poses["0"], poses["1"], rtol=0, atol=1e-4)
    assert "the central 0.9 of the side of a square crop" in page


def test_a_trial_by_number_replaces_an_export_and_is_checked_on_the_validation_set(
    study: StudyRecord, tmp_path: Path
) -> None:
    """Its network is of whole images from 0 to 1, and its weights are those of an earlier epoch."""
    data = tmp_path / "datasets" / "own"
    files = faces(data / "images", 7, 80)
    splits = ["train", *["validation"] * 6]
    table = pd.DataFrame(
        {"file": [f"images/{file.name}" for file in files], "subject": "one", "split": splits}
    )
    write_labels(data, table.assign(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0), source="noise")
    trial = study.trials[2]
    source = trial.config.data.train.model_copy(update={"dataset": "own"})
    section = trial.config.data.model_copy(
        update={"train": source, "evaluation_zoom": 0.0, "normalization": "unit"}
    )
    *before, last = trial.epochs
    kept = replace(
        trial,
        config=trial.config.model_copy(update={"data": section}),
        epochs=(*before, {**last, "validation/best_epoch": 2.0}),
    )
    trials = tuple(kept if each is trial else each for each in study.trials)
    out = tmp_path / "model"
    out.mkdir()
    (out / WEIGHTS).write_text("an export that was broken off")
    exported = export(  # which compares poses
        replace(study, trials=trials), out, datasets_root=tmp_path / "datasets", number=trial.number
    )
    assert exported.checked_on == "6 validation images"
    assert exported.card.provenance["trial"] == trial.number
    assert {path.name for path in out.iterdir()} == FILES
    weights = load_state(trial.folder / BEST_WEIGHTS)
    loaded = hpsearch.load(out)._network.network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in weights.items())

    card = NetworkCard.model_validate(load_yaml(out / "config.yaml").tree)
    assert card.provenance["epoch"] == 2
    assert card.provenance["validation_mae_deg"] == trial.epochs[1]["validation/mae_deg"]
    assert (card.mean, card.std) == ((0, 0, 0), (1, 1, 1))
    assert card.evaluation_zoom == 0.0
    page = (out / "README.md").read_text()
    assert "255; a square crop" in page and "rim" not in page


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (0, r"trial 0 of 'demo' has no weights \(it is pruned, and only finished trials keep them\)"),
        (3, r"trial 3 of 'demo' has no weights \(it is failed"),
        (4, r"trial 4 of 'demo' has no weights \(it is running\)"),
        (77, r"study 'demo' has no trial 77"),
    ],
)
def test_a_trial_without_weights_is_refused_with_those_that_have(
    study: StudyRecord, tmp_path: Path, number: int, message: str
) -> None:
    with pytest.raises(InputError, match=message + r".*: export one of [12], [12]$"):
        export(study, tmp_path / "model", datasets_root=tmp_path, number=number)
    assert not (tmp_path / "model").exists()


def test_a_winner_whose_weights_are_gone_is_named_with_the_file(study: StudyRecord, tmp_path: Path) -> None:
    assert study.best is not None
    number, file = study.best.number, study.best.folder / BEST_WEIGHTS
    file.unlink()
    with pytest.raises(
        InputError, match=rf"trial {number} of 'demo' .* its file is gone: {file}\): export one"
    ):
        export(study, tmp_path / "model", datasets_root=tmp_path)


def test_a_study_without_a_finished_trial_is_refused(tmp_path: Path) -> None:
    study = train(plausible.study(tmp_path, (TrialState.PRUNED, TrialState.RUNNING)))
    with pytest.raises(InputError, match=r"no finished trial yet: no trial of this study has any yet"):
        export(study, tmp_path / "model", datasets_root=tmp_path)


def test_a_folder_with_other_things_is_left_alone(study: StudyRecord, tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.tex").write_text("precious")
    with pytest.raises(InputError, match=r"holds 'chapter.tex', which no export wrote"):
        export(study, out, datasets_root=tmp_path)
    with pytest.raises(InputError, match=r"holds 'chapter.tex'"):
        export(study, out / "chapter.tex", datasets_root=tmp_path)
    assert [path.read_text() for path in out.iterdir()] == ["precious"]


def test_damaged_weights_are_named(study: StudyRecord, tmp_path: Path) -> None:
    assert study.best is not None
    file = study.best.folder / BEST_WEIGHTS
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"best\.pt: the weights cannot be read"):
        export(study, tmp_path / "model", datasets_root=tmp_path)
    assert not (tmp_path / "model").exists()


def test_an_export_that_differs_is_an_error_and_leaves_nothing(
    made: tuple[StudyRecord, Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpsearch.results import export as module

    def of_another(folder: Path, network: torch.nn.Module, card: NetworkCard) -> None:
        """Write the files of a network whose output differs by a hundredth in one place."""
        shutil.copytree(made[1], folder, dirs_exist_ok=True)
        with torch.no_grad():
            network.head.linear.bias[40] += 0.01

    monkeypatch.setattr(module, "write_network", of_another)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match="the exported network is not the trained one"):
        export(made[0], tmp_path / "model", datasets_root=tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_command_line_predicts_and_draws(
    made: tuple[StudyRecord, Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = faces(tmp_path / "faces", 2, 80)
    words = ["predict", str(made[1]), *map(str, files), "--out", str(tmp_path / "out"), "--format", "csv"]
    assert cli.main(words) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["file", "yaw_deg", "pitch_deg", "roll_deg", "picture"]
    said = np.array([row[1:4] for row in rows[1:]], float)
    np.testing.assert_allclose(said, hpsearch.load(made[1]).predict(files), atol=1e-4)
    assert all(Path(row[4]).is_file() for row in rows[1:])
    assert cli.main(["predict", str(tmp_path), str(files[0]), str(tmp_path / "gone.png")]) == 2
    assert "no exported network here" in capsys.readouterr().err
