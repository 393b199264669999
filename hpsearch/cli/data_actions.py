"""The actions of `hpsearch data`: datasets are built, imported, checked and shown by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from hpsearch.study.folders import datasets_folder
from trainables.base.disk import ensure_folder
from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config, faults_of
from trainables.data.datasets import DatasetRef, ensure_dataset, name_fault, open_dataset
from trainables.data.datasets.check import Check, check_dataset
from trainables.data.datasets.import_report import ImportReport, Progress
from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.datasets.raw import ImporterConfig

_REF: TypeAdapter[DatasetRef] = TypeAdapter(DatasetRef)


Building = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Given a dataset's name, shows how far its building is; called with images done and images in all."""


def build(what: str, root: Path, building: Building) -> list[PreparedDataset]:
    """Build the dataset called `what`, or all that the search space at `what` names; return them.

    Raises `InputError` for a name or file that is not there, and for a root that cannot be written.
    """
    refs = _refs_of_space(Path(what)) if re.search(r"\.ya?ml$", what) else [_ref(what)]
    datasets, built = ensure_folder(datasets_folder(root)), []
    for ref in refs:
        with building("rendered-heads") as progress:
            built.append(ensure_dataset(ref, datasets, progress))
    return built


def _ref(name: str) -> DatasetRef:
    """Return what a dataset's name stands for. Raises `InputError` for what cannot be one."""
    if fault := name_fault(name):
        raise InputError(fault)
    return _REF.validate_python(name)


def _refs_of_space(file: Path) -> list[DatasetRef]:
    from hpsearch.study.spec import load_spec  # loads the whole training config

    spec = load_spec(file)
    refs: list[DatasetRef] = []
    for params in spec.space.probes():
        refs += [ref for ref in spec.config(params).datasets if ref not in refs]
    return refs


def import_raw(
    kind: str,
    raw: Path,
    name: str,
    root: Path,
    options: Mapping[str, str],
    progress: Callable[[Progress], None],
) -> ImportReport:
    """Import the raw dataset `kind` at `raw` as the prepared dataset `name`; `options` are as typed.

    Raises `InputError` for a wrong option, name or folder, a root that cannot be written, and a dataset of
    which too much cannot be read.
    """
    faults = [Fault(fault, "--out")] if (fault := name_fault(name)) else []
    config = IMPORTERS[kind]
    try:
        settings = config.model_validate({key: _typed(config, key, text) for key, text in options.items()})
    except ValidationError as error:
        faults += [
            replace(fault, where=f"--{fault.where.replace('_', '-')}")
            for _, fault in faults_of(error, config)
        ]
    if faults:
        raise InputError(faults)
    importer = cast(ImporterConfig, settings)  # every row of the table builds its dataset
    out = ensure_folder(datasets_folder(root)) / name
    return replace(import_dataset(kind, importer, raw, out, progress=progress), note=importer.note)


def _typed(config: type[Config], key: str, text: str) -> object:
    """Return the text of an option as the type of its setting; commas separate the items of a list."""
    if isinstance(config.model_fields[key].default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return YAML(typ="safe").load(text)


def check(name: str, root: Path) -> Check:
    """Check the dataset called `name`. Raises `InputError` where there is none."""
    return check_dataset(open_dataset(_ref(name), datasets_folder(root)).folder)


def show(name: str, root: Path, out: Path | None, split: str | None) -> str:
    """Write the contact sheet of a dataset; return a line that says where.

    `out` is a file or folder (None: the current one). Raises `InputError` for a missing dataset or split, and
    as `contact_sheet` does.
    """
    from trainables.data.contact_sheet import contact_sheet

    dataset = open_dataset(_ref(name), datasets_folder(root))
    sheet = out or Path()
    if sheet.is_dir():
        sheet = sheet / f"{dataset.name}.png"
    contact_sheet(dataset, sheet, split=split)
    return f"{sheet}: {dataset.card.images} images of {dataset.card.subjects} subjects, {dataset.card.source}"
