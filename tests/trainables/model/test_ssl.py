"""The identity of a pretraining: its key follows from all that shapes the weights, and from nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.toy import prepared_blobs, toy_config

from trainables.base.errors import InputError
from trainables.data.sources import TrainSource
from trainables.model.backbones import ResNet18Config
from trainables.model.inits import Pretraining, SslConfig
from trainables.model.inits import ssl as ssl_module
from trainables.model.inits.request import TRUNK
from trainables.pretext import PuzzlingConfig, RotationConfig

pytestmark = pytest.mark.usefixtures("narrow")

SETTINGS: dict[str, Any] = {"epochs": 3, "batch": 8, "augmentation": {"none": {}}}


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    """A root with one prepared dataset, `blobs`, of 12 images of two subjects."""
    return prepared_blobs(tmp_path / "datasets" / "blobs").folder.parent


def pretraining_of(datasets: Path, store: Path, **settings: Any) -> Pretraining:
    config = toy_config(init={"ssl": {**SETTINGS, **settings}})
    found = config.init.trunk(config.init_request, datasets=datasets, store=store)
    assert isinstance(found, Pretraining)
    return found


@pytest.mark.parametrize(
    ("settings", "name", "key"),
    [
        ({}, "rotation-2x2", "3cabbfb02338b671aebd4d733348af9efe85364e793aec69fc8ea421409d3e34"),
        (
            {
                "pretext": {
                    "puzzling_rotation": {
                        "grid": 3,
                        "dropout": 0.1,
                        "border": "keep",
                        "ssl_weight": 2.0,
                        "ssl_reduction": "mean",
                    }
                },
                "epochs": 7,
                "batch": 32,
                "augmentation": "heavy",
                "optimizer": {"sgd": {"lr": 0.1}},
                "schedule": "cosine",
                "seed": 5,
            },
            "puzzling_rotation-3x3",
            "3af0726b673ab90a622936294f15f706cca50b453cb706d28e43a66db06bc690",
        ),
    ],
)
def test_trunks_that_are_already_stored_are_found_again(
    settings: dict[str, Any], name: str, key: str
) -> None:
    source = TrainSource(dataset="blobs", subjects=("b", "a"))
    wanted = Pretraining(SslConfig.model_validate(settings), source, "5c0ffee", ResNet18Config(), 64)
    assert wanted.key == key
    assert wanted.trunk(Path("store")) == Path("store") / f"{name}-{key[:12]}" / TRUNK


CHANGES: list[dict[str, Any]] = [
    {"pretext": "puzzling"},
    {"pretext": {"rotation": {"grid": 3}}},
    {"pretext": {"rotation": {"dropout": 0.1}}},
    {"epochs": 4},
    {"batch": 4},
    {"augmentation": "1"},
    {"augmentation": {"1": {"mirror": 0.5}}},
    {"augmentation": {"1": {"turn_deg": 5.0}}},
    {"augmentation": {"1": {"cutout_least": 0.1}}},
    {"pretext": {"rotation": {"cutout": 0.1}}},
    {"optimizer": {"adabelief": {"lr": 0.01}}},
    {"schedule": "cosine"},
    {"schedule": {"cosine": {"warmup_epochs": 1}}},
    {"seed": 1},
    {"data": {"dataset": "blobs", "subjects": ["s1"]}},
]


def test_the_key_follows_from_everything_that_shapes_the_weights(
    datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = pretraining_of(datasets, tmp_path)
    others = [pretraining_of(datasets, tmp_path, **change) for change in CHANGES]
    for network in ({"backbone": "resnet18"},):
        config = toy_config(init={"ssl": SETTINGS}, network=network)
        others.append(config.init.trunk(config.init_request, datasets=datasets, store=tmp_path))  # type: ignore[arg-type]
    prepared_blobs(datasets / "moved", moved_deg=1.0)
    others.append(pretraining_of(datasets, tmp_path, data={"dataset": "moved"}))
    monkeypatch.setattr(ssl_module, "FORMAT", 2)
    others.append(pretraining_of(datasets, tmp_path))
    assert len({plain.key, *(other.key for other in others)}) == 1 + len(others)
    assert plain.name.startswith("rotation-2x2-") and plain.key.startswith(plain.name[-12:])


def test_the_key_does_not_follow_from_the_rest_of_the_trial(datasets: Path, tmp_path: Path) -> None:
    plain = pretraining_of(datasets, tmp_path)
    prepared_blobs(datasets / "copied")
    same = [
        toy_config(init={"ssl": SETTINGS}, seed=9, batch=4, dropout=0.3, optimizer="sgd", epochs=7),
        toy_config(init={"ssl": {**SETTINGS, "data": {"dataset": "blobs"}}}),
        toy_config(init={"ssl": {**SETTINGS, "data": {"dataset": "copied"}}}),
        toy_config(init={"ssl": {**SETTINGS, "pretext": RotationConfig(grid=2)}}, pretext=PuzzlingConfig()),
    ]
    found = [config.init.trunk(config.init_request, datasets=datasets, store=tmp_path) for config in same]
    assert {item.key for item in found if isinstance(item, Pretraining)} == {plain.key}
    assert len(found) == len(same)


def test_each_seed_of_the_trials_may_have_one_of_its_own(datasets: Path, tmp_path: Path) -> None:
    def wanted(seed: int | str, of_trial: int, **settings: Any) -> Pretraining:
        config = toy_config(init={"ssl": {**SETTINGS, "seed": seed}}, seed=of_trial, **settings)
        found = config.init.trunk(config.init_request, datasets=datasets, store=tmp_path)
        assert isinstance(found, Pretraining)
        return found

    keys = {seed: wanted("trial", seed).key for seed in (0, 3, 1000)}
    assert keys == {seed: wanted(seed, 7).key for seed in keys}  # the trunk that such a number has stored
    assert len(set(keys.values())) == len(keys)
    assert wanted("trial", 3, dropout=0.2, epochs=7).key == keys[3]
    assert [wanted("trial", seed).title for seed in keys] == [
        "rotation 2x2",
        "rotation 2x2 seed 3",
        "rotation 2x2 seed 1000",
    ]
    assert wanted("trial", 3).name == f"rotation-2x2-{keys[3][:12]}"


def test_its_images_must_be_there_before_any_trial(datasets: Path, tmp_path: Path) -> None:
    for data, wrong in (
        ({"dataset": "blosb"}, "no prepared dataset 'blosb'.*did you mean 'blobs'"),
        ({"dataset": "blobs", "split": "tran"}, "no split 'tran'"),
        ({"dataset": "blobs", "subjects": ["s7"]}, "no subject 's7'"),
    ):
        with pytest.raises(InputError, match=wrong):
            pretraining_of(datasets, tmp_path, data=data)
