"""Opens the study in a folder: to write it, to read it, or to see whether it has begun."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from hpsearch.study.bounds import Costs, not_known
from hpsearch.study.journal.journal import WRONG, reading, unreadable, writing
from hpsearch.study.journal.schema import PROVENANCE, ZOOMED
from hpsearch.study.records import Provenance, StudyRecord
from hpsearch.study.spec import StudySpec
from hpsearch.study.study import Study
from trainables.base.errors import InputError


@contextmanager
def all_kept() -> Iterator[None]:
    """Spare the search for garbage while a study is read: very many objects are made, and nearly all stay.

    It looks through all of them again and again, which is a third of the time. It is for what ends soon:
    garbage with cycles waits until then.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@all_kept()
def open_study(folder: Path, spec: StudySpec, provenance: Provenance, costs: Costs = not_known) -> Study:
    """Open a study for writing, or begin it. The caller holds the study's lock.

    `costs` says what networks cost, where the search looks at it.

    Raises `InputError` for a damaged or lost journal, and for one that cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its word on every trial, which the live table has
    storage = writing(folder, spec.name)
    name, pruner = spec.name, spec.search.pruner.build(spec.epochs)
    if storage.get_all_studies():  # to create it again would write that to the journal
        study = optuna.load_study(study_name=name, storage=storage, pruner=pruner)
    else:
        study = optuna.create_study(
            storage=storage, study_name=name, pruner=pruner, direction=spec.objective.direction.value
        )
    if PROVENANCE in study.user_attrs:
        opened, record = _readable(study, storage, folder, spec, costs)  # before anything is added
        if record.trials:
            provenance = provenance.after(record.provenance)
    else:
        study.set_user_attr(ZOOMED, True)
        opened = Study(study, storage, folder, spec, costs)
    study.set_user_attr(PROVENANCE, provenance.written())
    return opened


@all_kept()
def read_study(folder: Path, spec: StudySpec) -> StudyRecord:
    """Read a study that may be running: nothing is written.

    Raises `InputError` where its launch was stopped before it began, and for a damaged or lost journal.
    """
    storage = reading(folder, spec.name)
    study = _begun(storage, spec)
    if study is None:
        raise InputError(f"study {spec.name!r} has not begun: launch it again")
    _, record = _readable(study, storage, folder, spec)
    return record


def _begun(storage: BaseStorage, spec: StudySpec) -> optuna.Study | None:
    """Return Optuna's study in a journal; None where it has not begun."""
    there = bool(storage.get_all_studies())
    study = optuna.load_study(study_name=spec.name, storage=storage) if there else None
    return study if study is not None and PROVENANCE in study.user_attrs else None


def _readable(
    study: optuna.Study,
    storage: BaseStorage,
    folder: Path,
    spec: StudySpec,
    costs: Costs = not_known,
) -> tuple[Study, StudyRecord]:
    """Return a study and its record. Raises `InputError` naming the first line that cannot be read."""
    spec = _as_begun(spec, study)

    def read(part: BaseStorage) -> None:
        if (so_far := _begun(part, spec)) is not None:
            Study(so_far, part, folder, spec).record()

    try:
        opened = Study(study, storage, folder, spec, costs)
        return opened, opened.record()
    except WRONG as error:
        raise InputError(unreadable(folder, read, error)) from None


def as_begun(folder: Path, spec: StudySpec) -> StudySpec | None:
    """Return a space as the study in `folder` reads it; None where no trial of it was ever asked for.

    Raises `InputError` for a damaged or lost journal.
    """
    storage = reading(folder, spec.name)
    if not storage.get_all_studies():
        return None
    study = optuna.load_study(study_name=spec.name, storage=storage)
    return _as_begun(spec, study) if study.trials else None


def _as_begun(spec: StudySpec, study: optuna.Study) -> StudySpec:
    return replace(spec, whole_images=ZOOMED not in study.user_attrs)


def provenance_of(folder: Path, name: str) -> tuple[Provenance | None, bool]:
    """Return what the study `name` in `folder` has kept of its inputs, and whether a trial trained an epoch.

    Raises `InputError` for a damaged or lost journal.
    """
    storage = reading(folder, name)
    if not storage.get_all_studies():
        return None, False
    study = optuna.load_study(study_name=name, storage=storage)
    trained = any(trial.intermediate_values for trial in study.get_trials(deepcopy=False))
    written = study.user_attrs.get(PROVENANCE)
    return None if written is None else Provenance.read(written), trained
