"""The actions of `hpsearch data`: datasets are listed, built, imported, checked, shown, deleted by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML

from hpsearch.cli.output import size
from hpsearch.study.folders import datasets_folder
from trainables.base.disk import ensure_folder
from trainables.base.errors import Fault, InputError, why
from trainables.base.schema import Config, faults_of
from trainables.data.datasets import DatasetRef, dataset_name, ensure_dataset, name_fault, open_dataset
from trainables.data.datasets.check import Check, check_dataset
from trainables.data.datasets.import_report import ImportReport, Progress
from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.last_check import remember
from trainables.data.datasets.prepared import CARD, PreparedDataset
from trainables.data.datasets.raw import ImporterConfig
from trainables.data.decoded import kept_bytes

_REF: TypeAdapter[DatasetRef] = TypeAdapter(DatasetRef)


Building = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Given a dataset's name, shows how far its building is; called with images done and images in all."""


def build(what: str, root: Path, building: Building) -> list[PreparedDataset]:
    """Build the dataset called `what`, or all that the search space at `what` names; return them.

    Raises `InputError` for a name or file that is not there, and for a root that cannot be written.
    """
    refs = _refs_of_space(Path(what)) if re.search(r"\.ya?ml$", what) else [reference(what)]
    datasets, built = ensure_folder(datasets_folder(root)), []
    for ref in refs:
        with building("rendered-heads") as progress:
            built.append(ensure_dataset(ref, datasets, progress))
    return built


def list_text(root: Path) -> str:
    """Return the datasets below the root as a table: images, subjects, splits, bytes kept decoded, source."""
    folder = datasets_folder(root)
    rows = [("dataset", "images", "subjects", "splits", "decoded", "source")]
    for path in sorted(path for path in folder.glob("*") if path.is_dir() and not path.name.startswith(".")):
        rows.append((path.name, *_cells(path)))
    if len(rows) == 1:
        return f"no dataset below {root} yet: `hpsearch data build` and `hpsearch data import` make some"
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _cells(folder: Path) -> tuple[str, str, str, str, str]:
    if not (folder / CARD).is_file():
        return "", "", "", "", "not finished: build or import it again"
    try:
        card = PreparedDataset(folder).card
    except InputError as error:  # the others are shown all the same
        return "", "", "", "", error.faults[0].message
    splits = ", ".join(f"{name} {images}" for name, images in card.splits.items())
    kept = kept_bytes(folder)
    return str(card.images), str(card.subjects), splits, size(kept) if kept else "", card.source


def delete(name: str, root: Path, sure: Callable[[str], bool]) -> str | None:
    """Delete the dataset called `name`; see `hpsearch.lifecycle.dataset_deletion`."""
    from hpsearch.lifecycle.dataset_deletion import delete_dataset  # loads the whole training config

    return delete_dataset(dataset_name(reference(name)), root, sure)


def _only(root: Path) -> str:
    """Return the name of the one dataset below the root. Raises `InputError` unless there is exactly one."""
    match sorted(path.parent.name for path in datasets_folder(root).glob(f"*/{CARD}")):
        case [name]:
            return name
        case []:
            raise InputError(f"no dataset below {root} yet: build or import one, or give another --root")
        case names:
            raise InputError(f"{len(names)} datasets below {root}, name one of them: {', '.join(names)}")


def reference(name: str) -> DatasetRef:
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
    config = IMPORTERS.configs[kind]
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


def check(name: str | None, root: Path) -> Check:
    """Check the dataset called `name`, or the only one, and keep what was found beside it.

    Raises `InputError` where there is none.
    """
    folder = open_dataset(reference(name or _only(root)), datasets_folder(root)).folder
    checked = check_dataset(folder)
    remember(checked, folder)
    return checked


def first_look(name: str, root: Path) -> str:
    """Check a dataset that was imported just now; return what is odd about it, and where its picture is."""
    checked = check(name, root)
    said = [f"FAULT: {text}" for text in checked.faults] + [f"warning: {text}" for text in checked.warnings]
    return "\n".join([*(said or ["checked: nothing odd was found"]), picture(checked, root)])


def picture(checked: Check, root: Path) -> str:
    """Write the picture of a check beside its dataset; return a line that says where, or why not."""
    from trainables.data.check_picture import NAME, check_picture

    dataset = open_dataset(checked.name, datasets_folder(root))
    try:
        return f"picture: {check_picture(dataset, checked, dataset.folder / NAME)}"
    except OSError as error:  # a shared dataset may not be ours to write
        return f"no picture of it: {why(error)}"


def repair(name: str | None, root: Path) -> tuple[str, Check]:
    """Drop the images of a dataset that are of no use; return what to say of it, and a check of the rest.

    Its `dataset.json` says afterwards what is there. Raises `InputError` where there is no such dataset,
    where a launch uses it, and where nothing would be left.
    """
    from hpsearch.lifecycle.dataset_deletion import refuse_used, users_text  # loads the whole training config
    from trainables.data.datasets.repair import repair as repaired

    dataset = open_dataset(reference(name or _only(root)), datasets_folder(root))
    refuse_used(dataset.name, root)
    before = check_dataset(dataset.folder)
    if not before.bad and before.content_hash == dataset.card.content_hash:
        return f"{dataset.name}: nothing to repair", before
    after = check_dataset(repaired(dataset, before.bad).folder)
    said = (
        f"{dataset.name}: dropped {len(before.bad)} images{': ' if before.bad else ''}{', '.join(before.bad)}"
    )
    users = users_text(dataset.name, root)
    others = f"; what has trained on it does not go on ({users})" if users else ""
    return f"{said}; its content has another digest{others}", after


def show(name: str | None, root: Path, out: Path | None, split: str | None) -> str:
    """Write the contact sheet of a dataset, by default the only one; return a line that says where.

    `out` is a file or folder (None: the current one). Raises `InputError` for a missing dataset or split, and
    as `contact_sheet` does.
    """
    from trainables.data.contact_sheet import contact_sheet

    dataset = open_dataset(reference(name or _only(root)), datasets_folder(root))
    sheet = out or Path()
    if sheet.is_dir():
        sheet = sheet / f"{dataset.name}.png"
    contact_sheet(dataset, sheet, split=split)
    return f"{sheet}: {dataset.card.images} images of {dataset.card.subjects} subjects, {dataset.card.source}"
