"""The part of the page about the paper: its rows beside ours, and its claims with their verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from hpsearch.report.html import Cell, degrees, difference, number, paragraph, section, table
from hpsearch.report.paper.claims import MARGIN, Finding, Judgement
from hpsearch.report.paper.rows import ANGLES, PaperTable
from hpsearch.report.tables import paper_records
from hpsearch.results.comparison import signed

WHOSE = ("paper", "ours")
CHIPS = {Finding.HOLDS: "holds", Finding.FAILS: "fails", Finding.CLOSE: "close", Finding.ONE_SEED: "open"}

PLURALS = {
    Finding.HOLDS: "hold",
    Finding.FAILS: "do not hold",
    Finding.CLOSE: "too close to call",
    Finding.ONE_SEED: "not decided, with one seed",
}


def paper_part(tables: Sequence[PaperTable], found: Sequence[Judgement]) -> str:
    """Return the sections; nothing where the study repeats no table."""
    return "\n".join(part for part in (*map(_beside, tables), _claims(tables, found)) if part)


def _beside(shown: PaperTable) -> str:
    records = paper_records([shown])
    angles = [a for a in ANGLES if any(record[f"paper_{a}_deg"] is not None for record in records)]
    gap, bold = "gap", "strong"
    heads = [Cell("method")]
    for _ in WHOSE:
        first, *others = angles
        heads += [
            Cell(first, number=True, kind=gap),
            *map(number, others),
            number("average"),
            number("vs SL"),
        ]
    heads += [number("±\u00a095\u00a0%"), number("seeds"), Cell("ours − paper", number=True, kind=gap)]
    rows = []
    for record in records:
        cells = [Cell(record["method"], kind="method")]
        for whose in WHOSE:
            texts = [degrees(record[f"{whose}_{angle}_deg"]) for angle in angles]
            cells += [Cell(texts[0], number=True, kind=gap), *map(number, texts[1:])]
            cells.append(Cell(degrees(record[f"{whose}_average_deg"]), number=True, kind=bold))
            share = record[f"{whose}_vs_sl"]
            cells.append(number("" if share is None else f"{signed(100 * share, 1)} %"))
        half = None if record["ours_high"] is None else record["ours_high"] - record["ours_mean"]
        cells += [number(degrees(half)), number(str(record["seeds"] or ""))]
        apart = record["difference_deg"]
        cells.append(Cell("" if apart is None else signed(apart), number=True, kind=gap))
        rows.append(("", cells))
    groups = [("", 1), ("paper", len(angles) + 2), ("ours", len(angles) + 4), ("", 1)]
    notes = []
    if any(record["method"].endswith("*") for record in records):
        notes.append("* on AFLW2000 without the images that have an angle above 99°.")
    notes.append("vs SL: against supervised learning alone under the same conditions.")
    notes.append("The paper has one run a row, and no seeds.")
    other = (
        f"The paper measured this on {shown.measured_on}. This study learned from and was measured on other "
        "data, so its degrees repeat nothing: what can be compared is the order of the rows."
    )
    return section(
        f"Table {shown.number} of the paper, beside ours",
        "" if shown.own_data else paragraph(other),
        table(heads, rows, groups),
        paragraph(" ".join(notes), "note"),
    )


def _claims(tables: Sequence[PaperTable], found: Sequence[Judgement]) -> str:
    if not found:
        return ""
    heads = [
        Cell("claim"),
        Cell("what the paper says"),
        number("paper"),
        number("ours [95 %]"),
        number("seeds"),
    ]
    heads.append(Cell("verdict", kind="gap"))
    rows = []
    for one in found:
        claim, findings = one.claim, one.finding
        several = len(claim.pairs) > 1
        ours = f"{one.pairs} comparisons" if several else difference(one.differences[0])
        if several:
            ours += f", {signed(min(d.mean for d in one.differences))} to "
            ours += signed(max(d.mean for d in one.differences))
        chip = f'<span class="chip {CHIPS[findings]}">{escape(findings.value)}</span>'
        said = f'{escape(claim.text)} <span class="base">{escape(claim.strength)}</span>'
        cells = [Cell(claim.id), Cell(markup=said)]
        cells.append(number("" if claim.paper_deg is None else signed(claim.paper_deg)))
        cells += [number(ours), number(str(min(d.n for d in one.differences)))]
        rows.append(("", [*cells, Cell(markup=chip, kind="gap")]))
    counts = {kind: sum(one.finding is kind for one in found) for kind in Finding}
    told = {kind: kind.value if count == 1 else PLURALS[kind] for kind, count in counts.items()}
    said = ", ".join(f"{count} {told[kind]}" for kind, count in counts.items() if count)
    where = (
        "" if all(table.own_data for table in tables) else " Judged as orderings on this study's own data."
    )
    text = (
        "Difference of the two arms' errors, left - right, in degrees, over the seeds both have. A claim "
        "holds, or does not, where the whole interval lies on one side of 0; it is too close to call where "
        f"the interval holds 0. ≈ holds where it surely lies within {MARGIN:.0%} of the right one. One "
        "in twenty verdicts about arms that are truly equal is wrong."
    )
    return section(
        "The paper's claims",
        paragraph(f"Of {len(found)} that this study can test: {said}.{where}"),
        table(heads, rows),
        paragraph(text, "note"),
    )
