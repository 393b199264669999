from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from trainables.base.atomic import load_state
from trainables.training.checkpoint_size import KEEP
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, CheckpointWriter, draft_file


class Counter:
    """Counts epochs; its weights change in place, as a network's do."""

    def __init__(self) -> None:
        self.epoch = 0
        self.weights = torch.zeros(1000)

    def train(self) -> dict[str, float]:
        self.epoch += 1
        self.weights += 1
        return {"loss": 1 / self.epoch}

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "nested": {"weights": [self.weights]}}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.epoch = state_dict["epoch"]
        self.weights = state_dict["nested"]["weights"][0].clone()


def trained(folder: Path, epochs: int) -> Counter:
    """Train with a checkpoint after every epoch, writing while the next one runs."""
    counter, history, checkpoints = Counter(), [], Checkpoints(folder)
    for _ in range(epochs):
        history.append(counter.train())
        checkpoints.save(counter, history)
        checkpoints.copied()
    checkpoints.flush()
    return counter


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_is_taken_up_with_the_history_to_it(tmp_path: Path) -> None:
    trained(tmp_path, 3)
    counter = Counter()
    history, broken = Checkpoints(tmp_path).restore(counter)
    assert (counter.epoch, counter.weights.tolist()) == (3, [3.0] * 1000)
    assert history == [{"loss": 1.0}, {"loss": 1 / 2}, {"loss": 1 / 3}]
    assert broken == []


def test_what_is_written_is_the_state_at_the_save(tmp_path: Path) -> None:
    counter, checkpoints = Counter(), Checkpoints(tmp_path)
    counter.weights = torch.zeros(2_000_000)  # long enough to write for training to overtake it
    checkpoints.save(counter, [counter.train()])
    checkpoints.copied()
    for _ in range(20):
        counter.weights += 1
    checkpoints.flush()
    again = Counter()
    Checkpoints(tmp_path).restore(again)
    assert again.weights.unique().tolist() == [1.0]


def test_trials_share_a_writer_one_after_another(tmp_path: Path) -> None:
    writer = CheckpointWriter()
    for name, value in (
        ("first", 1.0),
        ("second", 2.0),
        ("third", 3.0),
    ):
        counter, checkpoints = Counter(), Checkpoints(tmp_path / name, writer)
        counter.weights = torch.full((500_000,), value)
        checkpoints.save(counter, [])
        if name == "second":
            writer.afterwards(checkpoints.clear)
    checkpoints.flush()
    for name, value in (("first", 1.0), ("third", 3.0)):
        again = Counter()
        Checkpoints(tmp_path / name).restore(again)
        assert again.weights.unique().tolist() == [value]
    assert files(tmp_path / "second") == []


def test_two_are_kept(tmp_path: Path) -> None:
    trained(tmp_path, 5)
    assert files(tmp_path) == ["checkpoint_0004.pt", "checkpoint_0005.pt"]
    assert KEEP == 2


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = content.index(torch.full((1,), 3.0).numpy().tobytes())
    content[middle + 400] ^= 1
    path.write_bytes(content)


class _Code:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


SPOIL: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: path.write_bytes(b""),
    "other": lambda path: path.write_bytes(b"not a checkpoint"),
    "flipped bit": _flip,
    "code": lambda path: torch.save({"session": _Code(path.parent / "ran")}, path),
    "other content": lambda path: torch.save({"weights": torch.ones(1)}, path),
    "folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", SPOIL)
def test_where_the_newest_cannot_be_read_the_one_before_is_taken_and_said(tmp_path: Path, how: str) -> None:
    trained(tmp_path, 3)
    SPOIL[how](tmp_path / "checkpoint_0003.pt")
    counter = Counter()
    history, broken = Checkpoints(tmp_path).restore(counter)
    assert (counter.epoch, len(history)) == (2, 2)
    (line,) = broken
    assert line.startswith("checkpoint_0003.pt cannot be read (")
    assert not (tmp_path / "ran").exists()


def test_where_none_can_be_read_the_trial_begins_again(tmp_path: Path) -> None:
    trained(tmp_path, 2)
    for path in tmp_path.iterdir():
        path.write_bytes(b"")
    counter = Counter()
    history, broken = Checkpoints(tmp_path).restore(counter)
    assert (counter.epoch, history, len(broken)) == (0, [], 2)
    assert Checkpoints(tmp_path / "nothing").restore(counter) == ([], [])


def test_a_checkpoint_that_cannot_be_written_is_told_and_leaves_those_before(tmp_path: Path) -> None:
    counter, checkpoints = Counter(), Checkpoints(tmp_path)
    history = [counter.train()]
    checkpoints.save(counter, history)
    checkpoints.flush()
    (tmp_path / "checkpoint_0002.pt").mkdir()  # in the way
    history.append(counter.train())
    checkpoints.save(counter, history)
    with pytest.raises(OSError):
        checkpoints.flush()
    (tmp_path / "checkpoint_0002.pt").rmdir()
    assert files(tmp_path) == ["checkpoint_0001.pt"]
    again = Counter()
    assert Checkpoints(tmp_path).restore(again) == (history[:1], [])


def test_what_a_process_that_died_left_is_removed_when_the_next_takes_over(tmp_path: Path) -> None:
    trained(tmp_path, 1)
    draft_file(tmp_path, 1).write_bytes(b"weights")
    (tmp_path / ".checkpoint_0002.pt.77.unfinished").write_bytes(b"half of it")
    history, broken = Checkpoints(tmp_path).restore(Counter())
    assert (len(history), broken) == (1, [])
    assert files(tmp_path) == ["checkpoint_0001.pt"]


def test_a_draft_is_there_after_the_flush_and_a_fault_of_it_is_told(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(Counter(), [])
    checkpoints.draft(1, {"weights": torch.ones(3)})
    checkpoints.draft(2, {"weights": torch.zeros(3)})
    checkpoints.flush()
    assert load_state(draft_file(tmp_path, 1))["weights"].tolist() == [1.0, 1.0, 1.0]
    assert files(tmp_path) == ["checkpoint_0000.pt", "weights_0001.pt", "weights_0002.pt"]
    draft_file(tmp_path, 3).mkdir()  # in the way
    checkpoints.draft(3, {"weights": torch.ones(3)})
    with pytest.raises(OSError):
        checkpoints.flush()


def test_clearing_leaves_the_best_weights_unless_they_go_too(tmp_path: Path) -> None:
    trained(tmp_path, 2)
    (tmp_path / BEST_WEIGHTS).write_bytes(b"weights")
    draft_file(tmp_path, 2).write_bytes(b"weights")
    Checkpoints(tmp_path).clear()
    assert files(tmp_path) == [BEST_WEIGHTS]
    Checkpoints(tmp_path).clear(weights=True)
    assert files(tmp_path) == []
    Checkpoints(tmp_path / "nothing").clear(weights=True)
