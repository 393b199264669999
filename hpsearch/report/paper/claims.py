"""The paper's claims, each an ordering of rows of its tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from hpsearch.report.paper.rows import FOLDER


@dataclass(frozen=True)
class Claim:
    """An ordering of rows: `left relation right` for every pair of rows. Relations: `<`, `>` and `not <`."""

    id: str
    dataset: str
    text: str
    relation: str
    pairs: tuple[tuple[str, str], ...]
    strength: str
    comment: str
    paper_deg: float | None
    """The paper's difference, left - right, in degrees; None for a claim about many rows."""


def claims() -> tuple[Claim, ...]:
    """Return the paper's claims."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    with (FOLDER / "claim_rows.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            pairs.setdefault(line["id"], []).append((line["left"], line["right"]))
    with (FOLDER / "claims.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_claim(line, pairs[line["id"]]) for line in csv.DictReader(file))


def _claim(line: Mapping[str, str], pairs: list[tuple[str, str]]) -> Claim:
    falls = line["relation"] == "decreasing in"
    sign = "is not better than" if line["relation"] == "not <" else line["relation"]
    single = len(pairs) == 1
    return Claim(
        id=line["id"],
        dataset=line["dataset"],
        text=f"{line['lhs']} {sign} {line['rhs']}",
        relation="<" if falls else line["relation"],
        pairs=tuple(pairs),
        strength=line["strength"],
        comment=line["comment"],
        paper_deg=float(line["lhs_value"]) - float(line["rhs_value"]) if single else None,
    )
