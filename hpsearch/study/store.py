"""Finds a study below the root, and checks that a changed space file still describes the same study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hpsearch.space.holes import Choice, Hole
from hpsearch.study.folders import studies_folder
from hpsearch.study.lock import holder_of
from hpsearch.study.naming import rows
from hpsearch.study.opening import as_begun, provenance_of, read_study
from hpsearch.study.plugins import known_tables, origins_of
from hpsearch.study.records import StudyRecord, StudyState, TrialState
from hpsearch.study.spec import SECTION, StudySpec, load_spec
from trainables.base.atomic import write_text
from trainables.base.errors import Fault, InputError, nearest
from trainables.base.plugins import installed

SPACE = "space.yaml"
"""The search space as it was launched, in the study's folder."""

CHANGEABLE = frozenset(
    {
        *((SECTION, key) for key in ("budget", "confirm", "epoch_timeout_s", "leaders", "name", "resources")),
        *((SECTION, key) for key in ("frozen_gb", "patience_s", "retries", "tracking")),
        ("data", "test"),
    }
)
"""Keys that may change between launches: they do not change what a trial means."""

LONGEST_VALUE = 100
"""Characters of a value in a message."""


def find_study(root: Path, name: str) -> StudyRecord:
    """Read the study called `name`, which may be running: where nobody runs it, no trial of it is RUNNING.

    Raises `InputError` where there is none.
    """
    folder = study_folder(root, name)
    held = holder_of(folder) is not None  # before it is read: what ends meanwhile is recorded as ended
    study = read_study(folder, kept_spec(folder))
    return study if held else left(study)


def kept_spec(folder: Path) -> StudySpec:
    """Read the space that the study in `folder` was launched with.

    Raises `InputError`, which names the packages of the study's plug-ins where they are not installed.
    """
    try:
        return load_spec(folder / SPACE, name=folder.name)
    except InputError:
        if faults := _missing_packages(folder):
            raise InputError(faults) from None
        raise


def _missing_packages(folder: Path) -> list[Fault]:
    """Return a fault for each row of a study that a package added and none adds here."""
    try:
        provenance, _ = provenance_of(folder, folder.name)
    except InputError:
        return []  # its space is at fault too, and says more
    here = {f"{plugin.group} {plugin.name}" for plugin in installed()}
    used = {} if provenance is None else provenance.plugins
    return [
        Fault(
            f"study {folder.name!r} uses {what} of {origin}, which is not installed here: "
            f"pip install {origin.package}=={origin.last}",
            file=str(folder / SPACE),
        )
        for what, origin in used.items()
        if what not in here and not _is_own(*what.split(" "))
    ]


def tracking_of(folder: Path) -> str | None:
    """Return the MLflow server that the space of the study in `folder` names; None where it names none."""
    try:
        return kept_spec(folder).search.tracking
    except InputError:  # what can no longer be read can still be deleted
        return None


def keep_space(spec: StudySpec, folder: Path) -> None:
    """Keep a search space in the study's folder, as it was read."""
    write_text(spec.document.text, folder / SPACE)


def study_names(root: Path) -> list[str]:
    """Return the names of all studies below the root."""
    return sorted(path.parent.name for path in studies_folder(root).glob(f"*/{SPACE}"))


def study_folder(root: Path, name: str) -> Path:
    """Return the folder of the study called `name`. Raises `InputError` where there is none."""
    there = study_names(root)
    if name not in there:
        raise InputError(f"no study {name!r} below {root}{nearest(name, there)}")
    return studies_folder(root) / name


def only_study(root: Path) -> str:
    """Return the name of the one study below the root. Raises `InputError` unless there is exactly one."""
    match study_names(root):
        case [name]:
            return name
        case []:
            raise InputError(f"no study below {root} yet: launch one, or give another --root")
        case names:
            raise InputError(f"{len(names)} studies below {root}, name one of them: {', '.join(names)}")


def state_of(study: StudyRecord, *, leaving: bool = False) -> StudyState:
    """Return how a study stands; `leaving`: to the launch that ends now, which holds it still."""
    if not leaving and holder_of(study.folder) is not None:
        return StudyState.RUNNING
    if study.launch is not None:
        return StudyState.INTERRUPTED if study.launch.ended_s is None else StudyState.COMPLETE
    unfinished = (TrialState.RUNNING, TrialState.INTERRUPTED, TrialState.FROZEN)
    waits = any(trial.state in unfinished for trial in study.trials)
    return StudyState.INTERRUPTED if waits or not study.trials else StudyState.COMPLETE


def left(study: StudyRecord) -> StudyRecord:
    """Return a study that nobody runs: what its launch left running is interrupted."""
    trials = tuple(
        replace(trial, state=TrialState.INTERRUPTED) if trial.state is TrialState.RUNNING else trial
        for trial in study.trials
    )
    return replace(study, trials=trials)


def changes(folder: Path, spec: StudySpec) -> list[Fault]:
    """Return the changes of the study in `folder` that alter what a trial means.

    Spaces are compared by what they mean: a default that is written out is no change. Before the first trial
    nothing counts as a change. Raises `InputError` where the study cannot be read.
    """
    kept = folder / SPACE
    now = as_begun(folder, spec) if kept.is_file() else None
    if now is None:
        return []
    before = replace(kept_spec(folder), whole_images=now.whole_images)
    changed = _differences(_search(before), _search(now)) or _changed_values(before, now)
    return _rows_of_others(folder, spec) + [
        Fault(
            f"was {_cut(was)} when study {spec.name!r} began, is {_cut(now)}: its trials cannot be compared. "
            f"Give the new space a name of its own ({SECTION}.name)",
            ".".join(path),
            spec.document.file,
            spec.document.line(path),
        )
        for path, (was, now) in sorted(changed.items())
    ]


def _rows_of_others(folder: Path, spec: StudySpec) -> list[Fault]:
    """Return a fault for each row that was a package's and is hpsearch's own, or another package's, now."""
    provenance, _ = provenance_of(folder, spec.name)
    now, faults = origins_of(spec), []
    for row, before in (provenance.plugins if provenance else {}).items():
        way_out = f"Give the new space a name of its own ({SECTION}.name)"
        if _is_own(*row.split(" ")):
            owner = "hpsearch's own"
        elif row in now and now[row].package != before.package:
            owner = f"of {now[row]}"
            way_out += f", or install {before.package} in place of {now[row].package}"
        else:
            continue
        rule = (
            f"{row} was of {before} when study {spec.name!r} began, and is {owner} now: its trials cannot be"
        )
        faults.append(Fault(f"{rule} compared. {way_out}", file=spec.document.file))
    return faults


def _is_own(group: str, name: str) -> bool:
    tables = known_tables()
    return group in tables and name in tables[group].built_in


Meaning = dict[tuple[str, ...], str]
"""Values as text by their path."""

Differences = dict[tuple[str, ...], tuple[str, str]]
"""Both texts of each value that differs, by its path."""


def _search(spec: StudySpec) -> Meaning:
    """Return every hole, and of the section `search` what decides which values are tried."""
    meaning = {(SECTION, *row.path.split(".")): row.text for row in rows(spec.search)}
    meaning[SECTION, "enqueue"] = json.dumps(spec.enqueued)
    return _lasting(meaning | {tuple(hole.name.split(".")): _text(hole) for hole in spec.space.holes()})


def _text(hole: Hole) -> str:
    if isinstance(hole, Choice):
        return f"choice {json.dumps(hole.ends())}"
    end = (", log" if hole.log else "") + (f", step {hole.step}" if hole.step else "")
    return f"{'int' if hole.whole else 'float'} {json.dumps(hole.ends())}{end}"


def _changed_values(before: StudySpec, now: StudySpec) -> Differences:
    """Return each value that differs between two spaces of the same holes, in whichever of their designs."""
    changed: Differences = {}
    for params in before.space.probes():
        configs = (spec.config(spec.space.complete(params)) for spec in (before, now))
        values = ({tuple(row.path.split(".")): row.text for row in rows(config)} for config in configs)
        changed |= _differences(*map(_lasting, values))
    return changed


def _lasting(meaning: Meaning) -> Meaning:
    """Return what may not change between launches."""
    return {path: text for path, text in meaning.items() if path[:2] not in CHANGEABLE}


def _differences(before: Meaning, now: Meaning) -> Differences:
    """Return what differs; below a variant that is another one, its settings are left out."""
    paths = before.keys() | now.keys()
    pairs = {path: (before.get(path, "absent"), now.get(path, "absent")) for path in paths}
    changed = {path: (was, new) for path, (was, new) in pairs.items() if was != new}
    above = {path: {path[:length] for length in range(len(path))} for path in changed}
    return {path: pair for path, pair in changed.items() if above[path].isdisjoint(changed)}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
