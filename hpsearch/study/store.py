"""Finds a study below the root, and checks that a changed space file still describes the same study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hpsearch.study.folders import studies_folder
from hpsearch.study.lock import holder_of
from hpsearch.study.records import StudyRecord, StudyState, TrialState
from hpsearch.study.spec import SECTION, StudySpec, load_spec
from hpsearch.study.study import read_study
from trainables.base.errors import Fault, InputError, nearest
from trainables.base.yaml_document import load_yaml

SPACE = "space.yaml"
"""The search space as it was launched, in the study's folder."""

CHANGEABLE = frozenset(
    {
        *((SECTION, key) for key in ("budget", "confirm", "epoch_timeout_s", "leaders", "name", "resources")),
        *((SECTION, key) for key in ("frozen_gb", "retries")),
        ("data", "test"),
    }
)
"""Keys that may change between launches: they do not change what a trial means."""


def find_study(root: Path, name: str) -> StudyRecord:
    """Read the study called `name`, which may be running: where nobody runs it, no trial of it is RUNNING.

    Raises `InputError` where there is none.
    """
    folder = study_folder(root, name)
    held = holder_of(folder) is not None  # before it is read: what ends meanwhile is recorded as ended
    study = read_study(folder, load_spec(folder / SPACE, name=name))
    return study if held else _left(study)


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


def state_of(study: StudyRecord) -> StudyState:
    """Return how a study stands."""
    if holder_of(study.folder) is not None:
        return StudyState.RUNNING
    if study.launch is not None:
        return StudyState.INTERRUPTED if study.launch.ended_s is None else StudyState.COMPLETE
    unfinished = (TrialState.RUNNING, TrialState.INTERRUPTED, TrialState.FROZEN)
    waits = any(trial.state in unfinished for trial in study.trials)
    return StudyState.INTERRUPTED if waits or not study.trials else StudyState.COMPLETE


def _left(study: StudyRecord) -> StudyRecord:
    """Return a study that nobody runs: what its launch left running is interrupted."""
    trials = tuple(
        replace(trial, state=TrialState.INTERRUPTED) if trial.state is TrialState.RUNNING else trial
        for trial in study.trials
    )
    return replace(study, trials=trials)


def check_unchanged(folder: Path, spec: StudySpec) -> None:
    """Refuse to go on with a study whose space has changed in a way that changes what a trial means.

    Raises `InputError` listing the changed keys.
    """
    kept = folder / SPACE
    if not kept.is_file():
        return
    before, now = _meaning(load_yaml(kept).tree), _meaning(spec.document.tree)
    changed = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
    if changed:
        raise InputError(
            [
                Fault(
                    f"was {before.get(key, 'absent')!r} when study {spec.name!r} began, "
                    f"is {now.get(key, 'absent')!r}: its trials cannot be compared. "
                    f"Give the new space a name of its own ({SECTION}.name)",
                    key,
                    spec.document.file,
                )
                for key in changed
            ]
        )


def _meaning(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return every value that shapes trials under its dotted path."""
    flat: dict[str, Any] = {}

    def visit(value: Any, path: tuple[str, ...]) -> None:
        if path[:2] in CHANGEABLE:
            return
        if isinstance(value, Mapping) and value:
            for key, child in value.items():
                visit(child, (*path, str(key)))
        else:
            flat[".".join(path)] = value

    visit(tree, ())
    return flat
