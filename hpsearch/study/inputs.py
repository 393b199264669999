"""What the trials of a study are trained from, as its journal keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainables.data.datasets.digests import DatasetDigests


@dataclass(frozen=True)
class DatasetSeen:
    """A dataset as a study first saw it, at `seen_s` in Unix seconds."""

    digests: DatasetDigests
    seen_s: float


@dataclass(frozen=True)
class FileSeen:
    """A file of initial weights as a study first saw it, at `seen_s` in Unix seconds."""

    sha256: str
    seen_s: float


@dataclass(frozen=True)
class Inputs:
    """What the trials of a study are trained from: datasets by name, files of initial weights by path."""

    datasets: Mapping[str, DatasetSeen] = field(default_factory=dict)
    files: Mapping[str, FileSeen] = field(default_factory=dict)

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Inputs:
        """Return the value of a file, in which it may be absent."""
        datasets = written.get("datasets", {})
        return cls(
            {name: DatasetSeen(DatasetDigests(**d["digests"]), d["seen_s"]) for name, d in datasets.items()},
            {path: FileSeen(**seen) for path, seen in written.get("files", {}).items()},
        )
