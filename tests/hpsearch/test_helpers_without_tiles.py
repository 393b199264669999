"""Helpers without tiles, one of them with a teacher: planned, launched, resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.launches import launch_here
from support.searching import DriverKilled, killed_after
from support.toy import prepared_blobs

from hpsearch.plan.designs import extremes
from hpsearch.results.effort import images_forwarded
from hpsearch.study.spec import load_spec
from hpsearch.study.store import find_study
from hpsearch.study.trials import Trials
from trainables.pretext import PRETEXT_TASKS

SPACE = """\
search: {name: own, sampler: grid, pruner: none}
data: {train: {dataset: blobs}, image_px: 32, batch: 4}
augmentation: none
network: {backbone: resnet10}
head: regression
pretext: {choice: [none, {simsiam: {flag: 2}}, {byol: {flag: 2, momentum: 0.5}}]}
epochs: 2
"""
MORE = {"none": 0.0, "simsiam": 2 / 4, "byol": 2 / 4 + 2 * 2 / 4 / 3}
"""Passes per image that a helper adds at flag 2 of 4: one view more; both through the copy, a third each."""


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("space") / "own.yaml"
    file.write_text(SPACE)
    return file


def with_data(root: Path) -> Path:
    prepared_blobs(root / "datasets" / "blobs", splits=("train", "validation"))
    return root


@pytest.fixture(scope="module")
def launched(space: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of a launch that nothing interrupted."""
    root = with_data(tmp_path_factory.mktemp("launched"))
    done = launch_here(space, root)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def reached(root: Path) -> list[list[dict[str, float]]]:
    """Return the metrics of each epoch of each trial, but for what the machine's speed and memory give."""
    measured = ("speed/", "memory/")
    return [
        [
            {key: value for key, value in epoch.items() if not key.startswith(measured)}
            for epoch in trial.epochs
        ]
        for trial in find_study(root, "own").trials
    ]


def test_what_they_learn_and_cost_stands_in_the_study(launched: Path) -> None:
    study = find_study(launched, "own")
    plain, simsiam, byol = study.trials
    assert simsiam.epochs[-1].keys() - plain.epochs[-1].keys() == {
        "train/loss_simsiam",
        "pretext/simsiam_spread",
    }
    assert "train/loss_byol" in byol.epochs[-1]
    alone = images_forwarded(plain)
    assert alone is not None
    for trial in study.trials:
        assert images_forwarded(trial) == pytest.approx(alone * (1 + MORE[str(trial.params["pretext"])]))


def test_a_plan_measures_the_cheapest_and_the_most_expensive(space: Path) -> None:
    spec = load_spec(space)
    ends = [PRETEXT_TASKS.name_of(config.pretext) for config in extremes(spec.configs)]
    assert ends == ["none", "byol"]
    for config in spec.configs:
        more = MORE[PRETEXT_TASKS.name_of(config.pretext)]
        assert config.pretext.cost(0, 2).forwards == pytest.approx(1 + more)


def test_killed_before_its_last_epoch_it_goes_on_to_the_bit(
    launched: Path, space: Path, tmp_path: Path
) -> None:
    """The last trial keeps a copy of the network, which follows the trained one."""
    with_data(tmp_path)
    with pytest.raises(DriverKilled), killed_after(Trials, "reported", 5):
        launch_here(space, tmp_path)
    assert list(map(len, reached(tmp_path))) == [2, 2, 1]
    done = launch_here(space, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert reached(tmp_path) == reached(launched)
