"""The contract of pruners: they spare the warm-up, and decide alike however often a study is opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import studies

from hpsearch.study.pruners import PRUNERS
from hpsearch.study.study import Ask

TRIALS = 12
each_pruner = pytest.mark.parametrize("pruner", PRUNERS)


def worse_and_worse(ask: Ask, epoch: int) -> float:
    return ask.number + 1 / epoch


def ends(folder: Path, pruner: str, *, reopen: bool = False) -> list[str]:
    """Return how the trials of a study ended in which each is worse than those before."""
    given = studies.spec(folder, f"{{sampler: random, pruner: {pruner}}}")
    study = studies.open_in(folder / "study", given)
    found = []
    for _ in range(TRIALS):
        ask = study.ask()
        if reopen:
            assert studies.train(study, ask, until=1, of=worse_and_worse) == "running"
            study = studies.open_in(folder / "study", given)
            (ask,) = study.unfinished()
            assert ask.epochs_done == 1
        found.append(studies.train(study, ask, of=worse_and_worse))
    return found


@each_pruner
@pytest.mark.parametrize("warmup", [2, 4])
def test_no_trial_is_pruned_in_its_warmup_or_after_its_last_epoch(
    tmp_path: Path, pruner: str, warmup: int
) -> None:
    written = "none" if pruner == "none" else f"{{{pruner}: {{warmup_epochs: {warmup}}}}}"
    found = ends(tmp_path, written)
    assert found[0] == "complete"  # the best of all
    pruned = [int(end.removeprefix("pruned after ")) for end in found if end.startswith("pruned")]
    assert bool(pruned) == (pruner != "none")
    assert all(warmup <= epoch < studies.EPOCHS for epoch in pruned)


@each_pruner
def test_decisions_do_not_depend_on_how_often_the_study_is_opened(tmp_path: Path, pruner: str) -> None:
    assert ends(tmp_path / "a", pruner) == ends(tmp_path / "b", pruner, reopen=True)
