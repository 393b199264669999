"""Reads weights from a file as tensors alone, checks them against the backbone, copies them to the store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.base.atomic import save_state
from trainables.base.errors import Fault, InputError, why
from trainables.base.tensors import SUFFIX, check_fit, load_pickled, load_tensors, some
from trainables.model.backbones import Backbone, TranslatingBackbone, title, written
from trainables.model.inits.request import TRUNK
from trainables.model.network import trunk_on_meta


def keep_trunk(file: Path, backbone: Backbone, label: str, store: Path) -> Path:
    """Copy the trunk in `file` below `store`, under the file's hash, and return the copy.

    Raises `InputError` for a file that is not there, cannot be read, or holds another backbone.
    """
    digest = _digest(file)
    kept = (
        store / f"{label}-{hashlib.sha256(f'{digest} {written(backbone)}'.encode()).hexdigest()[:12]}" / TRUNK
    )
    if not kept.is_file():
        save_state(read_trunk(file, backbone), kept)
    return kept


def read_trunk(file: Path, backbone: Backbone) -> dict[str, Tensor]:
    """Return the trunk in `file`. Raises `InputError` as `keep_trunk` does."""
    return trunk_of(_read(file), backbone, file)


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InputError(Fault(f"no weights can be read here: {why(error)}", file=str(file))) from None


def trunk_of(weights: Mapping[str, Any], backbone: Backbone, file: Path) -> dict[str, Tensor]:
    """Return the trunk in the weights of a trunk, of torchvision's or timm's classifier, or of a network.

    A vision transformer's may also have the names of those who published it. Raises `InputError` listing what
    is missing, what is too much, what has another shape, what are no weights (bytes, complex, sparse,
    quantised), and what holds values that are not finite.
    """
    empty = trunk_on_meta(backbone)
    whole = any(name.startswith("trunk.") for name in weights)
    if not whole and isinstance(backbone, TranslatingBackbone):
        try:
            weights = backbone.translated(weights)
        except ValueError as error:
            raise InputError(Fault(str(error), file=str(file))) from None
    trunk = {
        name.removeprefix("trunk."): value
        for name, value in weights.items()
        if (name.startswith("trunk.") if whole else not name.startswith(empty.beside))
    }
    expected = empty.state_dict()
    try:
        check_fit(trunk, expected)
    except ValueError as error:
        raise InputError(Fault(str(error), file=str(file))) from None
    shapes = {name: tuple(value.shape) for name, value in trunk.items() if isinstance(value, Tensor)}
    counters = {name for name in expected if name.endswith("num_batches_tracked")}  # older files lack them
    faults = {
        "has no": sorted(expected.keys() - shapes.keys() - counters),
        "has": sorted(trunk.keys() - expected.keys()),
        "has in another shape": sorted(
            name for name in shapes.keys() & expected.keys() if shapes[name] != expected[name].shape
        ),
    }
    if any(faults.values()):
        listed = "; ".join(f"it {what} {some(names)}" for what, names in faults.items() if names)
        rule = f"not the trunk of a {title(backbone)}: {listed}. Take the backbone that it was trained with"
        raise InputError(Fault(rule, file=str(file)))
    if broken := sorted(name for name, value in trunk.items() if not value.isfinite().all()):
        rule = (
            f"values that are not finite (NaN or infinite) in {some(broken)}: take weights of another epoch"
        )
        raise InputError(Fault(rule, file=str(file)))
    return trunk | {name: torch.tensor(0) for name in counters - trunk.keys()}


def _read(file: Path) -> dict[str, Any]:
    """Return the tensors in a file by name; code in it is never run."""
    try:
        weights = load_tensors(file) if file.suffix == SUFFIX else load_pickled(file)
    except (OSError, ValueError) as error:
        raise InputError(Fault(f"no weights can be read here: {why(error)}", file=str(file))) from None
    if not isinstance(weights, Mapping) or not all(isinstance(name, str) for name in weights):
        raise InputError(Fault("holds no tensors by name", file=str(file)))
    return dict(weights)
