"""The part of the page about the paper: its rows beside ours, and its claims with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpsearch.report.paper.claims import Claim
from hpsearch.report.paper.judging import MARGIN, Finding, Judgement
from hpsearch.report.paper.repeats import LEAST_SHARE, PaperTable
from hpsearch.report.paper.rows import LABELS
from hpsearch.report.paper.side_by_side import SideBySide, side_by_side
from hpsearch.results.formats import difference, signed

CHIPS = {
    Finding.HOLDS: "holds",
    Finding.FAILS: "fails",
    Finding.CLOSE: "close",
    Finding.ONE_SEED: "open",
    Finding.TOO_SMALL: "open",
}
"""Verdict -> CSS class."""

PLURALS = {
    Finding.HOLDS: "hold",
    Finding.FAILS: "do not hold",
    Finding.CLOSE: "too close to call",
    Finding.ONE_SEED: "not decided, with one seed",
    Finding.TOO_SMALL: "not tested at this size",
}


@dataclass(frozen=True)
class TableSection:
    """One table of the paper beside ours."""

    number: int
    measured_on: str
    own_data: bool
    angles: tuple[str, ...]
    """Those that the paper's table has."""
    rows: tuple[SideBySide, ...]
    our_images: str
    """Training images per trial, repetitions counted."""
    paper_images: str
    too_small: bool
    """Whether a row saw less than `least_share` of the paper's training images."""
    least_share: float
    some_reduced: bool
    """Whether a row leaves out images with large angles, which `*` marks."""


@dataclass(frozen=True)
class ClaimRow:
    """A claim, the measured difference in words, and the verdict with its CSS class."""

    claim: Claim
    ours: str
    seeds: int
    verdict: str
    chip: str


@dataclass(frozen=True)
class ClaimsSection:
    """All claims that the study can test."""

    rows: tuple[ClaimRow, ...]
    tested: int
    """How many are judged together."""
    counts: str
    """How many hold and do not, in words."""
    own_data: bool
    margin: float
    """An arm is not better within this share of the error."""
    least_share: float


def table_section(table: PaperTable) -> TableSection:
    """Return the section of a table."""
    rows = side_by_side(table)
    return TableSection(
        number=table.number,
        measured_on=table.measured_on,
        own_data=table.own_data,
        angles=tuple(a for a in LABELS if any(row.paper.angles_deg[a] is not None for row in rows)),
        rows=rows,
        our_images=_span([repeat.images_seen for repeat in table.repeats]),
        paper_images=_span([repeat.row.images_seen for repeat in table.repeats]),
        too_small=any(repeat.too_small for repeat in table.repeats),
        least_share=LEAST_SHARE,
        some_reduced=any(row.row.title.endswith("*") for row in rows),
    )


def claims_section(tables: Sequence[PaperTable], found: Sequence[Judgement]) -> ClaimsSection | None:
    """Return the section; None where the study can test no claim."""
    if not found:
        return None
    counts = {kind: sum(one.finding is kind for one in found) for kind in Finding}
    words = {kind: kind.value if count == 1 else PLURALS[kind] for kind, count in counts.items()}
    return ClaimsSection(
        rows=tuple(_row(one) for one in found),
        tested=len(found) - counts[Finding.ONE_SEED] - counts[Finding.TOO_SMALL],
        counts=", ".join(f"{count} {words[kind]}" for kind, count in counts.items() if count),
        own_data=all(table.own_data for table in tables),
        margin=MARGIN,
        least_share=LEAST_SHARE,
    )


def _row(found: Judgement) -> ClaimRow:
    means = [one.mean for one in found.differences]
    if len(found.claim.pairs) > 1:
        ours = f"{found.pairs} comparisons, {signed(min(means))} to {signed(max(means))}"
    else:
        ours = difference(found.differences[0])
    seeds = min(one.n for one in found.differences)
    return ClaimRow(found.claim, ours, seeds, found.finding.value, CHIPS[found.finding])


def _span(numbers: Sequence[int | None]) -> str:
    """Return the smallest and the largest of some numbers, in words."""
    known = sorted(number for number in numbers if number is not None)
    if not known or len(known) < len(numbers):
        return "an unknown number"
    low, high = (f"{number:,}".replace(",", "\u202f") for number in (known[0], known[-1]))
    return low if low == high else f"{low} to {high}"
