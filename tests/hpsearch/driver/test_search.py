"""The search without workers: what it hands out, in which order, and what waits for what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import studies
from support.searching import Searching, objective
from support.simulated import EPOCH_S, Diverges, Simulated
from support.toy import prepared_blobs

from hpsearch.driver.allocation import Budget
from hpsearch.driver.failures import Failures, TrialsFail
from hpsearch.driver.preparation import Start
from hpsearch.driver.pretraining import PretrainingItem
from hpsearch.driver.trial import TrialItem
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.input_changes import InputsChanged
from hpsearch.study.records import Placement, StudyRecord, TrialState
from hpsearch.work.items import NoWork, WorkItem
from trainables.data.sources import TrainSource
from trainables.model.inits import Pretraining, SslConfig
from trainables.training.config import TrainConfig
from trainables.training.jobs import Job, TrialJob

SPACE = f"""\
data: {{train: {{dataset: heads}}}}
epochs: {studies.EPOCHS}
network: {{dropout: {{float: [0.0, 0.5], step: 0.1}}}}
init: {{choice: [random, ssl: {{pretext: {{choice: [rotation, puzzling]}}, epochs: 4}}]}}
"""
ONE = f"""\
data: {{train: {{dataset: heads}}}}
epochs: {studies.EPOCHS}
init: {{ssl: {{epochs: 4}}}}
seed: {{int: [0, 99]}}
"""
"""Every trial wants the same."""

PLAIN = f"""\
data: {{train: {{dataset: heads}}}}
epochs: {studies.EPOCHS}
network: {{dropout: {{float: [0.0, 0.5]}}}}
"""

OWN = f"""\
data: {{train: {{dataset: heads}}}}
epochs: {studies.EPOCHS}
init: {{ssl: {{epochs: 4, seed: trial}}}}
network: {{dropout: {{choice: [0.1, 0.3]}}}}
seed: {{choice: [0, 5]}}
"""
"""Every seed wants its own."""

HERE = Placement("node-1", "cpu", 1, 0)


class Made:
    """A search over `SPACE` in a root of its own."""

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        in_parallel: int,
        trials: int = 12,
        search: str = "",
        space: str = SPACE,
        pruner: str = "none",
        confirm: ConfirmConfig | None = None,
        leaders: int = 0,
    ) -> None:
        settings = f"{{name: {name}, sampler: random, pruner: {pruner}, {search}}}"
        self.checked, self.changed = 0, False
        self.backend = Simulated(objective(lambda design, epoch: 10.0 - epoch), slots=in_parallel)
        self.searching = Searching(
            root / name,
            studies.spec(root / name, settings, space),
            self.backend,
            Budget(trials=trials),
            confirm,
            leaders,
            store=root / "pretrained",
            find_start=self.start,
            check_inputs=self.check_inputs,
        )
        self.search, self.study = self.searching.search, self.searching.study
        self.said, self.pretrained = self.searching.said, self.searching.pretrained

    @property
    def store(self) -> Path:
        return self.searching.store

    @property
    def trained(self) -> list[str]:
        """The pretrainings that finished."""
        return [name for name, epoch in self.backend.trained if not name.isdigit() and epoch == 4]

    def start(self, config: TrainConfig) -> Start:
        if not isinstance(config.init, SslConfig):
            return None
        source = TrainSource(dataset="heads")
        wanted = Pretraining(config.init, source, "5c0ffee", config.network.backbone, config.data.image_px)
        trunk = wanted.trunk(self.store)
        return trunk if trunk.is_file() else wanted

    def check_inputs(self) -> None:
        self.checked += 1
        if self.changed:
            raise InputsChanged("heads")

    def record(self) -> StudyRecord:
        return self.study.record()

    def carry_out(self, item: WorkItem) -> None:
        """Run one item alone."""
        self.backend.run(Handed([item]), retries=0, epoch_timeout_s=1.0)

    def drain(self) -> int:
        """Run everything; return how many ran at once at most."""
        assert self.searching.run()
        return self.backend.busiest


@dataclass
class Handed:
    """A source of given items."""

    items: list[WorkItem]

    def next_item(self) -> WorkItem | NoWork:
        return self.items.pop(0) if self.items else NoWork.DONE


@pytest.mark.parametrize("in_parallel", [1, 2, 4])
def test_trials_that_share_a_source_share_one_pretraining(tmp_path: Path, in_parallel: int) -> None:
    made = Made(tmp_path, "a", in_parallel=in_parallel)
    assert made.drain() == in_parallel
    trials = made.record().trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 12
    wanted = {trial.pretrained for trial in trials} - {None}
    assert len(wanted) == 2 and Counter(made.trained) == dict.fromkeys(wanted, 1)
    for trial in trials:
        assert (trial.pretrained is None) == (trial.params["init"] == "random")
    ends = [record for record in made.pretrained if record.state is TrialState.COMPLETE]
    assert {record.name for record in ends} == wanted and all(len(r.epochs) == 4 for r in ends)
    again = Made(tmp_path, "b", in_parallel=in_parallel)  # another study
    again.drain()
    assert again.trained == [] and len(again.record().trials) == 12


def test_a_trial_gets_its_trunk_and_never_starts_before_it(tmp_path: Path) -> None:
    made = Made(tmp_path, "a", in_parallel=3)

    seen = []

    def check(job: Job) -> float:
        if isinstance(job, TrialJob):
            seen.append(job.number)
            assert (job.trunk is not None) == isinstance(job.config.init, SslConfig)
            assert job.trunk is None or job.trunk.is_file()
        return 1.0

    made.backend.epoch_s = check
    made.drain()
    assert set(seen) == {trial.number for trial in made.record().trials} and len(set(seen)) == 12


def test_each_seed_may_have_its_own_those_of_confirmations_too(tmp_path: Path) -> None:
    folder = prepared_blobs(tmp_path / "datasets" / "heads").folder.parent

    class WithData(Made):
        def start(self, config: TrainConfig) -> Start:
            return config.init.trunk(config.init_request, datasets=folder, store=self.store)

    enqueue, confirm = "enqueue: [{seed: 0}, {seed: 5}, {seed: 5}]", ConfirmConfig(top=1, seeds=2)
    made = WithData(tmp_path, "a", in_parallel=2, trials=3, search=enqueue, space=OWN, confirm=confirm)
    made.drain()
    trunks = {}
    for trial in made.record().trials:
        assert trial.state is TrialState.COMPLETE
        trunks.setdefault(trial.config.seed, set()).add(trial.pretrained)
    assert trunks.keys() == {0, 5, 1000, 1001} and all(len(names) == 1 for names in trunks.values())
    assert Counter(made.trained) == dict.fromkeys(set.union(*trunks.values()), 1)
    assert len(made.trained) == 4
    seeds = {record.name: record.config["seed"] for record in made.pretrained}
    assert {seeds[name]: {name} for name in made.trained} == trunks


def test_others_go_on_while_some_wait_and_few_wait(tmp_path: Path) -> None:
    rotation, other = "{init: {ssl: {pretext: rotation}}}", "{init: random}"
    enqueue = f"enqueue: [{rotation}, {other}, {other}, {rotation}, {other}]"
    made = Made(tmp_path, "a", in_parallel=2, trials=5, search=enqueue)
    slow = made.search.next_item()
    assert isinstance(slow, PretrainingItem)
    for number in (1, 2):
        found = made.search.next_item()
        assert isinstance(found, TrialItem) and found.job.number == number
        made.carry_out(found)
    assert made.search.next_item() is NoWork.WAIT  # as many wait as run in parallel: no further is asked
    states = [trial.state for trial in made.record().trials]
    assert states == [TrialState.RUNNING, TrialState.COMPLETE, TrialState.COMPLETE, TrialState.RUNNING]
    made.carry_out(slow)
    before = len(made.backend.trained)
    made.drain()
    assert list(dict.fromkeys(name for name, _ in made.backend.trained[before:])) == ["0", "3", "4"]


def test_what_fails_for_good_fails_the_trials_that_want_it_alone(tmp_path: Path) -> None:
    made = Made(tmp_path, "a", in_parallel=2)
    made.backend.faults.append(Diverges("rotation", 1))
    made.drain()
    trials = made.record().trials
    assert len(trials) == 12
    for trial in trials:
        lost = trial.params.get("init.ssl.pretext") == "rotation"
        assert trial.state is (TrialState.FAILED if lost else TrialState.COMPLETE)
        assert trial.reason == ("its pretraining failed: diverged at epoch 1" if lost else "")
    assert [r.state for r in made.pretrained if r.reason] == [TrialState.FAILED]
    assert not list(tmp_path.glob("pretrained/rotation*/trunk.pt"))


def test_two_launches_at_once_train_it_once(tmp_path: Path) -> None:
    first, second = (Made(tmp_path, name, in_parallel=1, trials=6, space=ONE) for name in "ab")
    ours = first.search.next_item()
    assert isinstance(ours, PretrainingItem)
    assert second.search.next_item() is NoWork.WAIT
    assert second.search.next_item() is NoWork.WAIT
    assert second.said == ["pretraining rotation 2x2: another launch is training it; its trials wait"]
    first.carry_out(ours)
    second.drain()
    first.drain()
    assert (len(first.trained), second.trained) == (1, [])
    assert {t.state for made in (first, second) for t in made.record().trials} == {TrialState.COMPLETE}


def test_a_launch_that_dies_leaves_it_to_the_one_that_waits(tmp_path: Path) -> None:
    first, second = (Made(tmp_path, name, in_parallel=1, trials=2, space=ONE) for name in "ab")
    ours = first.search.next_item()
    assert isinstance(ours, PretrainingItem) and second.search.next_item() is NoWork.WAIT
    first.search.close()  # as the system does where a process ends
    assert isinstance(second.search.next_item(), PretrainingItem)


def test_waiting_trials_survive_the_driver(tmp_path: Path) -> None:
    killed = Made(tmp_path, "a", in_parallel=2, trials=4, space=ONE)
    item = killed.search.next_item()
    assert isinstance(item, PretrainingItem)
    item.on_epochs(1, [{"train/loss": 1.0}], HERE)
    assert killed.search.next_item() is NoWork.WAIT
    killed.search.close()
    again = Made(tmp_path, "a", in_parallel=2, trials=4, space=ONE)
    again.drain()
    assert len(again.trained) == 1
    assert [t.state for t in again.record().trials] == [TrialState.COMPLETE] * 4


def test_a_study_whose_every_pretraining_fails_still_ends(tmp_path: Path) -> None:
    made = Made(tmp_path, "a", in_parallel=2, trials=4, space=ONE)
    made.backend.faults.append(Diverges("rotation", 1))
    made.drain()
    assert [t.state for t in made.record().trials] == [TrialState.FAILED] * 4
    assert made.backend.time_s < 2 * EPOCH_S


def test_trials_that_all_fail_for_one_reason_end_a_launch_whatever_its_budget(tmp_path: Path) -> None:
    made = Made(tmp_path, "a", in_parallel=2, trials=500, space=ONE)
    made.backend.faults.append(Diverges("rotation", 1))
    with pytest.raises(
        TrialsFail, match=r"5 trials in a row .*: its pretraining failed: diverged at epoch 1"
    ):
        made.drain()
    assert [t.state for t in made.record().trials] == [TrialState.FAILED] * 5


def test_a_failure_counts_only_in_a_row_and_for_one_reason() -> None:
    failures = Failures(most=3)
    for reason in ("no memory", "no memory", "diverged at epoch 2", "no memory", "no memory"):
        failures.add(reason)
        failures.check()
    failures.trained()
    failures.add("no memory")
    failures.check()
    for _ in range(2):
        failures.add("no memory")
    with pytest.raises(TrialsFail, match="3 trials in a row failed"):
        failures.check()


def test_a_trial_takes_up_checkpoints_only_of_epochs_that_the_study_knows(tmp_path: Path) -> None:
    """Those of others may be of a trial with other values, which a power cut took out of the journal."""
    made = Made(tmp_path, "a", in_parallel=2, space=PLAIN)
    known, unknown = (made.search.next_item() for _ in range(2))
    assert isinstance(known, TrialItem) and isinstance(unknown, TrialItem)
    known.on_epochs(1, [{studies.OBJECTIVE: 9.0}], HERE)
    for item in (known, unknown):
        item.job.folder.mkdir(parents=True, exist_ok=True)
        (item.job.folder / "checkpoint_0001.pt").touch()
    later = Made(tmp_path, "a", in_parallel=2, space=PLAIN)
    again = [later.search.next_item() for _ in range(2)]
    assert [item.job.number for item in again if isinstance(item, TrialItem)] == [0, 1]
    assert [list(item.job.folder.iterdir()) != [] for item in (known, unknown)] == [True, False]


@pytest.mark.parametrize(
    "pruner",
    [
        "{median: {warmup_epochs: 2, startup_trials: 1}}",
        "{successive_halving: {warmup_epochs: 2, reduction_factor: 2}}",
    ],
)
def test_history_that_a_killed_driver_did_not_record_stops_a_trial_where_it_would_have(
    tmp_path: Path, pruner: str
) -> None:
    ends = []
    for name, lag in (("whole", 1), ("killed", 4)):
        enqueue = f"enqueue: [{', '.join(f'{{network: {{dropout: 0.{n}}}}}' for n in (1, 2, 3))}]"
        made = Made(tmp_path, name, in_parallel=1, space=PLAIN, search=enqueue, pruner=pruner, trials=6)
        for _ in range(4):  # good ones, then one that is stopped at its first chance
            item = made.search.next_item()
            assert isinstance(item, TrialItem)
            if item.job.number < 3:
                made.carry_out(item)
        rows = [{studies.OBJECTIVE: 90.0, "train/loss": 1.0} for _ in range(4)]
        for first in range(1, 5, lag):
            if item.on_epochs(first, rows[first - 1 : first - 1 + lag], HERE):
                break
        trial = made.record().trials[item.job.number]
        ends.append((trial.state, len(trial.epochs), trial.reason))
    assert ends[0] == ends[1]
    assert ends[0][0] in (TrialState.PRUNED, TrialState.FROZEN) and ends[0][1] < 4


def test_a_pretraining_that_is_done_is_there_even_where_its_file_shows_late(tmp_path: Path) -> None:
    """As on a network file system, which may show a file of another machine a minute late."""
    made = Made(tmp_path, "a", in_parallel=1, trials=2, space=ONE)
    item = made.search.next_item()
    assert isinstance(item, PretrainingItem)
    made.carry_out(item)
    trunk = item.job.pretraining.trunk(made.store)
    trunk.rename(trunk.with_name("late"))
    trial = made.search.next_item()
    assert isinstance(trial, TrialItem) and trial.job.trunk == trunk


def test_nothing_is_confirmed_or_measured_on_data_that_changed_while_the_search_ran(tmp_path: Path) -> None:
    space = PLAIN.replace("heads}", "heads}, test: [{name: other, dataset: heads, split: test}]")
    made = Made(
        tmp_path, "a", in_parallel=1, trials=2, space=space, confirm=ConfirmConfig(top=1, seeds=2), leaders=1
    )
    made.changed = True
    with pytest.raises(InputsChanged):
        made.drain()
    assert [trial.confirms for trial in made.record().trials] == [None, None]
    made.changed, made.checked = False, 0
    made.drain()
    assert len(made.record().trials) == 4 and made.checked == 2  # before the first of each


def test_all_trials_are_looked_at_only_where_a_confirmation_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = Simulated(objective(studies.value), slots=6)  # so that some are free, and ask, all the time
    spec = studies.spec(tmp_path, "{sampler: random, pruner: none}")
    confirm = ConfirmConfig(top=1, seeds=2)
    made = Searching(tmp_path, spec, backend, Budget(trials=3), confirm)
    record, looks = made.study.record, []
    monkeypatch.setattr(made.study, "record", lambda: looks.append(len(made.trained)) or record())
    made.run()
    again = [trial for trial in record().trials if trial.confirms is not None]
    epochs = sum(len(trial.epochs) for trial in again)
    assert epochs >= 2 * studies.EPOCHS and all(trial.ended_s is not None for trial in again)
    assert len(looks) <= 3 * len(again) + 3 < epochs


@pytest.mark.parametrize(("trials", "said"), [(12, False), (18, False), (30, True)])
def test_a_search_that_used_its_space_up_says_so(tmp_path: Path, trials: int, said: bool) -> None:
    made = Made(
        tmp_path, "demo", in_parallel=2, trials=min(trials, 18), search=f"budget: {{trials: {trials}}}"
    )
    made.drain()
    assert made.study.asked == min(trials, 18)
    assert any("every design of the space has been tried" in line for line in made.said) == said
