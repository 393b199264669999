"""Which hyperparameters mattered: conditional PED-ANOVA over the complete trials of a study."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState as OptunaState

from hpsearch.study.journal.journal import JOURNAL, reading
from hpsearch.study.journal.schema import CONTINUES
from hpsearch.study.naming import shared_params
from hpsearch.study.records import StudyRecord

LEAST_TRIALS = 8
"""Fewer complete trials say nothing about importance."""

TOP_TRIALS = 5
"""Trials that should count as good ones, as PED-ANOVA's authors advise."""


def importances(study: StudyRecord) -> dict[str, float]:
    """Return each searched value's share, by its shared path, the largest first; they add up to 1.

    It is how much the value distinguishes the best tenth of the complete trials (at least five) from all of
    them. Empty where too few trials are complete.
    """
    if not (study.folder / JOURNAL).is_file():
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its word on every study that is made
    kept = optuna.load_study(study_name=study.name, storage=reading(study.folder, study.name))
    shared = {
        trial.number: dict(zip(trial.params, shared_params(trial), strict=True))
        for trial in study.trials
        if trial.confirms is None
    }
    copy = optuna.create_study(study_name=study.name, direction=study.objective.direction.value)
    for trial in kept.get_trials(deepcopy=False, states=(OptunaState.COMPLETE,)):
        if names := shared.get(trial.user_attrs.get(CONTINUES, trial.number)):
            copy.add_trial(
                optuna.trial.create_trial(
                    value=trial.value,
                    params={names[path]: value for path, value in trial.params.items() if path in names},
                    distributions={
                        names[path]: distribution
                        for path, distribution in trial.distributions.items()
                        if path in names
                    },
                )
            )
    count = len(copy.trials)
    if count < LEAST_TRIALS:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances  # scikit-learn: a second

    evaluator = PedAnovaImportanceEvaluator(target_quantile=min(0.5, max(0.1, TOP_TRIALS / count)))
    return get_param_importances(copy, evaluator=evaluator)
