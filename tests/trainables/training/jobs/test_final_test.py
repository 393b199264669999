"""An evaluation's job: one measurement of the weights that a trial left, image by image."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.toy import CPU, prepared_blobs, toy_config

from trainables.base.atomic import load_state, save_state
from trainables.data.datasets import open_dataset
from trainables.target import HeadPoseConfig
from trainables.training.build import build_loader, build_trial_session
from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.config import TrainConfig
from trainables.training.image_errors import errors_file, read_images
from trainables.training.jobs import FinalTestJob, TrialJob, Worker
from trainables.training.measuring import NonFinitePrediction
from trainables.training.metric_names import in_group
from trainables.training.training_data import open_data

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    splits = ("train", "validation", "test", "other")
    return prepared_blobs(tmp_path / "datasets" / "blobs", splits=splits, count=24).folder.parent


def config() -> TrainConfig:
    tests = [{"name": name, "dataset": "blobs", "split": name} for name in ("test", "other")]
    return toy_config(test=tests, batch=4, pretext="rotation", epochs=2)


def trained(datasets: Path, folder: Path) -> Path:
    """Train the config as a trial; return the file of its best weights."""
    trial = TrialJob(0, config(), None, folder, datasets, cpus=1, gpus=0)
    for _ in trial.run(Worker(CPU)):
        pass
    trial.clear()
    return folder / BEST_WEIGHTS


def test_it_measures_every_test_set_as_a_session_does_and_keeps_what_was_predicted(
    datasets: Path, tmp_path: Path
) -> None:
    weights = trained(datasets, tmp_path / "trial")
    worker, settings = Worker(CPU), config()
    session = build_trial_session(
        settings, open_data(settings, datasets), device=CPU, threads=1, pool=worker.pool
    )
    session.network.supervised().load_state_dict(load_state(weights))
    expected: dict[str, float] = {}
    for name in ("test", "other"):
        samples = open_dataset("blobs", datasets).samples(name, target=HeadPoseConfig())
        loader = build_loader(settings, samples, train=False, device=CPU, threads=1, pool=worker.pool)
        expected |= in_group(f"test/{name}", session.evaluate(loader))

    before = sorted(tmp_path.rglob("*"))
    job = FinalTestJob(0, settings, weights, datasets, cpus=1, gpus=0, epoch=2)
    (result,) = job.run(worker)
    job.clear()
    assert (result.first_epoch, result.notes, result.done) == (1, [], True)
    assert result.history == [expected] and {"test/test/mae_deg", "test/other/mae_deg"} <= set(expected)
    files = {name: errors_file(weights.parent, f"test/{name}") for name in ("test", "other")}
    assert sorted(tmp_path.rglob("*")) == sorted([*before, *files.values()])
    for name, file in files.items():
        kept, samples = (
            read_images(file, HeadPoseConfig()),
            open_dataset("blobs", datasets).samples(name, target=HeadPoseConfig()),
        )
        assert kept is not None and kept.epoch == 2 and kept.subjects == samples.subjects
        assert [datasets / "blobs" / image for image in kept.files] == list(samples.files)
        group = f"test/{name}"
        mine = {key: value for key, value in expected.items() if key.startswith(f"{group}/")}
        assert in_group(group, kept.predictions.measures()) == mine


def test_weights_whose_predictions_are_not_finite_are_no_measurement(datasets: Path, tmp_path: Path) -> None:
    weights = trained(datasets, tmp_path / "trial")
    broken = load_state(weights)
    broken["head.linear.bias"][0] = float("inf")
    save_state(broken, weights)
    job = FinalTestJob(0, config(), weights, datasets, cpus=1, gpus=0, epoch=2)
    with pytest.raises(NonFinitePrediction, match=r"^a predicted value is not a finite number$"):
        next(job.run(Worker(CPU)))
