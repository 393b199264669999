"""What the last check of a dataset found, kept beside it, so that a search says it before it begins."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from trainables.base.atomic import write_text
from trainables.data.datasets.check import Check
from trainables.data.datasets.prepared import PreparedDataset

LAST_CHECK = "check.json"


def remember(check: Check, folder: Path) -> None:
    """Keep what a check of the dataset at `folder` found; not where it cannot be written to."""
    found = {"content_hash": check.content_hash, "faults": check.faults, "warnings": check.warnings}
    with suppress(OSError):
        write_text(json.dumps(found, indent=2) + "\n", folder / LAST_CHECK)


def remembered(dataset: PreparedDataset) -> tuple[str, ...]:
    """Return faults and warnings of the last check; none where there was none, or of another content."""
    try:
        found = json.loads((dataset.folder / LAST_CHECK).read_text())
        if found["content_hash"] == dataset.card.content_hash:
            return (*map(str, found["faults"]), *map(str, found["warnings"]))
    except (OSError, ValueError, KeyError, TypeError):  # it is a convenience, and can be made again
        pass
    return ()
