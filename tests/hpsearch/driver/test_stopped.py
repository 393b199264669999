from __future__ import annotations

import errno
from pathlib import Path

import pytest
from support import studies
from support.searching import Searching, objective
from support.simulated import Simulated

from hpsearch.driver.allocation import Allocation, Budget
from hpsearch.driver.observers import Observers
from hpsearch.driver.stopped import GB, StoppedTrials
from hpsearch.study.opening import open_study
from hpsearch.study.records import TrialState
from hpsearch.study.study import Study
from hpsearch.study.trials import trial_folder
from trainables.training.checkpoints import Checkpoints

HALVING = "{sampler: random, pruner: {successive_halving: {warmup_epochs: 3, reduction_factor: 3}}}"
CHECKPOINT_BYTES = 1000


def worse_and_worse(design: studies.Design, epoch: int) -> float:
    return 10 + design.number + 1 / epoch


def frozen_study(folder: Path) -> tuple[Study, list[int]]:
    """Return a study with frozen trials, each with two checkpoints, and their numbers.

    Its driver was killed when three were frozen.
    """
    backend = Simulated(objective(worse_and_worse))
    made = Searching(folder, studies.spec(folder.parent, HALVING), backend, Budget(trials=9))
    while made.states()[TrialState.FROZEN] < 3:
        assert not made.run(lines=10)
        made.open()
    frozen = [trial.number for trial in made.record().trials if trial.state is TrialState.FROZEN]
    for number in frozen:
        for epoch in (2, 3):
            file = trial_folder(folder, number) / f"checkpoint_{epoch:04d}.pt"
            file.write_bytes(bytes(CHECKPOINT_BYTES))
    return made.study, frozen


def names(folder: Path, number: int) -> list[str]:
    return sorted(path.name for path in trial_folder(folder, number).glob("*.pt"))


def test_a_frozen_trial_keeps_its_newest_checkpoint_and_a_pruned_one_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    _, (first, second, *_) = frozen_study(folder)
    stopped = StoppedTrials(folder, limit_gb=1, say=print)
    (trial_folder(folder, second) / "best.pt").touch()
    stopped.frozen(first)
    stopped.pruned(second)
    stopped.close()
    assert names(folder, first) == ["checkpoint_0003.pt"]
    assert names(folder, second) == []
    assert stopped.kept(first) and not stopped.kept(second)


def test_files_that_cannot_be_removed_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(checkpoints: Checkpoints, *, weights: bool) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "checkpoint_0002.pt")

    monkeypatch.setattr(Checkpoints, "clear", refuse)
    said: list[str] = []
    stopped = StoppedTrials(tmp_path, limit_gb=1, say=said.append)
    stopped.pruned(3)
    stopped.close()
    assert said == ["trial 3: its old checkpoints stay for now (permission denied)"]


@pytest.mark.parametrize("room", [0, 1, 2])
def test_beyond_the_limit_the_least_promising_lose_their_checkpoint_for_good(
    tmp_path: Path, room: int
) -> None:
    folder = tmp_path / "study"
    study, frozen = frozen_study(folder)
    stopped = StoppedTrials(folder, limit_gb=(room + 0.5) * CHECKPOINT_BYTES / GB, say=print)
    allocation = Allocation(study, Budget(trials=9), stopped.kept)
    ranked = allocation.by_promise()
    said: list[str] = []
    stopped.make_room(study, allocation, Observers(study.record(), lambda study, trial: None, said.append))
    states = {trial.number: trial for trial in study.record().trials}
    assert [number for number in frozen if states[number].state is TrialState.FROZEN] == sorted(ranked[:room])
    lost = ranked[room:]
    assert all(states[number].state is TrialState.PRUNED for number in lost)
    assert all("frozen checkpoints may take" in states[number].reason for number in lost)
    assert len(said) == len(lost) and not any(stopped.kept(number) for number in lost)
    again = Allocation(open_study(folder, study.spec, studies.PROVENANCE), Budget(trials=99), stopped.kept)
    assert set(again.by_promise()) == set(ranked[:room])
