"""Links from the page to what lies beside it on disk: tables, the search space, the winner."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hpsearch.results.leaderboard import LEADERBOARD
from hpsearch.study.records import StudyRecord
from hpsearch.study.store import SPACE
from trainables.training.checkpoints import BEST_WEIGHTS

KEPT = {
    LEADERBOARD: "all trials (CSV)",
    SPACE: "search space (YAML)",
    "best.yaml": "the best trial's config",
    BEST_WEIGHTS: "the best trial's weights",
}
"""Files in a study's folder -> what they hold."""


@dataclass(frozen=True)
class Link:
    """A file, relative to the page, and what it holds."""

    href: str
    text: str


def links_beside(page: Path, study: StudyRecord, tables: Sequence[Path]) -> Iterator[Link]:
    """Yield a link to each table that was written with the page, and to what the study's folder holds."""
    texts = {table: f"{'designs' if table.stem == page.stem else table.stem} (CSV)" for table in tables}
    texts |= {file: text for name, text in KEPT.items() if (file := study.folder / name).is_file()}
    for file, text in texts.items():
        yield Link(quote(os.path.relpath(file, page.parent)), text)
