"""The paper's claims, each an ordering of rows that is tested by paired seeds."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean

from hpsearch.report.paper.repeats import PaperTable, by_key
from hpsearch.report.paper.rows import FOLDER
from hpsearch.results.statistics import CONFIDENCE, Interval, paired_difference

MARGIN = 0.05
"""An arm is not better where its error is at most this share of the other's below it."""


class Finding(StrEnum):
    """The verdict of a study on a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    CLOSE = "too close to call"
    ONE_SEED = "one seed: not decided"
    TOO_SMALL = "not tested at this size"


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


@dataclass(frozen=True)
class Judgement:
    """A claim and its verdict, with the difference left - right of each pair that the study has."""

    claim: Claim
    finding: Finding
    differences: tuple[Interval, ...]
    """Of several pairs each interval is wider than 95 %: all of them together hold with 95 %."""

    tested: tuple[tuple[str, str], ...]
    """The rows of each of these pairs."""

    @property
    def rows(self) -> set[str]:
        """The rows that were compared."""
        return {row for pair in self.tested for row in pair}

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
    repeats = by_key(tables)
    averages = {
        key: {seed: errors["average"] for seed, errors in repeat.errors_by_seed().items()}
        for key, repeat in repeats.items()
    }
    small = {key for key, repeat in repeats.items() if repeat.too_small}
    return tuple(
        replace(one, finding=Finding.TOO_SMALL) if small & one.rows else one
        for one in judged_averages(claims(), averages)
    )


def finding(relation: str, difference: Interval, right: float) -> Finding:
    """Judge one pair: `difference` is left - right, `right` the mean error of the right arm, degrees.

    `not <` is held by an arm that is equal or worse: it is refuted where all of the interval lies below 0,
    but for a gain that is certainly below `MARGIN`.
    """
    if difference.low is None or difference.high is None:
        return Finding.ONE_SEED
    low, high = difference.low, difference.high
    match relation:
        case "<":
            yes, no = high < 0, low > 0
        case ">":
            yes, no = low > 0, high < 0
        case "not <":
            yes, no = low > -MARGIN * right, high < 0
        case _:
            raise ValueError(f"no relation {relation!r}")
    return Finding.HOLDS if yes else Finding.FAILS if no else Finding.CLOSE


def joint_confidence(pairs: int, confidence: float = CONFIDENCE) -> float:
    """Return the confidence that each of several intervals needs so that all hold together. [Bonferroni]"""
    return 1 - (1 - confidence) / pairs


def judged_averages(
    known: Sequence[Claim], averages: Mapping[str, Mapping[int, float]]
) -> Iterator[Judgement]:
    """Yield the verdict on each claim that has a pair in `averages`: row -> seed -> error, degrees."""
    for claim in known:
        tested = tuple(
            (left, right)
            for left, right in claim.pairs
            if averages.get(left, {}).keys() & averages.get(right, {}).keys()
        )
        differences, findings = [], []
        for left, right in tested:
            confidence = joint_confidence(len(tested))
            difference = paired_difference(averages[left], averages[right], confidence)
            assert difference is not None  # noqa: S101  ours: both rows have a seed in common
            differences.append(difference)
            findings.append(finding(claim.relation, difference, fmean(averages[right].values())))
        if tested:
            yield Judgement(claim, _together(findings), tuple(differences), tested)


def _together(findings: Sequence[Finding]) -> Finding:
    """A claim about several pairs holds where every pair does, and fails where one does."""
    for decisive in (Finding.FAILS, Finding.ONE_SEED, Finding.CLOSE):
        if decisive in findings:
            return decisive
    return Finding.HOLDS


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
