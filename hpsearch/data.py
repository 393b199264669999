"""Datasets by name for the command line: build them, show them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from hpsearch.launch import Screen
from hpsearch.spec import load_spec
from hpsearch.studies import datasets_folder
from trainables.datasets import DatasetRef, ensure_dataset, open_dataset
from trainables.datasets.prepared import PreparedDataset

if TYPE_CHECKING:
    pass

_REF: TypeAdapter[DatasetRef] = TypeAdapter(DatasetRef)


def build(what: str, root: Path, screen: Screen) -> list[PreparedDataset]:
    """Build the dataset called `what`, or all that the search space at `what` names; return them.

    Raises `BadInput` for a name or file that is not there.
    """
    refs = _refs_of_space(Path(what)) if re.search(r"\.ya?ml$", what) else [_REF.validate_python(what)]
    built = []
    for ref in refs:
        with screen.building("rendered-heads") as progress:
            built.append(ensure_dataset(ref, datasets_folder(root), progress))
    return built


def _refs_of_space(file: Path) -> list[DatasetRef]:
    spec = load_spec(file)
    refs: list[DatasetRef] = []
    for params in spec.space.probes():
        config = spec.config(params)
        refs += [ref for ref in (config.data.train.dataset, config.validation_dataset) if ref not in refs]
    return refs


def show(name: str, root: Path, out: Path | None, split: str | None) -> str:
    """Write the contact sheet of a dataset that is there; return a line that says where.

    Raises `BadInput` for a dataset or split that is not there.
    """
    from trainables.contact_sheet import contact_sheet

    dataset = open_dataset(_REF.validate_python(name), datasets_folder(root))
    sheet = out or Path(f"{dataset.name}.png")
    contact_sheet(dataset, sheet, split=split)
    return f"{sheet}: {dataset.card.images} images of {dataset.card.subjects} subjects, {dataset.card.source}"
