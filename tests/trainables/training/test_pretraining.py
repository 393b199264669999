"""Self-supervised pretraining: from pictures alone, the same wherever it is trained, once for all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support.toy import ANGLES, CPU, blobs, toy_config
from torch import Tensor, nn

from trainables.base.errors import InputError
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.data.loader import LoaderPool
from trainables.data.memory_loader import MemoryLoader
from trainables.data.sources import TrainSource
from trainables.model.heads import BinsConfig
from trainables.model.inits import Pretraining, SslConfig
from trainables.model.inits import ssl as ssl_module
from trainables.model.inits.request import TRUNK
from trainables.model.network import RegionHeads, build_network
from trainables.optim.optimizers import AdamWConfig
from trainables.optim.schedules import ConstantConfig
from trainables.pretext import PuzzlingConfig, RotationConfig
from trainables.training.jobs import PretrainingJob, run_here
from trainables.training.pretraining import HISTORY, Pretrainer, build_pretrainer, load_trunk

SETTINGS: dict[str, Any] = {"epochs": 3, "batch": 8, "augmentation": {"none": {}}}


def ssl(**settings: Any) -> SslConfig:
    return SslConfig.model_validate({**SETTINGS, **settings})


def pretrainer(settings: SslConfig, *, images: int = 16, labels: float | None = None) -> Pretrainer:
    pictures, pose_deg = blobs(images, 32)
    if labels is not None:
        pose_deg = torch.full_like(pose_deg, labels)
    loader = MemoryLoader(pictures, pose_deg, batch=settings.batch, shuffle=True)
    return build_pretrainer(settings, "resnet10", train=loader, device=CPU)


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.parametrize("task", ["puzzling", "rotation", "puzzling_rotation"])
def test_labels_are_never_read(task: str) -> None:
    known, unknown = (pretrainer(ssl(pretext=task), labels=labels) for labels in (None, float("nan")))
    for _ in range(2):
        seen, blind = known.run_epoch(), unknown.run_epoch()
        assert seen.losses == blind.losses and seen.pretext == blind.pretext
        assert np.isfinite(list(blind.losses.values())).all()
    assert_same(known.trunk(), unknown.trunk())


def test_the_network_is_the_supervised_trunk_with_a_linear_head_a_region() -> None:
    run = pretrainer(ssl(pretext={"puzzling": {"grid": 3}}, seed=4))
    heads = run._trainer.network.branches
    assert [type(head) for head in heads.children()] == [RegionHeads]
    assert {name: tuple(value.shape) for name, value in heads.state_dict().items()} == {
        "puzzle.linear.weight": (9 * 9, 512),
        "puzzle.linear.bias": (9 * 9,),
    }
    supervised = build_network("resnet10", BinsConfig(), ANGLES, dropout=0.0, seed=4)
    assert_same(run.trunk(), supervised.trunk.state_dict())  # of one seed, both start alike
    assert not any(isinstance(module, nn.Linear) for module in run._trainer.network.trunk.modules())


def test_it_learns_its_task_and_says_so_beside_chance() -> None:
    settings = ssl(
        pretext={"rotation": {"dropout": 0.0}},
        optimizer=AdamWConfig(lr=0.002),
        schedule=ConstantConfig(),
        seed=1,
    )
    run = pretrainer(settings)
    first = run.run_epoch().metrics()
    for _ in range(29):
        last = run.run_epoch().metrics()
    assert set(first) >= {
        "train/loss",
        "train/loss_rotation",
        "pretext/rotation_accuracy",
        "train/learning_rate",
    }
    assert not any(name.startswith("validation") for name in first)
    assert last["pretext/rotation_chance"] == 0.25
    assert last["pretext/rotation_accuracy"] > 0.6
    assert last["train/loss"] < 0.7 * first["train/loss"]


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    """A root with one prepared dataset, `blobs`, of 12 pictures of two subjects."""
    return prepared(tmp_path / "datasets" / "blobs").folder.parent


def prepared(folder: Path, *, pose_deg: float = 0.0) -> PreparedDataset:
    import pandas as pd

    (folder / "images").mkdir(parents=True)
    rows = []
    for number, picture in enumerate(blobs(12, 32)[0]):
        pixels = ((picture.clamp(-2, 2) + 2) / 4 * 255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(folder / "images" / f"{number}.jpg")
        rows.append({"file": f"images/{number}.jpg", "subject": f"s{number % 2}", "split": "train"})
    table = pd.DataFrame(rows).assign(yaw_deg=pose_deg, pitch_deg=0.0, roll_deg=0.0)
    for edge in ("left", "top", "right", "bottom"):
        table[f"box_{edge}_px"] = 0
    return write_labels(folder, table, source="test")


def pretraining_of(datasets: Path, store: Path, **settings: Any) -> Pretraining:
    config = toy_config(init={"ssl": {**SETTINGS, **settings}})
    found = config.init.trunk(config.init_request, datasets=datasets, store=store)
    assert isinstance(found, Pretraining)
    return found


def job(wanted: Pretraining, datasets: Path, store: Path) -> PretrainingJob:
    return PretrainingJob(wanted, store / wanted.name, datasets, cpus=1, gpus=0)


def test_stopped_on_the_way_it_goes_on_to_the_same_trunk(datasets: Path, tmp_path: Path) -> None:
    whole, killed = (tmp_path / name for name in ("whole", "killed"))
    wanted, pool = pretraining_of(datasets, whole), LoaderPool()
    rows = list(run_here(job(wanted, datasets, whole), CPU, pool))
    assert len(rows) == 3

    first: Iterator[Any] = run_here(job(wanted, datasets, killed), CPU, pool)
    next(first), next(first)
    first.close()
    rest = list(run_here(job(wanted, datasets, killed), CPU, pool))
    assert len(rest) == 1
    trunks = [load_trunk(wanted.trunk(store)) for store in (whole, killed)]
    assert_same(*trunks)
    folder = killed / wanted.name
    assert [row["train/loss"] for row in json.loads((folder / HISTORY).read_text())] == [
        row["train/loss"] for row in rows
    ]
    assert not list(folder.glob("checkpoint_*"))
    config = toy_config(init={"ssl": SETTINGS})
    assert config.init.trunk(config.init_request, datasets=datasets, store=killed) == folder / TRUNK


def test_a_damaged_trunk_is_named_with_the_way_out(datasets: Path, tmp_path: Path) -> None:
    path = tmp_path / "trunk.pt"
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match=r"trunk.pt: this trunk cannot be read.*Remove its folder"):
        load_trunk(path)


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
    wanted = Pretraining(SslConfig.model_validate(settings), source, "5c0ffee", "resnet18", 64)
    assert wanted.key == key
    assert wanted.trunk(Path("store")) == Path("store") / f"{name}-{key[:12]}" / TRUNK


CHANGES: list[dict[str, Any]] = [
    {"pretext": "puzzling"},
    {"pretext": {"rotation": {"grid": 3}}},
    {"pretext": {"rotation": {"dropout": 0.1}}},
    {"epochs": 4},
    {"batch": 4},
    {"augmentation": "1"},
    {"optimizer": {"adabelief": {"lr": 0.01}}},
    {"schedule": "cosine"},
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
    prepared(datasets / "moved", pose_deg=1.0)
    others.append(pretraining_of(datasets, tmp_path, data={"dataset": "moved"}))
    monkeypatch.setattr(ssl_module, "FORMAT", 2)
    others.append(pretraining_of(datasets, tmp_path))
    assert len({plain.key, *(other.key for other in others)}) == 1 + len(others)
    assert plain.name.startswith("rotation-2x2-") and plain.key.startswith(plain.name[-12:])


def test_the_key_does_not_follow_from_the_rest_of_the_trial(datasets: Path, tmp_path: Path) -> None:
    plain = pretraining_of(datasets, tmp_path)
    prepared(datasets / "copied")
    same = [
        toy_config(init={"ssl": SETTINGS}, seed=9, batch=4, dropout=0.3, optimizer="sgd", epochs=7),
        toy_config(init={"ssl": {**SETTINGS, "data": {"dataset": "blobs"}}}),
        toy_config(init={"ssl": {**SETTINGS, "data": {"dataset": "copied"}}}),
        toy_config(init={"ssl": {**SETTINGS, "pretext": RotationConfig(grid=2)}}, pretext=PuzzlingConfig()),
    ]
    found = [config.init.trunk(config.init_request, datasets=datasets, store=tmp_path) for config in same]
    assert {item.key for item in found if isinstance(item, Pretraining)} == {plain.key}
    assert len(found) == len(same)


def test_its_pictures_must_be_there_before_any_trial(datasets: Path, tmp_path: Path) -> None:
    for data, wrong in (
        ({"dataset": "blosb"}, "no prepared dataset 'blosb'.*did you mean 'blobs'"),
        ({"dataset": "blobs", "split": "tran"}, "no split 'tran'"),
        ({"dataset": "blobs", "subjects": ["s7"]}, "no subject 's7'"),
    ):
        with pytest.raises(InputError, match=wrong):
            pretraining_of(datasets, tmp_path, data=data)
