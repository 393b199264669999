"""Which hyperparameters mattered: conditional PED-ANOVA over the complete trials of a study."""

from __future__ import annotations

import optuna

from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.study.suggestions import distribution

LEAST_TRIALS = 8
"""Fewer complete trials say nothing about importance."""

TOP_TRIALS = 5
"""Trials that should count as good ones, as PED-ANOVA's authors advise."""


def importances(study: StudyRecord) -> dict[str, float]:
    """Return each searched value's share, by its shared path, the largest first; they add up to 1.

    It is how much the value distinguishes the best tenth of the complete trials (at least five) from all of
    them. Empty where too few trials are complete.
    """
    complete = [
        trial
        for trial in study.trials
        if trial.confirms is None and trial.state is TrialState.COMPLETE and trial.objective is not None
    ]
    if len(complete) < LEAST_TRIALS:
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its word on every study that is made
    copy = optuna.create_study(study_name=study.name, direction=study.objective.direction.value)
    kinds = {hole.name: distribution(hole) for hole in study.spec.space.holes()}
    for trial in complete:
        names = dict(zip(trial.params, trial.shared_params, strict=True))
        copy.add_trial(
            optuna.trial.create_trial(
                value=trial.objective,
                params={names[path]: value for path, value in trial.params.items()},
                distributions={names[path]: kinds[path] for path in names},
            )
        )
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # scikit-learn: a second

    evaluator = PedAnovaImportanceEvaluator(target_quantile=min(0.5, max(0.1, TOP_TRIALS / len(complete))))
    return get_param_importances(copy, evaluator=evaluator)
