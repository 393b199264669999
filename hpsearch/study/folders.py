"""The folders below the root, where studies, datasets and pretrained weights lie."""

from __future__ import annotations

from pathlib import Path


def studies_folder(root: Path) -> Path:
    """Return the folder of all studies below the root."""
    return root / "studies"


def root_of(study: Path) -> Path:
    """Return the root that the folder of a study lies below."""
    return study.parent.parent


def datasets_folder(root: Path) -> Path:
    """Return the folder of all prepared datasets below the root."""
    return root / "datasets"


def pretrained_folder(root: Path) -> Path:
    """Return the folder of all pretrained weights below the root, which every study shares."""
    return root / "pretrained"


def machines_folder(root: Path) -> Path:
    """Return the folder of what is known of designs on each kind of machine, which every study shares."""
    return root / "machines"
