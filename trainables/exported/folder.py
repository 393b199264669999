"""Writes and reads the folder of an exported network: weights, config and ONNX file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, Strict, ValidationError, ValidationInfo, field_validator
from torch import Tensor, nn

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config, Variant, faults_of
from trainables.base.tensors import check_fit, load_tensors, save_tensors
from trainables.base.yaml_document import load_yaml
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.exported.onnx_file import write_onnx
from trainables.model.backbones import Backbone
from trainables.model.fused import fused
from trainables.model.heads import HEADS, CertainHead, HeadConfig
from trainables.model.network import HeadPoseNetwork, build_network
from trainables.pose.angles import CONVENTION
from trainables.target import TARGETS, Label, TargetConfig

WEIGHTS = "model.safetensors"
CARD = "config.yaml"
ONNX = "model.onnx"
README = "README.md"

ENTROPY = "entropy_nats"
"""Name of the second output of a network that says how certain it is."""

SETTINGS = "settings"
"""The key of the settings' own SHA-256."""

AGAIN = "not as it was exported: its SHA-256 is another than {} says: export it again, or copy it again"

RECORD = frozenset({"sha256", "training", "provenance"})
"""Keys of the card that the network does not follow from."""

Channels = Annotated[tuple[float, float, float], Strict(False)]
Names = Annotated[tuple[str, ...], Strict(False), Field(min_length=1)]


class NetworkCard(Config):
    """The contents of `config.yaml`. Only the part before `sha256` is needed to rebuild the network."""

    format: Literal[1] = 1
    """Version of this file's format."""
    backbone: Backbone
    """The trunk."""
    head: Annotated[HeadConfig, Variant(HEADS)]
    """The head that turns features into labels."""
    target: Annotated[TargetConfig, Variant(TARGETS)] = TARGETS["head_pose"]()
    """What the outputs are."""
    angles: Names
    """Names of the labels, in the order of the outputs: the angles of a head pose."""
    image_px: Annotated[int, Field(ge=32, le=512)]
    """Side of the square input, pixels."""
    evaluation_zoom: Annotated[float, Field(ge=0, le=0.9)] = 0.0
    """Share of a face crop's side that is cut off around its centre before it is scaled to the input."""
    mean: Channels = IMAGENET_MEAN
    """Subtracted from red, green and blue; black is 0, white is 1."""
    std: Annotated[Channels, Field(min_length=3)] = IMAGENET_STD
    """Divides red, green and blue afterwards."""
    convention: str = CONVENTION
    """What the labels mean, such as the signs of angles."""
    sha256: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of each file, of this one without these lines, and of the settings above as `settings`. Older
    versions wrote fewer, or none."""
    training: dict[str, Any] = Field(default_factory=dict)
    """The training config of the weights: for the record, and to train again."""
    provenance: dict[str, Any] = Field(default_factory=dict)
    """Study, trial, its errors, hashes of its data, version of the code."""

    @field_validator("angles")
    @classmethod
    def _are_labels(cls, names: tuple[str, ...], fields: ValidationInfo) -> tuple[str, ...]:
        target = fields.data.get("target")  # absent where it has faults of its own
        known = () if target is None else tuple(label.name for label in target.labels)
        if target is not None and names != known[: len(names)]:
            raise ValueError(f"must be the first of {', '.join(known)}, got {', '.join(names)}")
        return names

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of the outputs."""
        return self.target.labels[: len(self.angles)]

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs: the labels, and the entropy where the head says how certain it is."""
        with torch.random.fork_rng(devices=[]):
            certain = isinstance(self.head.build(1, self.angles), CertainHead)
        return (self.target.output, ENTROPY) if certain else (self.target.output,)

    def build(self) -> HeadPoseNetwork:
        """Make the network with random weights."""
        return build_network(self.backbone, self.head, self.angles, dropout=0.0, seed=0)


class PoseNetwork(nn.Module):
    """The network with normalisation and decoding: uint8 images in, labels out; made in evaluation mode."""

    def __init__(self, network: HeadPoseNetwork, mean: Channels, std: Channels) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor
        self.eval()

    def forward(self, image: Tensor) -> Tensor:
        """Return the labels [B, L] of RGB images [B, 3, H, W], uint8."""
        labels: Tensor = self.outputs(image)[0]
        return labels

    def outputs(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the labels, and the entropy [B] in nats where the head says how certain it is."""
        head = self.network.head
        raw = self.network((image.float() - self.mean) / self.std).pose_raw
        return head.decode_with_entropy(raw) if isinstance(head, CertainHead) else (head.decode(raw),)


class _Outputs(nn.Module):
    """All outputs of a network, for ONNX, which takes those of `forward`."""

    def __init__(self, network: PoseNetwork) -> None:
        super().__init__()
        self.network = network
        self.eval()

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return `PoseNetwork.outputs`."""
        return self.network.outputs(image)


def write_network(folder: Path, network: HeadPoseNetwork, card: NetworkCard) -> None:
    """Write weights, card and ONNX file of a network without branches into an existing folder.

    The weights are those that were trained; in the ONNX file parallel convolutions are merged.
    """
    save_tensors(network.state_dict(), folder / WEIGHTS)
    write_graph(network, card, folder / ONNX)
    seal(folder, card)


def write_graph(network: HeadPoseNetwork, card: NetworkCard, file: Path) -> None:
    """Write a network without branches as an ONNX file, parallel convolutions merged."""
    whole = PoseNetwork(fused(network), card.mean, card.std)
    module = _Outputs(whole) if len(card.outputs) > 1 else whole
    write_onnx(module, card.image_px, card.outputs, card.evaluation_zoom, file)


def seal(folder: Path, card: NetworkCard) -> None:
    """Write the card with the SHA-256 of each file that is in the folder, and of its own contents."""
    from ruamel.yaml import YAML

    tree = card.model_dump(mode="json")
    files = {name: _sha256(folder / name) for name in (WEIGHTS, ONNX, README) if (folder / name).is_file()}
    tree["sha256"] = files | {CARD: _contents(tree), SETTINGS: _settings(tree)}
    yaml = YAML()
    yaml.width = 200
    with (folder / CARD).open("w", encoding="utf-8") as out:
        yaml.dump(tree, out)


def read_network(folder: Path) -> tuple[PoseNetwork, NetworkCard]:
    """Return the network that `write_network` wrote, on the CPU. No code in the folder is run.

    Raises `InputError` for a folder without one, wrong settings, weights that are damaged or belong to
    another network, and files that are not those that were written, to the bit.
    """
    missing = [name for name in (CARD, WEIGHTS) if not (folder / name).is_file()]
    if missing:
        reason = f"no exported network here ({' and '.join(missing)} missing): `hpsearch export` writes one"
        raise InputError(Fault(reason, file=str(folder)))
    card, digests = _read_card(folder / CARD)
    network = card.build()
    try:
        weights = load_tensors(folder / WEIGHTS)
        check_fit(weights, network.state_dict())
        network.load_state_dict(weights)
    except ValueError as error:
        raise InputError(Fault(str(error), file=str(folder / WEIGHTS))) from None
    except RuntimeError as error:
        first = str(error).splitlines()[1:2] or [str(error)]
        reason = f"weights of another network than {CARD} describes: {first[0].strip()}"
        raise InputError(Fault(reason, file=str(folder / WEIGHTS))) from None
    _check_unchanged(folder, card, digests)
    return PoseNetwork(network, card.mean, card.std), card


def _check_unchanged(folder: Path, card: NetworkCard, digests: Mapping[str, str]) -> None:
    """Raise `InputError` where a file has changed since it was written; what was not copied is not missed."""
    there = [name for name in (WEIGHTS, ONNX, README) if (folder / name).is_file()]
    found = {name: _sha256(folder / name) for name in there if name in card.sha256} | dict(digests)
    changed = [name for name, digest in found.items() if card.sha256.get(name, digest) != digest]
    files = dict.fromkeys(CARD if name == SETTINGS else name for name in changed)
    if files:
        raise InputError([Fault(AGAIN.format(CARD), file=str(folder / name)) for name in files])


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _settings(tree: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what rebuilds the network, as a card's file holds it."""
    return _digest({key: value for key, value in tree.items() if key not in RECORD})


def _contents(tree: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a card's file holds but the digests."""
    return _digest({key: value for key, value in tree.items() if key != "sha256"})


def _digest(tree: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _read_card(file: Path) -> tuple[NetworkCard, dict[str, str]]:
    """Return a card, and the SHA-256 of its settings and of its contents."""
    document = load_yaml(file)
    tree = document.tree
    try:
        return NetworkCard.model_validate(tree), {SETTINGS: _settings(tree), CARD: _contents(tree)}
    except ValidationError as error:
        raise InputError(
            [
                replace(fault, file=document.file, line=document.line(path))
                for path, fault in faults_of(error, NetworkCard)
            ]
        ) from None
