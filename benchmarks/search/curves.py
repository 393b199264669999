"""Recorded learning curves: a design to a line, its values, then its error in degrees after each epoch."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "curves"


@dataclass(frozen=True)
class Recorded:
    """A design and its curve: `mae_deg[i]` is the error after epoch i + 1."""

    params: Mapping[str, Any]
    mae_deg: tuple[float, ...]


def write_curves(file: Path, designs: Iterable[Recorded]) -> None:
    """Write designs; a value that a design does not have is left empty."""
    designs = list(designs)
    names = sorted({name for design in designs for name in design.params})
    epochs = max(len(design.mae_deg) for design in designs)
    file.parent.mkdir(exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*names, *(f"epoch {epoch}" for epoch in range(1, epochs + 1))])
        for design in designs:
            values = [_written(design.params.get(name, "")) for name in names]
            writer.writerow([*values, *(f"{mae:.4f}" for mae in design.mae_deg)])


def read_curves(file: Path) -> list[Recorded]:
    """Read what `write_curves` wrote: whole numbers, numbers and words come back as such."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return [
        Recorded(
            {name: _read(text) for name, text in row.items() if text and not name.startswith("epoch ")},
            tuple(float(text) for name, text in row.items() if text and name.startswith("epoch ")),
        )
        for row in rows
    ]


def _written(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _read(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
