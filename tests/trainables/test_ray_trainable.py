"""The adapter to Ray Tune, driven step by step as Tune does, without a cluster."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from support.toy import prepared_blobs, toy_config

from trainables.base.disk import DiskFault
from trainables.base.errors import Fault
from trainables.base.shared_folder import SharedFolder, shared
from trainables.ray_trainable import RayTrainable
from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.image_errors import errors_file
from trainables.training.jobs import FinalTestJob, Job, Result, TrialJob, Worker, found_here_too

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ray.get_gpu_ids", list)  # it would start one


def started(job: Job, folder: SharedFolder | None = None) -> RayTrainable:
    return RayTrainable({"job": job, "folder": folder})


def trial(root: Path, **settings: object) -> TrialJob:
    """Return a trial on a small dataset, which is made first."""
    if not (root / "datasets").exists():
        splits = ("train", "train", "validation", "test")
        prepared_blobs(root / "datasets" / "blobs", splits=splits, count=24)
    config = toy_config(
        **{"epochs": 3, "batch": 4, "test": [{"name": "held", "dataset": "blobs"}], **settings}
    )
    return TrialJob(0, config, None, root / "0000", root / "datasets", cpus=1, gpus=0)


def test_each_step_reports_one_epoch_and_where_it_was_trained(tmp_path: Path) -> None:
    job = trial(tmp_path)
    worker = started(job)
    steps = [worker.step() for _ in range(3)]
    assert [step["first_epoch"] for step in steps] == [1, 2, 3]
    assert [[set(metrics) >= {"validation/mae_deg"} for metrics in step["history"]] for step in steps] == [
        [True]
    ] * 3
    assert [step["done"] for step in steps] == [False, False, True]
    assert {(step["device"], step["cpus"], step["gpus"]) for step in steps} == {("cpu", 1.0, 0)}
    assert (job.folder / BEST_WEIGHTS).is_file()


def test_a_trial_s_checkpoints_go_when_the_worker_takes_its_evaluation(tmp_path: Path) -> None:
    job = trial(tmp_path)
    worker = started(job)
    while not worker.step()["done"]:
        pass
    assert list(job.folder.glob("checkpoint_*"))  # the driver may die before it records the end
    weights = job.folder / BEST_WEIGHTS
    assert worker.reset_config(
        {"job": FinalTestJob(0, job.config, weights, job.datasets, cpus=1, gpus=0, epoch=1)}
    )
    step = worker.step()
    assert (step["done"], step["first_epoch"]) == (True, 1) and "test/held/mae_deg" in step["history"][0]
    worker.cleanup()
    kept = {weights, *(errors_file(job.folder, group) for group in ("validation", "test/held"))}
    assert set(job.folder.iterdir()) == kept


def test_an_ended_process_leaves_its_last_checkpoint(tmp_path: Path) -> None:
    worker = started(trial(tmp_path))
    worker.step()
    worker.cleanup()
    del worker
    assert [path.name for path in (tmp_path / "0000").iterdir()] == ["checkpoint_0001.pt"]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"optimizer": {"adamw": {"lr": 1e30}}}, "diverged at epoch 1"),
        ({"precision": "fp16"}, "'fp16' needs a GPU"),
    ],
)
def test_what_another_try_would_not_mend_ends_the_job_with_its_reason(
    tmp_path: Path, settings: dict[str, object], reason: str
) -> None:
    step = started(trial(tmp_path, **settings)).step()
    assert step["done"] and reason in step["failed"]


def test_what_a_node_does_not_see_is_said_with_the_node_and_what_the_driver_finds_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RayTrainable, "_node", lambda self: "node-1")
    job = trial(tmp_path)
    with shared(tmp_path) as folder:
        worker = started(job, folder)
        worker.step()
        (job.datasets / "blobs").rename(tmp_path / "hidden")
        worker.reset_config({"job": job})
        lost = worker.step()
        assert (lost["done"], lost["node"]) == (True, "node-1") and "no prepared dataset" in lost["failed"]
        assert found_here_too(job, lost["faults"])  # the driver does not see it either: the trial's fault
        (tmp_path / "hidden").rename(job.datasets / "blobs")
        assert not found_here_too(job, lost["faults"])
    worker.reset_config({"job": trial(tmp_path, precision="fp16")})
    blind = worker.step()  # the mark is gone: as on a machine that lost its mount
    assert (blind["done"], blind["node"]) == (True, "node-1")
    assert "another folder than the driver's" in blind["blind"]


def test_an_image_that_the_driver_cannot_decode_either_is_the_job_s_own_fault(tmp_path: Path) -> None:
    job = trial(tmp_path)
    whole, cut = sorted((job.datasets / "blobs" / "images").rglob("*.jpg"))[:2]
    cut.write_bytes(cut.read_bytes()[:100])
    found = [Fault("this image cannot be decoded", file=str(file)) for file in (whole, cut)]
    assert found_here_too(job, found)
    assert not found_here_too(job, found[:1])


class FullDisk:
    """A job that finds no room."""

    cpus, gpus = 1, 0.0

    def __init__(self, error: OSError) -> None:
        self.error = error

    def check(self) -> None: ...

    def run(self, worker: Worker) -> Iterator[Result]:
        raise self.error
        yield

    def clear(self) -> None: ...


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_disk_that_is_full_or_broken_is_not_the_job_s_fault(number: int) -> None:
    weights = Path("/there/best.pt")
    written = DiskFault(weights, "it needs 44.0 MiB", number)
    assert started(FullDisk(written)).step() == {"disk_fault": written.parts, "done": True}
    read = OSError(number, os.strerror(number), "/there/best.pt")
    found = started(FullDisk(read)).step()["disk_fault"]
    assert found == (weights, os.strerror(number), number)


def test_a_node_whose_disk_alone_is_broken_does_not_see_the_folder(tmp_path: Path) -> None:
    with shared(tmp_path) as folder:
        seen = started(FullDisk(DiskFault(tmp_path, "", errno.EIO)), folder).step()
        assert "disk_fault" in seen  # it can write there: the fault is not this node's alone
    gone = started(FullDisk(DiskFault(tmp_path, "", errno.EIO)), folder).step()
    assert "another folder" in gone["blind"]
    full = started(FullDisk(DiskFault(tmp_path, "", errno.ENOSPC)), folder).step()
    assert "disk_fault" in full


class Crowded(FullDisk):
    """A job that finds no memory on its share of a GPU."""

    def __init__(self, gpus: float) -> None:
        self.gpus = gpus  # type: ignore[misc]

    def run(self, worker: Worker) -> Iterator[Result]:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        yield


@pytest.fixture
def _a_gpu_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(error: RuntimeError, device: torch.device, share: float) -> OutOfGpuMemory:
        return OutOfGpuMemory(5000, share * 16_000, share)

    monkeypatch.setattr("trainables.training.jobs.runner.shortage", full)


@pytest.mark.usefixtures("_a_gpu_that_is_full")
def test_a_lack_of_memory_on_a_share_is_raised_for_another_try_and_on_a_whole_gpu_it_is_the_end() -> None:
    with pytest.raises(OutOfGpuMemory, match=r"more than 5000 MiB, and 0.25 of this GPU is 4000 MiB"):
        started(Crowded(0.25)).step()
    step = started(Crowded(1.0)).step()
    assert step["done"] and "1 of this GPU is 16000 MiB" in step["failed"]
