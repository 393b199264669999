"""Advice on a verdict that decides nothing: what would, unless the study's own file asks for it already."""

from __future__ import annotations

from hpsearch.results.comparison import Comparison
from hpsearch.study.records import StudyRecord, TrialState

MORE_SEEDS = 2
"""Times as many seeds are advised where those of the file did not decide."""


def advice(study: StudyRecord, found: Comparison) -> str:
    """Return one sentence; empty where the file asks for confirmations that are still to come."""
    if found.best is None:
        return _on_failures(study)
    confirm = study.spec.search.confirm
    if confirm is None:
        return (
            "To make sure, add confirm: {top: 1, seeds: 5} below search in the file and launch it again: "
            "the search goes on, and trains the best helper and the baseline alone with new seeds."
        )
    if found.leader is None or not found.leader.confirmed:
        return ""
    more = f"raise search.confirm.seeds to {MORE_SEEDS * confirm.seeds} and launch it again."
    return f"{confirm.seeds} confirmations each did not decide it: {more}"


def _on_failures(study: StudyRecord) -> str:
    """Return what is known where no trial has finished: how many failed, and the last reason."""
    failed = [trial for trial in study.trials if trial.state is TrialState.FAILED]
    if not failed:
        return ""
    count = f"{len(failed)} of {len(study.trials)} trials failed"
    return f"{count}, the last for this reason: {failed[-1].reason}. See hpsearch logs {study.name}."
