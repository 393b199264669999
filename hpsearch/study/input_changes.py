"""Looks whether what a study's trials are trained from is what it was: datasets, files of initial weights.

Their content belongs to what a trial means. What a study has first seen is kept in its journal, and looked
at again whenever the study goes on.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hpsearch.study.inputs import DatasetSeen, FileSeen, Inputs
from hpsearch.study.opening import provenance_of
from hpsearch.study.records import Provenance
from hpsearch.study.spec import SECTION, StudySpec
from hpsearch.study.store import SPACE
from trainables.base.errors import Fault, InputError, why
from trainables.data.datasets.digests import DatasetDigests
from trainables.data.datasets.prepared import CARD, PreparedDataset
from trainables.data.datasets.recognition import ContentChanged, digests_of, known_again


class InputsChanged(Exception):
    """While a study ran, its data became another: nothing can be compared with what was trained before."""


def look_at_inputs(spec: StudySpec, folder: Path, datasets: Path) -> Inputs:
    """Return what the trials of the study in `folder` are trained from, as it was when they were first.

    Datasets that are not built yet are left out. Raises `InputError` with everything that changed since a
    trial trained on it, that is missing, or that is not what its `dataset.json` says.
    """
    before, trained = _recorded(spec, folder)
    known = before.inputs if before and trained else Inputs()
    faults: list[Fault] = []
    seen: dict[str, DatasetSeen] = {}
    for dataset in _there(spec, datasets):
        try:
            seen[dataset.name] = _dataset(spec.name, dataset, known, before if trained else None)
        except InputError as error:
            faults += error.faults
    files: dict[str, FileSeen] = {}
    for path in _files(spec):
        try:
            files[path] = _file(spec.name, path, known)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return Inputs({**known.datasets, **seen}, {**known.files, **files})


def check_inputs(name: str, inputs: Inputs, datasets: Path) -> None:
    """Look at the datasets again while a study runs.

    Raises `InputsChanged` where one has changed, and `InputError` where images are missing.
    """
    for dataset, seen in inputs.datasets.items():
        try:
            known_again(PreparedDataset(datasets / dataset), seen.digests, seen.seen_s)
        except ContentChanged as change:
            raise InputsChanged(
                f"dataset {dataset!r} became another while study {name!r} ran: {change}. Put back what was "
                f"there and launch again, or search the new data under a name of its own ({SECTION}.name): "
                f"trials that ended since {_day(seen.seen_s)} may have seen either"
            ) from None


def _recorded(spec: StudySpec, folder: Path) -> tuple[Provenance | None, bool]:
    """Return what the study in `folder` has kept, and whether a trial of it has trained an epoch."""
    return provenance_of(folder, spec.name) if (folder / SPACE).is_file() else (None, False)


def _there(spec: StudySpec, datasets: Path) -> Iterator[PreparedDataset]:
    for name in spec.datasets:
        if (datasets / name / CARD).is_file():
            yield PreparedDataset(datasets / name)


def _dataset(study: str, dataset: PreparedDataset, known: Inputs, before: Provenance | None) -> DatasetSeen:
    """Return what is known of a dataset. Raises `InputError` where it is not what it was."""
    seen, what = known.datasets.get(dataset.name), f"dataset {dataset.name!r}"
    if seen is not None:
        try:
            return replace(seen, digests=known_again(dataset, seen.digests, seen.seen_s))
        except ContentChanged as change:
            raise _other(study, what, seen.seen_s, str(change), dataset.folder) from None
    digests = digests_of(dataset)
    if before is None:
        _refuse_false_card(dataset, digests)
    elif _older(dataset, before):  # a study that was begun before digests were kept
        raise _other(study, what, None, "it was written again", dataset.folder)
    return DatasetSeen(digests, time.time())


def _refuse_false_card(dataset: PreparedDataset, digests: DatasetDigests) -> None:
    if digests.content != dataset.card.content_hash:
        rule = (
            "labels or images changed since this dataset was written. Import it again, or, where that was on "
            f"purpose, let dataset.json say so: `hpsearch data check {dataset.name} --repair`"
        )
        raise InputError(Fault(rule, file=str(dataset.folder)))


def _older(dataset: PreparedDataset, before: Provenance) -> bool:
    """Say whether a study names the dataset with another content hash."""
    written = {text.rpartition(" @ ")[::2] for text in before.datasets.values()}
    hashes = {content for name, content in written if name == dataset.name}
    return bool(hashes) and dataset.card.content_hash not in hashes


def _files(spec: StudySpec) -> tuple[str, ...]:
    """Return the files of initial weights that the designs name, each once."""
    return tuple(dict.fromkeys(path for config in spec.configs for path in config.init.files))


def _file(study: str, path: str, known: Inputs) -> FileSeen:
    """Return what is known of a file. Raises `InputError` where it is not what it was."""
    try:
        with Path(path).expanduser().open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise InputError(Fault(f"no weights can be read here: {why(error)}", file=path)) from None
    seen = known.files.get(path)
    if seen is None:
        return FileSeen(digest, time.time())
    if seen.sha256 != digest:
        raise _other(study, "this file of initial weights", seen.seen_s, "its SHA-256 is another", Path(path))
    return seen


def _other(study: str, what: str, seen_s: float | None, change: str, place: Path) -> InputError:
    when = "" if seen_s is None else f" of {_day(seen_s)}"
    return InputError(
        Fault(
            f"{what} is not the one{when} that trials of study {study!r} were trained from: {change}. They "
            "cannot be compared with new ones. Put back what was there, or give the search a name of its own "
            f"({SECTION}.name)",
            file=str(place),
        )
    )


def _day(seen_s: float) -> str:
    return datetime.fromtimestamp(seen_s).astimezone().strftime("%Y-%m-%d %H:%M")
