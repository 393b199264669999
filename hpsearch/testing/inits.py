"""The contract of initial weights: a source gives nothing, a trunk below the store, or a pretraining."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

from hpsearch.testing.configs import written
from trainables.base.atomic import load_state
from trainables.base.errors import InputError
from trainables.data.datasets.prepared import write_labels
from trainables.data.sources import TrainSource
from trainables.model.backbones import BACKBONES, Backbone, ResNet10Config, ResNet50Config
from trainables.model.inits import INITS, InitConfig, InitRequest, Pretraining
from trainables.training.config import parse_config

BACKBONE = ResNet10Config()
"""What is started: a file that a source names holds the weights of such a trunk."""
IMAGE_PX = 32


@dataclass(frozen=True)
class Place:
    """Where everything lies: below `root`, with the trunks of all sources in `store`."""

    root: Path

    @property
    def datasets(self) -> Path:
        """Where the datasets lie."""
        return self.root / "datasets"

    @property
    def store(self) -> Path:
        """Where trunks are kept."""
        return self.root / "pretrained"

    def files(self, config: InitConfig) -> dict[Path, bytes]:
        """Return every file that is not in the store, and those that the user named."""
        found = (path for path in self.root.rglob("*") if path.is_file())
        outside = [path for path in found if not path.is_relative_to(self.store)]
        return {path: path.read_bytes() for path in (*outside, *map(Path, config.files))}

    def trunk(self, config: InitConfig, backbone: Backbone = BACKBONE) -> Path | Pretraining | None:
        """Return what a source gives."""
        request = InitRequest(backbone, IMAGE_PX, TrainSource(dataset="faces"))
        return config.trunk(request, datasets=self.datasets, store=self.store)

    def assert_trunk(self, file: Path) -> None:
        """Fail where a file is no trunk in the store."""
        assert file.is_relative_to(self.store)
        BACKBONE.build().load_state_dict(load_state(file))


def save_trunk(file: Path) -> Path:
    """Write the weights of a trunk that sources are tried with; return the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(BACKBONE.build().state_dict(), file)
    return file


class InitContract:
    """What every source of initial weights keeps; parametrise a subclass with `config`.

    A file that it names holds the weights of a `resnet10`; `save_trunk` writes one.
    """

    @pytest.fixture
    def place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
        """Return a root with a dataset, outside the working folder; torch has nothing in its cache."""
        place = Place(tmp_path)
        images = place.datasets / "faces" / "images"
        images.mkdir(parents=True)
        Image.new("RGB", (IMAGE_PX, IMAGE_PX)).save(images / "0.png")
        row = {"file": "images/0.png", "subject": "0", "split": "train", "yaw_deg": 0.0, "pitch_deg": 0.0}
        write_labels(images.parent, pd.DataFrame([row]), source="one black square")
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
        return place

    def test_it_gives_nothing_or_a_trunk_in_the_store_or_a_pretraining(
        self, config: InitConfig, place: Place
    ) -> None:
        match place.trunk(config):
            case None:
                assert not place.store.exists()
            case Path() as file:
                place.assert_trunk(file)
            case Pretraining() as pretraining:
                assert config.pretraining is not None
                assert pretraining.backbone == BACKBONE and pretraining.epochs >= 1
                assert pretraining.trunk(place.store).is_relative_to(place.store)

    def test_what_is_random_gives_nothing(self, config: InitConfig, place: Place) -> None:
        assert config.is_random == (place.trunk(config) is None)

    def test_asked_again_it_gives_the_same(self, config: InitConfig, place: Place) -> None:
        first = place.trunk(config)
        assert place.trunk(config) == first
        assert hash(config) == hash(config)

    def test_a_pretraining_that_is_done_is_a_trunk_like_any_other(
        self, config: InitConfig, place: Place
    ) -> None:
        first = place.trunk(config)
        if isinstance(first, Pretraining):
            file = save_trunk(first.trunk(place.store))
            assert place.trunk(config) == file
            place.assert_trunk(file)

    def test_nothing_is_written_but_to_the_store(self, config: InitConfig, place: Place) -> None:
        before = place.files(config)
        place.trunk(config)
        assert place.files(config) == before

    def test_a_check_writes_nothing_and_refuses_nothing_that_can_be_had(
        self, config: InitConfig, place: Place
    ) -> None:
        config.check(InitRequest(BACKBONE, IMAGE_PX, TrainSource(dataset="faces")), datasets=place.datasets)
        assert not place.store.exists()

    def test_weights_of_another_backbone_are_refused_by_what_differs(
        self, config: InitConfig, place: Place
    ) -> None:
        if config.files:
            with pytest.raises(InputError, match="not the trunk of a resnet50") as caught:
                place.trunk(config, ResNet50Config())
            assert all(fault.file in config.files for fault in caught.value.faults)

    @pytest.mark.parametrize("image_px", [IMAGE_PX, 224])
    @pytest.mark.parametrize(
        "backbone", [row() for row in BACKBONES.built_in.values()], ids=BACKBONES.built_in
    )
    def test_a_network_that_cannot_start_from_it_is_refused_when_the_config_is_read(
        self, config: InitConfig, backbone: Backbone, image_px: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a source says of itself: no file is read here."""
        reason = config.incompatibility(backbone, image_px)
        found = parse_config(
            {
                "data": {"train": {"dataset": "faces"}, "image_px": image_px},
                "network": {"backbone": backbone},
                "init": written(INITS, config, monkeypatch),
            }
        )
        if reason is None:
            assert not isinstance(found, list)
        else:
            assert isinstance(found, list)
            [(path, fault)] = found
            assert path[0] == "init" and fault.message == reason and " " in reason
