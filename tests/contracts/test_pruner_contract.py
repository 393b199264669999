"""Every pruner keeps the contract that `hpsearch.testing` has; whole searches with it stop trials in time."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import studies
from support.searching import Searching, objective
from support.simulated import Simulated

from hpsearch.driver.allocation import Budget
from hpsearch.study.policy.pruners import PRUNERS
from hpsearch.study.records import TrialRecord, TrialState
from hpsearch.testing import PrunerContract, rows

TRIALS = 12
each_pruner = pytest.mark.parametrize("pruner", PRUNERS)


@pytest.mark.parametrize("config", rows(PRUNERS))
class TestPruners(PrunerContract):
    pass


def worse_and_worse(design: studies.Design, epoch: int) -> float:
    return design.number + 1 / epoch


def searched(folder: Path, pruner: str) -> tuple[TrialRecord, ...]:
    """Return the trials of a search in which each is worse than those before."""
    given = studies.spec(folder, f"{{sampler: random, pruner: {pruner}}}")
    backend = Simulated(objective(worse_and_worse))
    made = Searching(folder / "study", given, backend, Budget(trials=TRIALS))
    assert made.run()
    return made.record().trials


@each_pruner
@pytest.mark.parametrize("warmup", [2, 4])
def test_no_trial_is_stopped_in_its_warmup_or_after_its_last_epoch(
    tmp_path: Path, pruner: str, warmup: int
) -> None:
    written = "none" if pruner == "none" else f"{{{pruner}: {{warmup_epochs: {warmup}}}}}"
    trials = searched(tmp_path, written)
    assert len(trials) == TRIALS
    assert trials[0].state is TrialState.COMPLETE  # the best of all
    stopped = [len(trial.epochs) for trial in trials if trial.state.stopped]
    assert bool(stopped) == (pruner != "none")
    assert all(warmup <= epochs < studies.EPOCHS for epochs in stopped)
    assert {trial.state for trial in trials} <= {TrialState.COMPLETE, TrialState.PRUNED}


@each_pruner
def test_every_family_has_a_design_that_is_never_stopped(tmp_path: Path, pruner: str) -> None:
    trials = searched(tmp_path, pruner)
    done = {trial.params["pretext"] for trial in trials if trial.state is TrialState.COMPLETE}
    assert done == {"none", "puzzling", "rotation"}
