"""Finds a study below the root, and checks that a changed space file still describes the same study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpsearch.study.folders import studies_folder
from hpsearch.study.records import StudyRecord
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
    """Read the study called `name`, which may be running.

    Raises `InputError` where there is none.
    """
    folder = studies_folder(root) / name
    if not (folder / SPACE).is_file():
        there = [path.parent.name for path in studies_folder(root).glob(f"*/{SPACE}")]
        raise InputError(f"no study {name!r} below {root}{nearest(name, there)}")
    return read_study(folder, load_spec(folder / SPACE, name=name))


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
