"""Input that is away is waited for, input that is broken ends the launch, and no trial pays for either."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.launches import board
from support.toy import prepared_blobs

from hpsearch.cli.main import main
from hpsearch.driver.patience import InputsLost, Patience
from hpsearch.tracking.location import STORE
from hpsearch.work.items import NoWork
from trainables.base.errors import Fault
from trainables.data.loader.unreadable import unreadable
from trainables.training.jobs import TrialJob

pytestmark = pytest.mark.usefixtures("narrow")

# Decoded in every epoch: who reads kept images sees no outage of the files.
SPACE = """\
search: {name: demo, sampler: grid, pruner: none, patience_s: %(patience_s)g, resources: {concurrent: 1}}
data: {train: {dataset: heads}, image_px: 32, batch: 8, decode: cpu}
augmentation: none
network: {backbone: resnet10, dropout: {choice: [0.0, 0.1, 0.2]}}
head: regression
optimizer: {adamw: {lr: 0.001}}
epochs: 2
"""


class Awaiting:
    """A patience of ten seconds over input that is away until it is brought back, on a clock of its own."""

    def __init__(self) -> None:
        self.now_s, self.faults, self.said = (
            100.0,
            [Fault("this image is missing", file="/none/a.jpg")],
            list[str](),
        )
        self.patience = Patience(10.0, self.said.append, lambda: self.now_s)

    def wait(self) -> None:
        self.patience.wait_for(lambda: self.faults)


def test_nothing_is_handed_out_while_input_is_away_and_one_line_says_so() -> None:
    made = Awaiting()
    assert made.patience.next_item() is None and made.said == []
    made.wait()
    made.wait()
    for _ in range(9):
        assert made.patience.next_item() is NoWork.WAIT
        made.now_s += 1
    assert made.said == ["/none/a.jpg: this image is missing: the search waits for it, 10 s at most"]
    made.faults = []
    assert made.patience.next_item() is None
    assert made.said[1:] == ["it is back after 9 s: the search goes on"]


def test_patience_ends_and_begins_anew_with_the_next_outage() -> None:
    made = Awaiting()
    for _ in range(2):
        made.wait()
        made.faults = [Fault("away", file="/none/labels.parquet"), Fault("away", file="/none/a.jpg")]
        assert made.patience.next_item() is NoWork.WAIT
        made.now_s += 9
        assert made.patience.next_item() is NoWork.WAIT
        made.faults = []
        assert made.patience.next_item() is None
    made.wait()
    made.faults = [Fault("away", file="/none/a.jpg")]
    assert made.patience.next_item() is NoWork.WAIT
    made.now_s += 10
    with pytest.raises(InputsLost, match=r"away, for 10 s \(search\.patience_s\): bring it back"):
        made.patience.next_item()


def test_an_image_that_is_there_and_broken_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no image")
    made = Awaiting()
    made.patience.wait_for(lambda: unreadable([tmp_path / "a.jpg"]))
    with pytest.raises(InputsLost, match=r"not an image: bring it back.*hpsearch data check NAME --repair"):
        made.patience.next_item()


@pytest.fixture
def root(tmp_path: Path, empty_store: Path) -> Path:
    shutil.copyfile(empty_store, tmp_path / STORE)
    prepared_blobs(tmp_path / "datasets" / "heads", splits=("train", "validation"), count=24)
    return tmp_path


def launch(root: Path, patience_s: float) -> int:
    space = root / "space.yaml"
    space.write_text(SPACE % {"patience_s": patience_s})
    return main(["launch", str(space), "--root", str(root), "--in-process"])


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a person was told, in one line."""
    captured = capsys.readouterr()
    return " ".join((captured.out + captured.err).split())


def at_epoch(monkeypatch: pytest.MonkeyPatch, number: int, epoch: int, do: Callable[[], object]) -> None:
    """Do something once, before a trial trains an epoch."""
    train, done = TrialJob.run_epoch, list[bool]()

    def run_epoch(job: TrialJob, session: object, checkpoints: object) -> object:
        if (job.number, session.epoch + 1) == (number, epoch) and not done:  # type: ignore[attr-defined]
            done.append(True)
            do()
        return train(job, session, checkpoints)  # type: ignore[arg-type]

    monkeypatch.setattr(TrialJob, "run_epoch", run_epoch)


@pytest.mark.slow
def test_images_that_are_away_for_a_while_cost_no_trial(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, away = root / "datasets" / "heads" / "images", root / "away"
    back = threading.Timer(1.5, lambda: away.rename(images))

    def take_away() -> None:
        images.rename(away)
        back.start()

    at_epoch(monkeypatch, 1, 2, take_away)
    assert launch(root, patience_s=600) == 0
    said = told(capsys)
    assert "the search waits for it, 600 s at most" in said and "it is back after" in said
    assert [(trial["state"], trial["epochs"]) for trial in board(root, "demo")] == [("complete", 2)] * 3


@pytest.mark.slow
def test_images_that_stay_away_end_the_launch_and_the_next_one_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    images, away = root / "datasets" / "heads" / "images", root / "away"
    at_epoch(monkeypatch, 1, 2, lambda: images.rename(away))
    with pytest.raises(SystemExit) as ended:
        launch(root, patience_s=0)
    assert ended.value.code == 1
    assert "bring it back" in told(capsys)
    assert [trial["state"] for trial in board(root, "demo")] == ["complete", "interrupted"]

    assert launch(root, patience_s=0) == 2  # images are missing: said before anything starts
    assert "24 of its 24 images are missing" in told(capsys)
    away.rename(images)
    assert launch(root, patience_s=0) == 0
    assert [trial["state"] for trial in board(root, "demo")] == ["complete"] * 3


@pytest.mark.slow
def test_one_truncated_image_is_named_with_the_way_out_and_fails_no_trial(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = root / "datasets" / "heads" / "images" / "0.jpg"
    whole = file.read_bytes()
    at_epoch(monkeypatch, 1, 1, lambda: file.write_bytes(whole[:200]))
    began_s = time.monotonic()
    with pytest.raises(SystemExit):
        launch(root, patience_s=3600)
    assert time.monotonic() - began_s < 1800  # it does not wait for what cannot come back
    said = told(capsys)
    assert str(file) in said and "hpsearch data check NAME --repair" in said
    assert [trial["state"] for trial in board(root, "demo")] == ["complete", "interrupted"]

    assert launch(root, patience_s=0) == 2
    assert "1 of 24 images were written after that" in told(capsys)
    file.write_bytes(whole)
    assert launch(root, patience_s=0) == 0
    assert [trial["state"] for trial in board(root, "demo")] == ["complete"] * 3
