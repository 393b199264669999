"""What faults cost a search, decided on a clock: a try, a slot, or nothing; never a decision."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support import studies
from support.searching import Searching, objective
from support.simulated import (
    EPOCH_S,
    Dies,
    DiskFills,
    Diverges,
    Fault,
    Hangs,
    LacksGpuMemory,
    LosesInput,
    NodeLost,
    Simulated,
    Stopped,
)

from hpsearch.driver.allocation import Budget
from hpsearch.driver.preparation import Start
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from hpsearch.study.store import left
from hpsearch.study.trial_log import LOG
from hpsearch.work.backend import NoWorkerLeft
from trainables.base import errors
from trainables.base.disk import DiskFault
from trainables.base.errors import InputError
from trainables.data.sources import TrainSource
from trainables.model.inits import Pretraining, SslConfig
from trainables.training.config import TrainConfig
from trainables.training.footprint import MemoryShape
from trainables.training.jobs import TrialJob

HALVING = "pruner: {successive_halving: {warmup_epochs: 3, reduction_factor: 3}}"
SEARCH = f"{{sampler: random, {HALVING}, retries: 2, epoch_timeout_s: 500}}"
PRETRAINED = f"""\
data: {{train: {{dataset: heads}}, test: [{{name: held, dataset: others}}]}}
epochs: {studies.EPOCHS}
network: {{dropout: {{float: [0.0, 0.5], step: 0.1}}}}
init: {{ssl: {{pretext: {{choice: [rotation, puzzling]}}, epochs: 4}}}}
"""

AWAITED = (TrialState.INTERRUPTED, TrialState.FROZEN)
"""How trials stand that a later launch goes on with."""


def searching(folder: Path, *faults: Fault, trials: int = 6, **settings: Any) -> Searching:
    backend = Simulated(objective(studies.value), faults=list(faults), **settings)
    return Searching(folder / "study", studies.spec(folder, SEARCH), backend, Budget(trials=trials))


def decisions(record: StudyRecord) -> list[tuple[Any, ...]]:
    return [
        (one.number, one.state, one.params, one.epochs, one.confirms, one.config.seed, one.test, one.reason)
        for one in record.trials
    ]


def trial(made: Searching, number: int) -> TrialRecord:
    return made.record().trials[number]


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("kind", [Dies, Hangs])
def test_a_worker_that_dies_or_hangs_costs_a_try_and_no_epoch_twice(
    tmp_path: Path, kind: type[Fault], slots: int
) -> None:
    whole = searching(tmp_path / "whole", slots=slots)
    whole.run()
    made = searching(tmp_path / "struck", kind(0, 5), kind(0, 5), kind(1, 1), slots=slots)
    made.run()
    assert [said for said in made.said if "starts again" in said] == [
        f"trial {number}: starts again: ActorDiedError: its process died"
        for number in ((0, 0, 1) if slots == 1 else (1, 0, 0))
    ]
    killed = sum("no epoch for 500 s: its process is killed" in said for said in made.said)
    assert killed == (3 if kind is Hangs else 0)
    assert max(Counter(made.trained).values()) == 1
    if slots == 1:  # with more, what runs in parallel differs after a fault
        assert decisions(made.record()) == decisions(whole.record())
        lost_s = 500 if kind is Hangs else EPOCH_S
        assert made.backend.time_s == whole.backend.time_s + 3 * lost_s
    else:
        assert made.states() == whole.states()
    assert "and all that is known of it" in (trial(made, 0).folder / LOG).read_text()


def test_without_a_try_left_it_fails_alone_with_its_reason(tmp_path: Path) -> None:
    made = searching(tmp_path, *(Dies(0, 5, f"ValueError: try {number}") for number in range(3)))
    made.run()
    failed = trial(made, 0)
    assert (failed.state, failed.reason, len(failed.epochs)) == (TrialState.FAILED, "ValueError: try 2", 4)
    assert made.states()[TrialState.FAILED] == 1 and len(made.record().trials) == 6
    assert not list(failed.folder.glob("*.pt"))
    assert made.allocation.without_full_run(made.record()) == ()  # its family got another design


def test_numbers_that_are_not_finite_cost_no_try(tmp_path: Path) -> None:
    made = searching(tmp_path, Diverges(2, 2))
    made.run()
    assert (trial(made, 2).state, trial(made, 2).reason) == (TrialState.FAILED, "diverged at epoch 2")
    assert not any("starts again" in said for said in made.said)


def test_a_lack_of_gpu_memory_is_tried_again_on_a_larger_share(tmp_path: Path) -> None:
    made = searching(tmp_path, LacksGpuMemory(0, 1), gpus=0.1)
    made.run()
    assert made.said[0].endswith("and 0.1 of this GPU is 100 MiB; now with 0.5 of a GPU")
    trials = made.record().trials
    short = MemoryShape.of(trials[0].config)
    of_its_kind = [MemoryShape.of(one.config) == short for one in trials]
    assert any(of_its_kind[1:]) and not all(of_its_kind)
    shares = [placed.gpus for one in trials if (placed := one.placement)]
    assert shares == [0.5 if alike else 0.1 for alike in of_its_kind], "its kind has it from the start"
    assert sum("starts again" in said for said in made.said) == 1


@pytest.mark.parametrize("slots", [1, 3])
def test_an_input_that_is_away_for_a_while_costs_neither_a_try_nor_an_epoch(
    tmp_path: Path, slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = searching(tmp_path / "whole", slots=slots)
    whole.run()
    made = searching(tmp_path / "struck", LosesInput(1, 4), slots=slots)
    looked_s: list[float] = []

    def check(job: TrialJob) -> None:
        looked_s.append(made.backend.time_s)
        if looked_s[-1] < looked_s[0] + 100:
            raise InputError([errors.Fault("is away", file="labels.parquet")])

    monkeypatch.setattr(TrialJob, "check", check)
    made.run()
    [awaited, back] = made.said
    assert "labels.parquet: is away" in awaited and "back" in back
    assert looked_s[-1] >= looked_s[0] + 100 and max(Counter(made.trained).values()) == 1
    if slots == 1:
        assert decisions(made.record()) == decisions(whole.record())
    else:
        assert made.states().keys() == whole.states().keys()


def test_a_full_disk_ends_the_launch_and_the_next_decides_as_if_nothing_had_been(tmp_path: Path) -> None:
    whole = searching(tmp_path / "whole")
    whole.run()
    made = searching(tmp_path / "struck", DiskFills(1, 4))
    with pytest.raises(DiskFault, match="checkpoint_0004"):
        made.run()
    assert trial(made, 1).state is TrialState.RUNNING
    made.open()
    made.run()
    assert decisions(made.record()) == decisions(whole.record())


def test_the_work_of_a_lost_node_goes_on_elsewhere_and_the_slots_are_gone(tmp_path: Path) -> None:
    made = searching(tmp_path, slots=3, losses=[NodeLost(2.5 * EPOCH_S, (0, 2))])
    made.run()
    again = [said for said in made.said if "starts again: ActorUnavailableError" in said]
    assert len(again) == 2
    assert set(made.states()) == {TrialState.COMPLETE, TrialState.PRUNED}
    assert max(Counter(made.trained).values()) == 1
    assert made.record().trials[-1].placement.host == "slot-1"  # type: ignore[union-attr]
    assert made.backend.time_s >= (len(made.trained) - 6) * EPOCH_S  # one after another since then


def test_without_a_node_left_the_launch_ends_and_the_next_one_goes_on(tmp_path: Path) -> None:
    made = searching(tmp_path, slots=2, losses=[NodeLost(2.5 * EPOCH_S, (0, 1))])
    with pytest.raises(NoWorkerLeft):
        made.run()
    assert made.states() == {TrialState.RUNNING: 2}
    made.backend = replace(made.backend, losses=())
    made.open()
    made.run()
    assert set(made.states()) == {TrialState.COMPLETE, TrialState.PRUNED}
    assert max(Counter(made.trained).values()) == 1


def test_a_budget_of_hours_ends_by_the_backend_s_clock(tmp_path: Path) -> None:
    made = searching(tmp_path, trials=100)
    made.budget = Budget(deadline_s=40 * EPOCH_S)
    made.open()
    made.run()
    assert 40 * EPOCH_S < made.backend.time_s <= (40 + studies.EPOCHS) * EPOCH_S
    assert set(made.states()) == {TrialState.COMPLETE, TrialState.PRUNED}


def pretrained(folder: Path, *faults: Fault) -> Searching:
    """Return a search whose trials need pretrainings, and which confirms and tests what it finds."""
    store = folder / "pretrained"

    def start(config: TrainConfig) -> Start:
        assert isinstance(config.init, SslConfig)
        source = TrainSource(dataset="heads")
        wanted = Pretraining(config.init, source, "5c0ffee", config.network.backbone, config.data.image_px)
        trunk = wanted.trunk(store)
        return trunk if trunk.is_file() else wanted

    return Searching(
        folder / "study",
        studies.spec(folder, SEARCH, PRETRAINED),
        Simulated(objective(studies.value), faults=list(faults)),
        Budget(trials=5),
        ConfirmConfig(top=1, seeds=2),
        leaders=1,
        store=store,
        find_start=start,
    )


def test_a_pretraining_goes_on_from_its_checkpoint_and_costs_its_trials_nothing(tmp_path: Path) -> None:
    whole = pretrained(tmp_path / "whole")
    whole.run()
    made = pretrained(tmp_path / "struck", Dies("rotation", 3), Dies("puzzling", 2), Hangs("puzzling", 4))
    made.run()
    assert decisions(made.record()) == decisions(whole.record())
    assert max(Counter(made.trained).values()) == 1
    notes = [said for said in made.said if "starts again" in said]
    assert [note.split()[1] for note in notes].count("rotation") == 1 and len(notes) == 3


@pytest.mark.parametrize("fraction", [0.02, 0.1, 0.3])
def test_a_launch_that_is_stopped_leaves_trials_that_go_on_and_decides_as_if_it_had_not_been(
    tmp_path: Path, fraction: float
) -> None:
    whole = pretrained(tmp_path / "whole")
    whole.run()
    made, whole_s = pretrained(tmp_path / "stopped"), whole.backend.time_s
    made.backend.stops = [Stopped(whole_s * fraction * n) for n in range(1, int(1 / fraction))]
    while made.backend.stops:
        with pytest.raises(KeyboardInterrupt):
            made.run()
        made.search.close()
        record = left(made.record())
        assert {one.state for one in record.trials} <= {*whole.states(), *AWAITED}
        for one in record.trials:
            if one.state is TrialState.INTERRUPTED and one.epochs:
                assert (one.folder / f"checkpoint_{len(one.epochs):04d}.pt").is_file()
        made.open()
    made.run()
    assert decisions(made.record()) == decisions(whole.record())
    assert max(Counter(made.trained).values()) == 1, "what was trained is not trained again"


@pytest.mark.parametrize("lines", [2, 3, 7])
def test_a_driver_killed_at_any_line_confirms_and_tests_as_if_it_had_not_been(
    tmp_path: Path, lines: int
) -> None:
    whole = pretrained(tmp_path / "whole")
    whole.run()
    record = whole.record()
    assert len({one.config.seed for one in record.trials if one.confirms is not None}) == 2
    assert any(one.test for one in record.trials)
    killed = pretrained(tmp_path / "killed")
    kills = 0
    while not killed.run(lines=lines):
        killed.open()
        kills += 1
        assert kills < 500, "it never ends"
    assert kills > 20
    assert decisions(killed.record()) == decisions(record)
    names = [name for name, _ in killed.trained if not name.isdigit()]
    assert len(set(names)) == 2
