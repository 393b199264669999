"""Whole launches whose trials share pretrainings: each is trained once, whoever dies or wants it too."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from mlflow import MlflowClient
from support.forks import start_fork
from support.launches import furnish, hpsearch_here, launch_here
from support.patience import wait_until
from support.silent import Silent
from support.simulated import Simulated

from hpsearch.driver import conclusion
from hpsearch.driver.launch import launch
from hpsearch.driver.pretraining import PretrainingItem
from hpsearch.driver.request import LaunchRequest
from hpsearch.study.records import TrialState
from hpsearch.study.store import find_study
from hpsearch.work.items import WorkSource
from trainables.base.locks import FileLock
from trainables.training.jobs.pretraining import LOCK

pytestmark = pytest.mark.usefixtures("narrow_throughout")

EPOCHS = 10

SPACE = f"""
search:
  name: %(name)s
  sampler: grid
  pruner: none
  resources: {{concurrent: 2}}
data:
  train: {{dataset: {{rendered-heads: {{images: 48, subjects: 12, image_px: 32}}}}}}
  image_px: 32
  batch: 8
augmentation: none
network: {{backbone: resnet10, dropout: 0.1}}
init: {{ssl: {{pretext: %(pretext)s, epochs: {EPOCHS}, batch: 8, augmentation: none}}}}
head: regression
optimizer: {{adamw: {{lr: 0.001}}}}
epochs: 1
seed: {{choice: [0, 1]}}
"""


def write(folder: Path, name: str, pretext: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(SPACE % {"name": name, "pretext": pretext})
    return path


def pretrained(root: Path) -> dict[str, list[dict[str, float]]]:
    """Return the epochs of each pretraining that was ended, by its folder's name."""
    histories = root.glob("pretrained/*/history.json")
    return {path.parent.name: json.loads(path.read_text()) for path in histories}


def runs(root: Path) -> list[Any]:
    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
    experiments = [found.experiment_id for found in client.search_experiments()]
    return list(client.search_runs(experiments))


def steps(root: Path, run: Any) -> list[int]:
    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
    return [point.step for point in client.get_metric_history(run.info.run_id, "train/loss")]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, rendered: Path) -> Path:
    """A root on which a study of 4 trials from 2 sources was killed half-way and launched again."""
    root = furnish(tmp_path_factory.mktemp("runs"), rendered)
    space = write(root, "shared", "{choice: [rotation, puzzling]}")
    launch = start_fork("launch", space, "--root", root, "--in-process", prints=root / "killed.txt")
    wait_until(lambda: any(root.glob("pretrained/*/checkpoint_0002.pt")), "no checkpoint was written")
    os.killpg(launch.pid, signal.SIGKILL)
    launch.ended()
    assert pretrained(root) == {}
    again = launch_here(space, root)
    assert again.returncode == 0, again.stdout + again.stderr
    (root / "printed.txt").write_text(again.stdout + again.stderr)
    return root


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_four_trials_of_two_sources_train_two_pretrainings_even_when_killed(root: Path) -> None:
    trials = find_study(root, "shared").trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 4
    made = pretrained(root)
    assert len(made) == 2 and [len(history) for history in made.values()] == [EPOCHS, EPOCHS]
    assert Counter(trial.pretrained for trial in trials) == dict.fromkeys(made, 2)
    assert not list(root.glob("pretrained/*/checkpoint_*"))
    printed = (root / "printed.txt").read_text()
    assert printed.count("resumed") == 1 and "Traceback" not in printed


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_each_is_a_run_of_its_own_and_linked_from_its_trials(root: Path) -> None:
    found = runs(root)
    of_trials = [run for run in found if run.data.tags["kind"] == "trial"]
    of_pretrainings = {
        run.data.tags["hpsearch.pretrain"]: run for run in found if run.data.tags["kind"] == "pretraining"
    }
    [parent] = [run for run in found if run.data.tags["kind"] == "study"]
    assert len(found) == 4 + 2 + 1 and of_pretrainings.keys() == pretrained(root).keys()
    assert all(run.info.status == "FINISHED" for run in found)
    for name, run in of_pretrainings.items():
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        assert run.info.run_name.startswith("pretrain ")
        assert steps(root, run) == list(range(1, EPOCHS + 1))
        chance = next(value for key, value in run.data.metrics.items() if key.endswith("_chance"))
        assert chance == 0.25 and run.data.params["key"].startswith(name[-12:])
    for trial in of_trials:
        source = of_pretrainings[trial.data.tags["pretrained"]]
        assert trial.data.tags["pretrained.run_id"] == source.info.run_id


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_two_launches_at_once_on_a_new_root_train_it_once_and_keep_all_their_runs(tmp_path: Path) -> None:
    """Both find neither images nor MLflow's database nor the pretraining; one makes each."""
    root = tmp_path
    spaces = [write(root, name, "rotation") for name in ("one", "two")]
    launches = [
        start_fork("launch", space, "--root", root, "--in-process", prints=space.with_suffix(".txt"))
        for space in spaces
    ]
    statuses, printed = zip(*(launch.ended() for launch in launches), strict=True)
    assert statuses == (0, 0), printed
    [name] = pretrained(root)
    assert sum("another launch is training it" in text for text in printed) == 1, printed
    assert sum("started (" in text for text in printed) == 1
    of_it = [run for run in runs(root) if run.data.tags.get("hpsearch.pretrain") == name]
    assert [steps(root, run) for run in of_it] == [list(range(1, EPOCHS + 1))]
    for study in ("one", "two"):
        trials = find_study(root, study).trials
        assert [(trial.state, trial.pretrained) for trial in trials] == [(TrialState.COMPLETE, name)] * 2
    linked = [run for run in runs(root) if run.data.tags.get("pretrained") == name]
    assert len(linked) == 2 * 2 and len(runs(root)) == len(linked) + 2 + 1  # two studies, one pretraining
    assert {run.info.status for run in runs(root)} == {"FINISHED"}
    assert {run.data.tags.get("pretrained.run_id") for run in linked} == {of_it[0].info.run_id}


def test_a_process_that_outlives_its_launch_leaves_a_pretraining_to_others(
    rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook whose user stopped `hpsearch.launch`, and another launch that wants what it trained."""

    class Stopped(Simulated):
        def run(self, source: WorkSource, **_: Any) -> None:
            assert isinstance(source.next_item(), PretrainingItem)
            raise KeyboardInterrupt

    monkeypatch.setattr(conclusion, "Tracker", lambda *_: Mock())  # MLflow, which takes most of the time
    space = write(furnish(tmp_path, rendered), "shared", "rotation")
    with pytest.raises(KeyboardInterrupt) as stopped:
        launch(LaunchRequest(space, tmp_path), Silent(), Stopped(lambda design, epoch: {}))
    [lock] = tmp_path.glob(f"pretrained/*/{LOCK}")
    assert not FileLock.is_held(lock), stopped


def test_weights_that_are_not_to_be_had_are_said_before_a_trial(tmp_path: Path) -> None:
    space = write(tmp_path, "absent", "rotation")
    absent = "{choice: [{file: {path: a.pt}}, {imagenet: {file: b.pth}}]}"
    lines = [f"init: {absent}" if "ssl" in line else line for line in space.read_text().splitlines()]
    space.write_text("\n".join(lines))
    refused = hpsearch_here("launch", space, "--root", tmp_path)
    assert refused.returncode == 2
    assert "a.pt: no weights can be read here" in refused.stderr
    assert "b.pth: no weights can be read here" in refused.stderr
    assert "2 faults; nothing was started" in refused.stderr
