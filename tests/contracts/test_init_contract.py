"""The contract of initial weights: a source gives nothing, a trunk below the store, or a pretraining."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

from trainables.base.atomic import load_state
from trainables.base.errors import InputError
from trainables.base.schema import Config
from trainables.data.datasets.prepared import write_labels
from trainables.data.sources import TrainSource
from trainables.model.backbones import BACKBONES, Backbone, ResNet10Config, ResNet50Config
from trainables.model.inits import INITS, InitRequest, Pretraining
from trainables.training.config import parse_config

BACKBONE = ResNet10Config()
IMAGE_PX = 32

each_init = pytest.mark.parametrize("name", sorted(INITS))
each_network = pytest.mark.parametrize(
    ("name", "backbone", "image_px"),
    list(itertools.product(sorted(INITS), [row() for row in BACKBONES.values()], (IMAGE_PX, 224))),
)


@dataclass(frozen=True)
class Place:
    """Where everything lies: `weights` is the file that a user brings, `store` where trunks are kept."""

    root: Path
    weights: Path

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def store(self) -> Path:
        return self.root / "pretrained"

    def files(self) -> dict[Path, bytes]:
        """Return every file that is not in the store."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        outside = {path: path.read_bytes() for path in found if not path.is_relative_to(self.store)}
        return {**outside, **{path: path.read_bytes() for path in self.weights.parent.iterdir()}}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("brought") / "weights.pth"
    torch.save(BACKBONE.build().state_dict(), file)
    return file


@pytest.fixture
def place(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A root with a dataset, nothing in torch's cache, and another folder to work in."""
    place = Place(tmp_path, weights)
    images = place.datasets / "faces" / "images"
    images.mkdir(parents=True)
    Image.new("RGB", (IMAGE_PX, IMAGE_PX)).save(images / "0.png")
    row = {"file": "images/0.png", "subject": "0", "split": "train", "yaw_deg": 0.0, "pitch_deg": 0.0}
    write_labels(images.parent, pd.DataFrame([row]), source="one black square")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return place


def settings(name: str, place: Place) -> Config:
    """Return a source's settings: its defaults, with the brought weights wherever a file may be named."""
    given = {key: str(place.weights) for key in ("file", "path") if key in INITS[name].model_fields}
    return INITS[name](**given)


def trunk(name: str, place: Place, backbone: Backbone = BACKBONE) -> Path | Pretraining | None:
    request = InitRequest(backbone, IMAGE_PX, TrainSource(dataset="faces"))
    return settings(name, place).trunk(request, datasets=place.datasets, store=place.store)


def assert_trunk(file: Path, place: Place) -> None:
    assert file.is_relative_to(place.store)
    BACKBONE.build().load_state_dict(load_state(file))


@each_init
def test_it_gives_nothing_or_a_trunk_in_the_store_or_a_pretraining(name: str, place: Place) -> None:
    match trunk(name, place):
        case None:
            assert not place.store.exists()
        case Path() as file:
            assert_trunk(file, place)
        case Pretraining() as pretraining:
            assert pretraining.backbone == BACKBONE and pretraining.epochs >= 1
            assert pretraining.trunk(place.store).is_relative_to(place.store)
        case other:
            raise AssertionError(f"a source gives no {type(other).__name__}")


@each_init
def test_asked_again_it_gives_the_same(name: str, place: Place) -> None:
    first = trunk(name, place)
    assert trunk(name, place) == first
    assert hash(settings(name, place)) == hash(settings(name, place))


@each_init
def test_a_pretraining_that_is_done_is_a_trunk_like_any_other(name: str, place: Place) -> None:
    first = trunk(name, place)
    if isinstance(first, Pretraining):
        file = first.trunk(place.store)
        file.parent.mkdir(parents=True)
        torch.save(BACKBONE.build().state_dict(), file)
        assert trunk(name, place) == file
        assert_trunk(file, place)


@each_init
def test_nothing_is_written_but_to_the_store(name: str, place: Place) -> None:
    before = place.files()
    trunk(name, place)
    assert place.files() == before


@each_init
def test_weights_of_another_backbone_are_refused_by_what_differs(name: str, place: Place) -> None:
    if isinstance(trunk(name, place), Path):
        with pytest.raises(InputError, match="not the trunk of a resnet50") as caught:
            trunk(name, place, ResNet50Config())
        assert all(fault.file == str(place.weights) for fault in caught.value.faults)


@each_network
def test_a_network_that_cannot_start_from_it_is_refused_when_the_config_is_read(
    name: str, backbone: Backbone, image_px: int
) -> None:
    """What a source says of itself: no file is read here."""
    required = {key: "none.pt" for key, field in INITS[name].model_fields.items() if field.is_required()}
    reason = INITS[name](**required).incompatibility(backbone, image_px)
    found = parse_config(
        {
            "data": {"train": {"dataset": "faces"}, "image_px": image_px},
            "network": {"backbone": backbone},
            "init": {name: required},
        }
    )
    if reason is None:
        assert not isinstance(found, list)
    else:
        assert isinstance(found, list)
        [(path, fault)] = found
        assert path[0] == "init" and fault.message == reason and " " in reason
