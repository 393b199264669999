"""A trial's job: what it leaves, when it writes it, and that it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.toy import CPU, Changing, prepared_blobs, toy_config, toy_session
from torch import Tensor

from trainables.base.atomic import load_state
from trainables.base.errors import InputError
from trainables.data.memory_loader import MemoryBatch
from trainables.target import HeadPoseConfig
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, draft_file
from trainables.training.image_errors import errors_file, read_images
from trainables.training.jobs import Result, TrialJob, Worker
from trainables.training.metric_names import in_group

pytestmark = pytest.mark.usefixtures("narrow")

EPOCHS = 3


def toy_job(folder: Path, **settings: Any) -> TrialJob:
    config = toy_config(**{"epochs": EPOCHS, **settings})
    return TrialJob(0, config, None, folder, folder / "datasets", cpus=1, gpus=0)


@pytest.mark.parametrize("good_epochs", [1, 2, 3])
@pytest.mark.parametrize("drafted", [True, False])
def test_what_is_kept_of_a_trial_are_the_weights_after_its_best_epoch(
    tmp_path: Path, good_epochs: int, drafted: bool
) -> None:
    session = toy_session(validation=Changing(500.0, after=good_epochs, shuffle=False), epochs=EPOCHS)
    job = toy_job(tmp_path)
    checkpoints = Checkpoints(job.folder)
    after = {}
    for epoch in range(1, EPOCHS + 1):
        job.run_epoch(session, checkpoints) if drafted else session.run_epoch()
        after[epoch] = {name: value.clone() for name, value in session.weights().items()}
    checkpoints.flush()
    assert session.best_epoch <= good_epochs
    draft = draft_file(job.folder, session.best_epoch)
    assert draft.exists() == drafted
    written = draft.stat().st_ino if drafted else None

    job.write_best(session)
    best = job.folder / BEST_WEIGHTS
    kept, expected = load_state(best), after[session.best_epoch]
    assert kept.keys() == expected.keys()
    assert all(torch.equal(kept[name], expected[name]) for name in kept)
    assert written in (None, best.stat().st_ino)  # the draft itself: nothing is written twice
    job.clear()
    assert list(job.folder.iterdir()) == [best]


def test_drafts_are_begun_beside_the_last_epoch_alone_and_before_it_is_validated(tmp_path: Path) -> None:
    events: list[object] = []

    class Seen(Changing):
        def __init__(self, name: str, **settings: Any) -> None:
            super().__init__(500.0, **settings)
            self.name = name

        def epoch(self, seed: int) -> Iterator[MemoryBatch]:
            events.append(self.name)
            return super().epoch(seed)

    class SeenCheckpoints(Checkpoints):
        def draft(self, epoch: int, weights: Mapping[str, Tensor]) -> None:
            events.append(epoch)
            super().draft(epoch, weights)

    session = toy_session(
        train=Seen("train", after=99, shuffle=True),
        validation=Seen("validate", after=1, shuffle=False),  # the first epoch is the best
        epochs=EPOCHS,
    )
    job, checkpoints = toy_job(tmp_path), SeenCheckpoints(tmp_path)
    for _ in range(EPOCHS):
        job.run_epoch(session, checkpoints)
    assert events == ["train", "validate", "train", "validate", 1, "train", 3, "validate"]
    checkpoints.flush()
    drafted = load_state(draft_file(tmp_path, 3))
    assert all(torch.equal(drafted[name], value) for name, value in session.weights().items())


SPEED = ("speed/", "memory/")


def numbers(results: list[Result]) -> list[dict[str, float]]:
    """Return the metrics of all epochs without those that are measured with a clock."""
    rows = [metrics for result in results for metrics in result.history]
    return [{name: value for name, value in row.items() if not name.startswith(SPEED)} for row in rows]


def test_stopped_on_the_way_it_goes_on_to_the_same_digits_and_reports_them_all(tmp_path: Path) -> None:
    prepared_blobs(tmp_path / "datasets" / "blobs", splits=("train", "train", "validation"), count=24)
    config = toy_config(epochs=4, batch=4, pretext="puzzling", dropout=0.3, augmentation="1")
    whole, stopped = (
        TrialJob(number, config, None, tmp_path / str(number), tmp_path / "datasets", cpus=1, gpus=0)
        for number in range(2)
    )
    at_once = list(whole.run(Worker(CPU)))
    assert [(result.first_epoch, len(result.history), result.done) for result in at_once] == [
        (1, 1, False),
        (2, 1, False),
        (3, 1, False),
        (4, 1, True),
    ]
    worker = Worker(CPU)
    begun = stopped.run(worker)
    for _ in range(2):
        next(begun)
    worker.writer.wait()
    del begun
    (stopped.folder / "checkpoint_0002.pt").write_bytes(b"cut off")

    assert not errors_file(stopped.folder, "validation").exists()  # only a trial that ended has it
    rest = list(stopped.run(Worker(CPU)))
    assert [(result.first_epoch, len(result.history), result.done) for result in rest] == [
        (1, 1, False),  # what was restored, before training goes on: the driver may have missed it
        (2, 1, False),
        (3, 1, False),
        (4, 1, True),
    ]
    assert rest[0].notes[0].startswith("checkpoint_0002.pt cannot be read")
    assert [result.notes for result in rest[1:]] == [[], [], []]
    assert numbers(rest) == numbers(at_once)
    one, other = (errors_file(job.folder, "validation").read_bytes() for job in (whole, stopped))
    assert one == other
    one, other = (load_state(job.folder / BEST_WEIGHTS) for job in (whole, stopped))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_what_the_last_epoch_predicted_of_each_validation_image_is_kept(tmp_path: Path) -> None:
    splits = ("validation", "train", "train")
    dataset = prepared_blobs(tmp_path / "datasets" / "blobs", splits=splits, count=24)
    job = toy_job(tmp_path, batch=4, optimizer={"sgd": {"lr": 0.02}})
    *_, last = job.run(Worker(CPU))
    kept, samples = (
        read_images(errors_file(tmp_path, "validation"), HeadPoseConfig()),
        dataset.samples("validation", target=HeadPoseConfig()),
    )
    assert kept is not None and last.done and kept.epoch == EPOCHS
    assert [dataset.folder / file for file in kept.files] == list(samples.files)
    assert kept.files[0] == "images/0.jpg" and kept.subjects == samples.subjects
    assert np.array_equal(kept.predictions.true, samples.labels)
    validated = {name: value for name, value in last.history[-1].items() if "validation/" in name}
    errors = in_group("validation", kept.predictions.measures())
    assert errors == {name: validated[name] for name in errors} and len(errors) >= 6
    assert not list(tmp_path.glob(".*"))
    job.clear()
    Checkpoints(tmp_path).clear(weights=True)
    assert not errors_file(tmp_path, "validation").exists()


def test_data_that_is_not_there_is_said_with_the_first_result(tmp_path: Path) -> None:
    results = toy_job(tmp_path).run(Worker(CPU))
    with pytest.raises(InputError, match="no prepared dataset 'blobs'"):
        next(results)
