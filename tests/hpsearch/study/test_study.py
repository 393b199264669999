from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages.journal._storage import JournalStorageReplayResult
from support import studies

from hpsearch.space.holes import Hole, Params, Value
from hpsearch.space.space import Space
from hpsearch.study.journal.journal import JOURNAL, reading
from hpsearch.study.opening import read_study
from hpsearch.study.policy.forecasts import is_frozen
from hpsearch.study.records import Placement, TrialState
from hpsearch.study.spec import StudySpec
from hpsearch.study.study import Study
from trainables.base.errors import InputError

HERE = Placement(host="here", device="cpu", cpus=1.0, gpus=0.0)
RANDOM = "{sampler: random, pruner: {successive_halving: {warmup_epochs: 2, reduction_factor: 2}}}"


def test_what_is_told_is_read_back_from_the_file(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, RANDOM)
    study = studies.open_in(tmp_path, spec)
    done, cut, lost, running = (study.ask() for _ in range(4))
    study.place(done.number, HERE)
    studies.train(study, done)
    study.report(cut.number, 1, {studies.OBJECTIVE: 9.0, "train/loss": 3.0})
    study.report(cut.number, 2, {studies.OBJECTIVE: 8.0, "train/loss": 2.0})
    study.prune(cut.number)
    study.fail(lost.number, "diverged at epoch 1")
    study.report(running.number, 1, {studies.OBJECTIVE: 7.0})

    record = read_study(tmp_path, spec)
    assert record == study.record()
    assert record.provenance == studies.PROVENANCE
    assert [trial.state for trial in record.trials] == [
        TrialState.COMPLETE,
        TrialState.PRUNED,
        TrialState.FAILED,
        TrialState.RUNNING,
    ]
    assert [trial.params for trial in record.trials] == [a.params for a in (done, cut, lost, running)]
    assert [trial.config for trial in record.trials] == [a.config for a in (done, cut, lost, running)]
    first, second, third, fourth = record.trials
    assert len(first.epochs) == studies.EPOCHS
    assert first.placement == HERE
    assert first.objective == pytest.approx(studies.value(done, studies.EPOCHS))
    assert second.epochs[1] == {studies.OBJECTIVE: 8.0, "train/loss": 2.0}
    assert second.reason == "pruned after epoch 2"
    assert third.reason == "diverged at epoch 1"
    assert third.objective is None
    assert fourth.ended_s is None
    assert record.best == first


def test_a_trial_goes_on_with_its_values_where_it_stood(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, RANDOM)
    study = studies.open_in(tmp_path, spec)
    first, second = study.ask(), study.ask()
    studies.train(study, second, until=1)
    again = studies.open_in(tmp_path, spec)
    assert again.unfinished() == [first, replace(second, epochs_done=1)]
    assert again.asked == 2


def test_an_epoch_told_twice_changes_nothing(tmp_path: Path) -> None:
    study = studies.open_in(tmp_path, studies.spec(tmp_path, RANDOM))
    ask = study.ask()
    study.report(ask.number, 1, {studies.OBJECTIVE: 5.0})
    before = study.record()
    study.report(ask.number, 1, {studies.OBJECTIVE: 6.0})
    study.place(ask.number, HERE)
    study.place(ask.number, HERE)
    assert replace(before.trials[0], placement=HERE) == study.record().trials[0]


def test_an_ended_trial_is_not_failed_afterwards(tmp_path: Path) -> None:
    study = studies.open_in(tmp_path, studies.spec(tmp_path, RANDOM))
    ask = study.ask()
    assert not study.ended(ask.number)
    studies.train(study, ask)
    assert study.ended(ask.number)
    study.fail(ask.number, "its process died")
    assert study.record().trials[ask.number].state is TrialState.COMPLETE


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_an_objective_that_is_no_number_fails_the_trial(tmp_path: Path, wrong: float) -> None:
    study = studies.open_in(tmp_path, studies.spec(tmp_path, RANDOM))
    studies.train(study, study.ask())
    bad = study.ask()
    assert studies.train(study, bad, of=lambda ask, epoch: wrong) == "complete"
    record = study.record()
    assert record.trials[1].state is TrialState.FAILED
    assert record.trials[1].reason == f"the objective is {wrong} after epoch {studies.EPOCHS}"
    assert record.best == record.trials[0]


def test_a_torn_last_line_loses_only_itself(tmp_path: Path) -> None:
    """Wherever a crash cuts the file while a trial is asked, the study opens and goes on with that trial."""
    spec = studies.spec(tmp_path, RANDOM)
    study = studies.open_in(tmp_path / "whole", spec)
    studies.train(study, study.ask())
    begun = (tmp_path / "whole" / JOURNAL).stat().st_size
    wanted = study.ask()
    content = (tmp_path / "whole" / JOURNAL).read_bytes()
    for cut in range(begun, len(content), 61):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / JOURNAL).write_bytes(content[:cut])
        drawn = optuna.load_study(study_name=spec.name, storage=reading(folder, spec.name)).trials[1:]
        assert len(read_study(folder, spec).trials) == 1  # a trial is shown once all its values are drawn
        torn = studies.open_in(folder, spec)
        assert torn.record().trials[0].state is TrialState.COMPLETE
        (ask,) = torn.unfinished() or [torn.ask()]
        kept = drawn[0].params if drawn else wanted.params
        assert kept.items() <= ask.params.items()
        studies.train(torn, ask)
        assert [trial.number for trial in read_study(folder, spec).trials] == [0, 1]


def test_two_openings_after_one_crash_go_on_alike(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, RANDOM)
    study = studies.open_in(tmp_path / "a", spec)
    ask = study.ask()
    lines = (tmp_path / "a" / JOURNAL).read_bytes().splitlines(keepends=True)
    (tmp_path / "a" / JOURNAL).write_bytes(b"".join(lines[: 1 - len(ask.params)]))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    first, second = (studies.open_in(tmp_path / name, spec).unfinished() for name in "ab")
    assert first == second


def test_values_come_back_from_the_file_with_their_types(tmp_path: Path) -> None:
    space = """\
data: {train: {dataset: heads}}
pretext: {puzzling: {heads: {choice: [true, false]}, ssl_weight: {choice: [1, 0, 0.5]}}}
clip_norm: {choice: [null, {float: [0.5, 5], log: true}]}
augmentation: {choice: [none, "1", heavy]}
epochs: {int: [4, 16], log: true}
seed: {int: [0, 9], step: 3}
"""
    spec = studies.spec(tmp_path, "{sampler: random, enqueue: [{seed: 6, clip_norm: 2, epochs: 7}]}", space)
    study = studies.open_in(tmp_path, spec)
    asks = [study.ask() for _ in range(12)]
    assert asks[0].params | {"seed": 6, "clip_norm": "float", "clip_norm.float": 2} == asks[0].params
    for ask, trial in zip(asks, read_study(tmp_path, spec).trials, strict=True):
        assert trial.params == ask.params
        assert trial.config == ask.config
        kinds = {name: type(value) for name, value in trial.params.items()}
        assert kinds["pretext.puzzling.heads"] is bool
        assert kinds["epochs"] is kinds["seed"] is int
        assert trial.config.seed in (0, 3, 6, 9)
    weights = {repr(ask.params["pretext.puzzling.ssl_weight"]) for ask in asks}
    assert weights == {"1", "0", "0.5"}


def test_a_study_that_has_not_begun_is_told_so(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, RANDOM)
    with pytest.raises(InputError, match="has not begun"):
        read_study(tmp_path, spec)
    study = studies.open_in(tmp_path / "whole", spec)
    first = (tmp_path / "whole" / JOURNAL).read_bytes().splitlines(keepends=True)[0]
    assert study.record().trials == ()
    (tmp_path / JOURNAL).write_bytes(first)
    with pytest.raises(InputError, match="has not begun"):
        read_study(tmp_path, spec)


def test_a_grid_is_visited_whole(tmp_path: Path) -> None:
    space = studies.SPACE.replace("step: 0.1", "step: 0.5")
    spec = studies.spec(tmp_path, "{sampler: grid, pruner: none}", space)
    assert spec.trials == spec.space.size() == 2 * (1 + 2 + 3)
    study = studies.open_in(tmp_path / "study", spec)
    found = []
    for number in range(spec.trials):
        if number % 5 == 0:
            study = studies.open_in(tmp_path / "study", spec)
        ask = study.ask()
        found.append(frozenset(ask.params.items()))
        study.fail(ask.number, "not trained")
    assert set(found) == {frozenset(params.items()) for params in spec.space.combinations()}
    assert len(found) == len(set(found))


@dataclass(frozen=True)
class Forbidding(Space):
    """A space with a rule that no probe breaks: a dropout of up to `most` goes with no number of epochs."""

    most: float = 0.2

    def draw(self, choose: Callable[[Hole], Value]) -> tuple[Params, dict[str, Any]]:
        params, tree = super().draw(choose)
        broken = tree["network"]["dropout"] <= self.most
        return params, {**tree, "epochs": 0} if broken else tree

    def fill(self, params: Mapping[str, Value]) -> dict[str, Any]:
        return Space(self.template).fill(params)


def test_values_that_cannot_go_together_cost_no_trial(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, RANDOM)
    sometimes = replace(spec, space=Forbidding(spec.space.template))
    study = studies.open_in(tmp_path / "sometimes", sometimes)
    asks = [study.ask() for _ in range(8)]
    assert all(ask.params["network.dropout"] > 0.2 for ask in asks)
    assert study.asked == 8
    assert [trial.number for trial in study.record().trials] == [ask.number for ask in asks]
    assert asks[-1].number > 7, "no suggestion was impossible: this tests nothing"
    never = replace(spec, space=Forbidding(spec.space.template, most=1.0))
    with pytest.raises(InputError, match="narrow the ranges"):
        studies.open_in(tmp_path / "never", never).ask()


@dataclass(frozen=True)
class Seeded:
    """A random sampler that notes the seed it is built with, and for how many suggestions."""

    seeds: list[int]
    enumerates = False

    def build(self, seed: int) -> optuna.samplers.BaseSampler:
        self.seeds.append(seed)
        return optuna.samplers.RandomSampler(seed=seed)


def noting(spec: StudySpec, seeds: list[int]) -> StudySpec:
    return replace(spec, search=spec.search.model_copy(update={"sampler": Seeded(seeds)}))


def test_a_seed_serves_one_suggestion_also_after_an_impossible_one(tmp_path: Path) -> None:
    seeds: list[int] = []
    spec = noting(studies.spec(tmp_path, RANDOM), seeds)
    study = studies.open_in(tmp_path / "study", replace(spec, space=Forbidding(spec.space.template)))
    asks = [study.ask() for _ in range(12)]
    assert asks[-1].number > 11, "no suggestion was impossible: this tests nothing"
    assert len(seeds) == len(set(seeds)) == asks[-1].number + 1


def test_a_trial_is_attached_again_with_the_seed_it_was_asked_with(tmp_path: Path) -> None:
    seeds: list[int] = []
    spec = noting(studies.spec(tmp_path, RANDOM), seeds)
    study = studies.open_in(tmp_path / "study", spec)
    first = study.ask()
    studies.train(study, first, until=studies.EPOCHS)
    again = study.ask_again(first.number, seed=1000, plan=(3, 12))
    studies.train(study, again)
    assert study.record().trials[again.number].confirm_plan == (3, 12)
    later = study.ask()
    asked_with = seeds[-1]
    [attached] = studies.open_in(tmp_path / "study", spec).unfinished()
    assert (attached.number, attached.params) == (later.number, later.params)
    assert seeds[-1] == asked_with


def test_a_suggestion_looks_through_no_trials_and_what_waits_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = studies.spec(tmp_path, RANDOM)
    study = studies.open_in(tmp_path, spec)
    first, enqueued = study.ask(), {"pretext": "none", "network.dropout": 0.5}
    study._asking._enqueue(enqueued, {})
    for opened in (study, studies.open_in(tmp_path, spec)):
        storage = opened._storage
        waiting = (optuna.trial.TrialState.WAITING,)
        [waits] = storage.get_all_trials(0, deepcopy=False, states=waiting)
        assert [waits] == [trial for trial in storage.get_all_trials(0) if trial.state in waiting]
    looked: list[object] = []
    plain = JournalStorageReplayResult.get_all_trials
    monkeypatch.setattr(
        JournalStorageReplayResult, "get_all_trials", lambda *at: looked.append(at) or plain(*at)
    )
    asked = [opened.ask() for _ in range(3)]
    assert asked[0].params == enqueued and len({ask.number for ask in (first, *asked)}) == 4
    assert not looked


def running_by_search(study: Study) -> list[int]:
    """Return the numbers of what Optuna holds open and is not frozen, looked for among all trials."""
    states = (optuna.trial.TrialState.RUNNING,)
    return [trial.number for trial in study._storage.get_all_trials(0, states=states) if not is_frozen(trial)]


def test_what_runs_is_known_without_looking_through_all_trials(tmp_path: Path) -> None:
    """TPE asks for it at each suggestion, to leave out what others train already."""
    spec = studies.spec(tmp_path, "{sampler: random, pruner: {successive_halving: {warmup_epochs: 2}}}")
    study = studies.open_in(tmp_path, spec)

    def check(study: Study, count: int) -> None:
        found = [trial.number for trial in study._trials.running()]
        assert found == running_by_search(study) and len(found) == count

    asks = [study.ask() for _ in range(6)]
    check(study, 6)
    for ask in asks[:3]:
        studies.train(study, ask, until=2)
        study.freeze(ask.number)
    check(study, 3)
    study.thaw(0)
    check(study, 4)
    study.prune(1)
    study.fail(3, "for a reason")
    studies.train(study, asks[4])
    check(study, 2)
    study.thaw(1)
    check(study, 3)
    check(studies.open_in(tmp_path, spec), 3)


def test_tpe_looks_through_no_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = studies.spec(tmp_path, "{sampler: {tpe: {startup_trials: 2}}, pruner: none}")
    study = studies.open_in(tmp_path, spec)
    for _ in range(4):
        studies.train(study, study.ask())
    looked: list[object] = []
    plain = JournalStorageReplayResult.get_all_trials
    monkeypatch.setattr(
        JournalStorageReplayResult, "get_all_trials", lambda *at: looked.append(at) or plain(*at)
    )
    study.ask()
    assert not looked
