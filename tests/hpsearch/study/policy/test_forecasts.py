"""Stopped trials as a sampler sees them: complete, with the error that they are forecast to end with."""

import math

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState

from hpsearch.study.journal.schema import CONTINUES, FROZEN, PROMOTED
from hpsearch.study.policy.forecasts import with_forecasts
from hpsearch.study.policy.samplers import RandomConfig, TPEConfig

FAMILIES = ("none", "rotation")


def trial(
    state: OptunaState, pretext: str, curve: list[float], x: float = 0.5, first_epoch: int = 1, **attrs: int
) -> FrozenTrial:
    return create_trial(
        state=state,
        value=curve[-1] if state is OptunaState.COMPLETE else None,
        params={"x": x, "pretext": pretext},
        distributions={
            "x": FloatDistribution(0, 1),
            "pretext": CategoricalDistribution(("none", "rotation")),
        },
        intermediate_values=dict(enumerate(curve, start=first_epoch)),
        user_attrs=attrs,
    )


def numbered(*trials: FrozenTrial) -> list[FrozenTrial]:
    for number, one in enumerate(trials):
        one.number = number
    return list(trials)


def values(*trials: FrozenTrial) -> dict[int, float | None]:
    return {one.number: one.value for one in with_forecasts(numbered(*trials))}


def test_a_stopped_trial_counts_by_what_its_family_made_of_its_errors_from_there_on() -> None:
    finished = [
        trial(OptunaState.COMPLETE, "rotation", [20.0, 16.0, 10.0]),  # x 0.5 from epoch 1, x 0.625 from 2
        trial(OptunaState.COMPLETE, "rotation", [20.0, 10.0, 8.0]),  # x 0.4, x 0.8
        trial(OptunaState.COMPLETE, "rotation", [10.0, 9.0, 9.0]),  # x 0.9, x 1
        trial(OptunaState.COMPLETE, "none", [10.0, 5.0, 1.0]),
    ]
    stopped = [
        trial(OptunaState.PRUNED, "rotation", [30.0]),
        trial(OptunaState.PRUNED, "rotation", [30.0, 20.0]),
        trial(OptunaState.RUNNING, "rotation", [30.0, 25.0], **{FROZEN: 2}),
    ]
    found = values(*finished, *stopped)
    assert found == pytest.approx({0: 10.0, 1: 8.0, 2: 9.0, 3: 1.0, 4: 15.0, 5: 16.0, 6: 20.0})


def test_without_a_finished_trial_of_its_family_a_stopped_one_is_hidden() -> None:
    found = values(
        trial(OptunaState.COMPLETE, "none", [10.0, 5.0, 1.0]),
        trial(OptunaState.PRUNED, "rotation", [30.0]),
        trial(OptunaState.PRUNED, "none", [math.nan]),
        trial(OptunaState.PRUNED, "none", []),
    )
    assert found == {0: 1.0}


def test_a_running_trial_stays_one_and_a_thawed_one_is_running() -> None:
    known = numbered(
        trial(OptunaState.COMPLETE, "none", [10.0, 5.0, 1.0]),
        trial(OptunaState.RUNNING, "none", [10.0]),
        trial(OptunaState.RUNNING, "none", [10.0, 7.0], **{FROZEN: 1, PROMOTED: 1}),
    )
    assert [one.state for one in with_forecasts(known)][1:] == [OptunaState.RUNNING] * 2


def test_a_trial_that_goes_on_under_another_number_counts_once_with_its_whole_curve() -> None:
    found = values(
        trial(OptunaState.PRUNED, "none", [10.0]),
        trial(OptunaState.COMPLETE, "none", [6.0, 2.0], first_epoch=2, **{CONTINUES: 0}),
        trial(OptunaState.PRUNED, "none", [20.0]),
    )
    assert found == pytest.approx({1: 2.0, 2: 4.0})


def study_of(sampler: optuna.samplers.BaseSampler, *trials: FrozenTrial) -> optuna.Study:
    study = optuna.create_study(sampler=sampler)
    study.add_trials(trials)
    return study


def suggested(study: optuna.Study) -> tuple[float, str]:
    new = study.ask()
    return new.suggest_float("x", 0, 1), new.suggest_categorical("pretext", FAMILIES)


def test_tpe_suggests_as_if_stopped_trials_had_ended_with_their_forecasts() -> None:
    finished = [trial(OptunaState.COMPLETE, "none", [8.0, 6.0, 4.0], x=0.1 * x) for x in range(10)]
    places = [(x * 37 % 100) / 100 for x in range(10)]
    stopped = [trial(OptunaState.PRUNED, "none", [2 * x, x], x=x) for x in places]
    ended = [trial(OptunaState.COMPLETE, "none", [2 * x, x, x * 4 / 6], x=x) for x in places]

    def suggestions(*trials: FrozenTrial) -> list[tuple[float, str]]:
        return [suggested(study_of(TPEConfig(startup_trials=3).build(seed), *trials)) for seed in range(6)]

    assert suggestions(*finished, *stopped) == suggestions(*finished, *ended) != suggestions(*finished)


def test_trials_without_a_forecast_do_not_end_the_random_start_of_tpe() -> None:
    stopped = [trial(OptunaState.PRUNED, "none", [20.0 + number]) for number in range(20)]
    study = study_of(TPEConfig(startup_trials=3).build(1), *stopped)
    assert suggested(study) == suggested(study_of(RandomConfig().build(1)))
