"""The tables of a report as flat records, for CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpsearch.report.paper.judging import Judgement
from hpsearch.report.paper.repeats import PaperTable
from hpsearch.report.paper.rows import LABELS
from hpsearch.report.paper.side_by_side import SideBySide, side_by_side
from hpsearch.results.arms import Arm
from hpsearch.results.statistics import Interval
from hpsearch.results.titles import title, values_of
from trainables.training.metric_names import VALIDATION, group_of_test

Record = dict[str, Any]


def arm_records(arms: Sequence[Arm], names: Mapping[str, str]) -> list[Record]:
    """Return one record per arm, best first; an arm of which no trial finished has no mean."""
    return [
        {
            "rank": rank,
            "arm": title(arm, names),
            "state": arm.state.value,
            **_values(arm, names),
            **_interval("objective", arm.mean),
            "confirmed": arm.confirmed,
            "best_epoch_mean": arm.best_epoch(arm.objective),
            **_tests(arm),
            **{
                metric.name: arm.metric(metric.within(VALIDATION).name)
                for metric in arm.config.target.metrics[1:]
                if metric.column
            },
            "epochs": arm.epochs,
            "trials": " ".join(str(trial.number) for trial in arm.trials),
        }
        for rank, arm in enumerate(arms, start=1)
    ]


def paper_records(tables: Sequence[PaperTable]) -> list[Record]:
    """Return one record per row of the paper that the study repeats: its errors, ours, the difference."""
    return [_paper_record(found, table) for table in tables for found in side_by_side(table)]


def claim_records(found: Sequence[Judgement]) -> list[Record]:
    """Return one record per pair of rows that was compared for a claim."""
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


def _paper_record(found: SideBySide, table: PaperTable) -> Record:
    row, errors = found.row, {"paper": found.paper, "ours": found.ours}
    return {
        "table": row.table,
        "row": row.row,
        "method": row.title,
        "measured_on": row.dataset + (" reduced" if row.reduced else ""),
        "same_data": table.own_data,
        **{f"{whose}_{angle}_deg": errors[whose].angles_deg[angle] for angle in LABELS for whose in errors},
        **{f"{whose}_average_deg": errors[whose].average_deg for whose in errors},
        **_interval("ours", found.average),
        "difference_deg": found.difference_deg if table.own_data else None,
        "note": row.note,
        **{f"{whose}_vs_sl": errors[whose].vs_sl for whose in errors},
    }


def _values(arm: Arm, names: Mapping[str, str]) -> Record:
    """Return the searched values of an arm under the names that they have in every table."""
    values = values_of(arm, names)
    return {f"params.{path}": values[name] for path, name in names.items() if name in values}


def _tests(arm: Arm) -> Record:
    """Return the means of the test errors, with the weights of each run's best epoch."""
    found: Record = {}
    for test in arm.config.data.test:
        name = arm.config.target.metrics[0].within(group_of_test(test.name)).name
        mean = arm.test(name)
        found |= {f"{name}_mean": mean and mean.mean, f"{name}_low": mean and mean.low}
        found |= {f"{name}_high": mean and mean.high, f"{name}_runs": 0 if mean is None else mean.n}
    return found


def _interval(name: str, found: Interval | None) -> Record:
    return {
        f"{name}_mean": None if found is None else found.mean,
        f"{name}_low": None if found is None else found.low,
        f"{name}_high": None if found is None else found.high,
        "seeds": 0 if found is None else found.n,
    }
