"""Advice on a verdict that decides nothing: what would, unless the study's own file asks for it already."""

from __future__ import annotations

from hpsearch.results.comparison import Comparison
from hpsearch.results.repeated import KEPT
from hpsearch.results.sequence import Decision, Progress
from hpsearch.results.titles import ALONE
from hpsearch.study.records import StudyRecord, TrialState

ON_DEMAND = "{top: 1, seeds: {min: 3, max: 12}}"
"""What is advised: as many seeds as it takes, to 12."""


def advice(study: StudyRecord, found: Comparison) -> str:
    """Return one sentence; empty where the file asks for confirmations that are still to come."""
    if found.best is None:
        return _on_failures(study)
    confirm = study.spec.search.confirm
    if confirm is None:
        return (
            f"To make sure, add confirm: {ON_DEMAND} below search in the file and launch it again: the "
            f"search goes on, and trains the best helper and {ALONE} with new seeds until it is decided."
        )
    if found.leader is None or not found.leader.confirmed:
        return ""
    if found.progress is not None:
        return _on_seeds(found.progress)
    return (
        f"{confirm.seeds.max} confirmations each did not decide it. A second look, at more seeds, has "
        f"{KEPT:.0%} of the error rate left, or the verdict would err more often than it says: in a new "
        f"study write confirm: {ON_DEMAND} from the start."
    )


def _on_seeds(stands: Progress) -> str:
    """Return what is left to do where seeds came on demand; empty while they do."""
    if stands.decision is Decision.NOT_DECIDED:
        return (
            f"All {stands.plan.most} seeds did not decide it. A larger search.confirm.seeds.max has "
            f"{KEPT:.0%} of the error rate left, so that only a clear difference would be found."
        )
    if stands.goes_on:
        return ""
    return (
        f"No further seed was trained: {stands.plan.most} would decide it in {stands.chance:.0%} of such "
        "studies. A larger search.confirm.seeds.max, or equal_within, may."
    )


def _on_failures(study: StudyRecord) -> str:
    """Return what is known where no trial has finished: how many failed, and the last reason."""
    failed = [trial for trial in study.trials if trial.state is TrialState.FAILED]
    if not failed:
        return ""
    count = f"{len(failed)} of {len(study.trials)} trials failed"
    return f"{count}, the last for this reason: {failed[-1].reason}. See hpsearch logs {study.name}."
