"""The tables of a report as plain records: the page shows them, CSV files keep them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpsearch.report.paper.claims import Judgement
from hpsearch.report.paper.rows import ANGLES, PaperTable, errors_by_seed
from hpsearch.results.arms import Arm
from hpsearch.results.statistics import Interval, interval
from hpsearch.results.titles import title, values_of
from hpsearch.study.records import TrialState

Record = dict[str, Any]


def arm_records(arms: Sequence[Arm], names: Mapping[str, str]) -> list[Record]:
    """Return one record an arm, best first; arms of which no trial finished have no mean."""
    return [
        {
            "rank": rank,
            "arm": title(arm, names),
            "state": state_of(arm),
            **values_of(arm, names),
            **_interval("objective", arm.mean),
            "confirmed": arm.confirmed,
            **{f"{angle}_mae_deg": arm.metric(f"validation/{angle}_mae_deg") for angle in ANGLES},
            "geodesic_deg": arm.metric("validation/geodesic_deg"),
            "epochs": max(len(trial.epochs) for trial in arm.trials),
            "trials": " ".join(str(trial.number) for trial in arm.trials),
        }
        for rank, arm in enumerate(arms, start=1)
    ]


def paper_records(tables: Sequence[PaperTable]) -> list[Record]:
    """Return one record a row of the paper that the study repeats: its errors, ours, the difference."""
    return [record for table in tables for record in _paper_records(table)]


def claim_records(found: Sequence[Judgement]) -> list[Record]:
    """Return one record a compared pair of rows of a claim."""
    return [
        {
            "claim": one.claim.id,
            "text": one.claim.text,
            "strength": one.claim.strength,
            "verdict": one.finding.value,
            "paper_difference_deg": one.claim.paper_deg,
            **_interval("difference_deg", difference),
        }
        for one in found
        for difference in one.differences
    ]


def state_of(arm: Arm) -> str:
    """Return how far an arm got: the best of its trials' states."""
    order = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAILED)
    states = {trial.state for trial in arm.trials}
    return next(state.value for state in order if state in states)


def _paper_records(table: PaperTable) -> list[Record]:
    records = []
    for row, arm in table.rows:
        seeds = errors_by_seed(row, arm, table.own_data).values()
        record: Record = {
            "table": row.table,
            "row": row.row,
            "method": row.title,
            "measured_on": row.dataset + (" reduced" if row.reduced else ""),
            "same_data": table.own_data,
        }
        for angle, paper in {**row.errors_deg, "average": row.average_deg}.items():
            ours = [errors[angle] for errors in seeds if angle in errors]
            mean = math.fsum(ours) / len(ours) if ours else None
            record |= {f"paper_{angle}_deg": paper, f"ours_{angle}_deg": mean}
        ours = [errors["average"] for errors in seeds]
        record |= _interval("ours", interval(ours) if ours else None)
        record["difference_deg"] = record["ours_mean"] - row.average_deg if ours else None
        record["note"] = row.note
        records.append(record)
    for record, (row, _) in zip(records, table.rows, strict=True):
        alone = next((n for n, (other, _) in enumerate(table.rows) if row.has_baseline(other)), None)
        for whose in ("paper", "ours"):
            mine = record[f"{whose}_average_deg"]
            base = None if alone is None else records[alone][f"{whose}_average_deg"]
            record[f"{whose}_vs_sl"] = None if base is None or mine is None else mine / base - 1
    return records


def _interval(name: str, found: Interval | None) -> Record:
    return {
        f"{name}_mean": None if found is None else found.mean,
        f"{name}_low": None if found is None else found.low,
        f"{name}_high": None if found is None else found.high,
        "seeds": 0 if found is None else found.n,
    }
