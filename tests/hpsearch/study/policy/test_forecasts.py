"""Stopped trials as a sampler sees them: complete, with the error that they are forecast to end with."""

from collections.abc import Iterable

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, create_trial
from optuna.trial import TrialState as OptunaState

from hpsearch.study.journal.schema import FROZEN
from hpsearch.study.policy.experience import Experience
from hpsearch.study.policy.forecasts import WithForecasts, completed
from hpsearch.study.policy.samplers import RandomConfig, TPEConfig

MINIMIZED = (StudyDirection.MINIMIZE,)
FAMILIES = ("none", "rotation")


def trial(state: OptunaState, pretext: str, curve: list[float], x: float = 0.5, **attrs: int) -> FrozenTrial:
    return create_trial(
        state=state,
        value=curve[-1] if state is OptunaState.COMPLETE else None,
        params={"x": x, "pretext": pretext},
        distributions={
            "x": FloatDistribution(0, 1),
            "pretext": CategoricalDistribution(("none", "rotation")),
        },
        intermediate_values=dict(enumerate(curve, start=1)),
        user_attrs=attrs,
    )


def learned(trials: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Return the trials as they are shown to a sampler."""
    experience, known = Experience(), dict(enumerate(trials))
    for number, one in known.items():
        curve = list(one.intermediate_values.values())
        tell = experience.finished if one.state is OptunaState.COMPLETE else experience.stopped
        tell(number, str(one.params["pretext"]), curve)
    return [completed(known[number], [error]) for number, error in experience.shown().items()]


def suggested(sampler: optuna.samplers.BaseSampler, *trials: FrozenTrial) -> tuple[float, str]:
    """Return what a sampler suggests after trials of which Optuna holds none as they are shown."""
    shown = learned(trials)
    study = optuna.create_study(sampler=WithForecasts(sampler, lambda: shown, list, MINIMIZED))
    study.add_trials(trials)
    new = study.ask()
    return new.suggest_float("x", 0, 1), new.suggest_categorical("pretext", FAMILIES)


def test_tpe_suggests_as_if_stopped_trials_had_ended_with_their_forecasts() -> None:
    finished = [trial(OptunaState.COMPLETE, "none", [8.0, 6.0, 4.0], x=0.1 * x) for x in range(10)]
    places = [(x * 37 % 100) / 100 for x in range(10)]
    stopped = [trial(OptunaState.PRUNED, "none", [2 * x, x], x=x) for x in places]
    ended = [trial(OptunaState.COMPLETE, "none", [2 * x, x, x * 4 / 6], x=x) for x in places]

    def suggestions(*trials: FrozenTrial) -> list[tuple[float, str]]:
        return [suggested(TPEConfig(startup_trials=3).build(seed), *trials) for seed in range(6)]

    assert suggestions(*finished, *stopped) == suggestions(*finished, *ended) != suggestions(*finished)


def test_trials_without_a_forecast_do_not_end_the_random_start_of_tpe() -> None:
    stopped = [trial(OptunaState.PRUNED, "none", [20.0 + number]) for number in range(20)]
    assert suggested(TPEConfig(startup_trials=3).build(1), *stopped) == suggested(RandomConfig().build(1))


def test_a_sampler_that_asks_for_running_trials_gets_those_that_run() -> None:
    asked: list[list[OptunaState]] = []

    class Asks(optuna.samplers.RandomSampler):
        def sample_independent(self, study: optuna.Study, *rest: object) -> float:  # type: ignore[override]
            asked.append([one.state for one in study._get_trials(deepcopy=False)])
            return 0.5

    running = [trial(OptunaState.RUNNING, "none", [10.0 - number]) for number in range(2)]
    frozen = trial(OptunaState.RUNNING, "none", [10.0, 8.0], **{FROZEN: 2})
    done = trial(OptunaState.COMPLETE, "none", [9.0])
    study = optuna.create_study(sampler=WithForecasts(Asks(), lambda: [done], lambda: running, MINIMIZED))
    study.add_trials([*running, frozen, trial(OptunaState.PRUNED, "none", [1.0])])
    study.ask().suggest_float("x", 0, 1)
    assert asked[0] == [OptunaState.COMPLETE, *[OptunaState.RUNNING] * 2]


@pytest.mark.parametrize("broken", [0, 4])
def test_tpe_is_shown_two_objectives_and_broken_bounds_as_optuna_has_them(broken: int) -> None:
    """The study has one direction, and asks as one of Optuna's own with both would."""

    def ended(number: int) -> FrozenTrial:
        x = (number * 37 % 60) / 60
        excess = {"cost": 1.0 - x} if number < broken else None
        return create_trial(
            values=[x**2, (1 - x) ** 2],
            params={"x": x},
            distributions={"x": FloatDistribution(0, 1)},
            constraints=excess,
        )

    one, two = [], []
    for seed in range(6):
        both = optuna.create_study(
            sampler=TPEConfig(startup_trials=3).build(seed), directions=["minimize", "minimize"]
        )
        both.add_trials([ended(number) for number in range(60)])
        shown = [completed(trial, trial.values) for trial in both.trials]
        sampler = TPEConfig(startup_trials=3).build(seed)
        single = optuna.create_study(sampler=WithForecasts(sampler, lambda of=shown: of, list, 2 * MINIMIZED))
        single.add_trials([create_trial(state=OptunaState.FAIL)] * 60)  # so that numbers are the same
        one.append(single.ask().suggest_float("x", 0, 1))
        two.append(both.ask().suggest_float("x", 0, 1))
    assert one == two and len(set(one)) == 6
