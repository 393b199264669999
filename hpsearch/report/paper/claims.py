"""The paper's claims, each an ordering of rows that is tested by paired seeds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hpsearch.report.paper.repeats import PaperTable, by_key
from hpsearch.report.paper.rows import FOLDER
from hpsearch.results.statistics import Interval, paired_difference

MARGIN = 0.05
"""Two arms count as equal where the whole interval lies within this share of the right one's error."""


class Finding(StrEnum):
    """The verdict of a study on a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    CLOSE = "too close to call"
    ONE_SEED = "one seed: not decided"


@dataclass(frozen=True)
class Claim:
    """An ordering of rows: `left relation right` for every pair of rows. Relations: `<`, `>` and `~=`."""

    id: str
    dataset: str
    text: str
    relation: str
    pairs: tuple[tuple[str, str], ...]
    strength: str
    comment: str
    paper_deg: float | None
    """The paper's difference, left - right, in degrees; None for a claim about many rows."""


@dataclass(frozen=True)
class Judgement:
    """A claim and its verdict, with the difference left - right of each pair that the study has."""

    claim: Claim
    finding: Finding
    differences: tuple[Interval, ...]

    @property
    def pairs(self) -> str:
        """How many of its pairs were tested."""
        return f"{len(self.differences)} of {len(self.claim.pairs)}"


def claims() -> tuple[Claim, ...]:
    """Return the paper's claims."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    with (FOLDER / "claim_rows.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            pairs.setdefault(line["id"], []).append((line["left"], line["right"]))
    with (FOLDER / "claims.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_claim(line, pairs[line["id"]]) for line in csv.DictReader(file))


def judge(tables: Sequence[PaperTable]) -> tuple[Judgement, ...]:
    """Return the verdict on every claim that the tables' arms can test."""
    averages = {
        key: {seed: errors["average"] for seed, errors in repeat.errors_by_seed().items()}
        for key, repeat in by_key(tables).items()
    }
    return tuple(_judged(claims(), averages))


def finding(relation: str, difference: Interval, right: float) -> Finding:
    """Judge one pair: `difference` is left - right, `right` the mean error of the right arm, degrees."""
    if difference.half is None:
        return Finding.ONE_SEED
    low, high = difference.mean - difference.half, difference.mean + difference.half
    match relation:
        case "<":
            yes, no = high < 0, low > 0
        case ">":
            yes, no = low > 0, high < 0
        case "~=":
            margin = MARGIN * right
            yes, no = -margin < low and high < margin, low > margin or high < -margin
        case _:
            raise ValueError(f"no relation {relation!r}")
    return Finding.HOLDS if yes else Finding.FAILS if no else Finding.CLOSE


def _judged(known: Sequence[Claim], averages: Mapping[str, Mapping[int, float]]) -> Iterator[Judgement]:
    for claim in known:
        differences, findings = [], []
        for left, right in claim.pairs:
            difference = paired_difference(averages.get(left, {}), averages.get(right, {}))
            if difference is not None:
                errors = averages[right].values()
                differences.append(difference)
                findings.append(finding(claim.relation, difference, sum(errors) / len(errors)))
        if differences:
            yield Judgement(claim, _together(findings), tuple(differences))


def _together(findings: Sequence[Finding]) -> Finding:
    """A claim about several pairs holds where every pair does, and fails where one does."""
    for decisive in (Finding.FAILS, Finding.ONE_SEED, Finding.CLOSE):
        if decisive in findings:
            return decisive
    return Finding.HOLDS


def _claim(line: Mapping[str, str], pairs: list[tuple[str, str]]) -> Claim:
    falls = line["relation"] == "decreasing in"
    sign = {"<": "<", ">": ">", "~=": "≈"}.get(line["relation"], line["relation"])
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
