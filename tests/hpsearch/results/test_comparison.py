"""Arms, whether the leader is separable from the baseline, and what pruning saved."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from support.made_up_arms import arms_of, config, study, table, trial

from hpsearch.report.pruning import pruning_statistics
from hpsearch.results.comparison import Comparison, Outcome, compare, headline, signed
from hpsearch.study.records import TrialRecord, TrialState

PUZZLE = {"puzzling": {"grid": 2}}


def arm(
    first: int, pretext: object, values: Sequence[float], confirms: int | None = None
) -> list[TrialRecord]:
    return [
        trial(first + seed, config(pretext, seed=seed), value, confirms=confirms)
        for seed, value in enumerate(values)
    ]


def stand(*arms: list[TrialRecord]) -> Comparison:
    return compare(arms_of(study([one for trials in arms for one in trials])))


def said(found: Comparison) -> str:
    return " ".join(headline(found, "L", "B", "°"))


def test_trials_that_differ_in_their_seed_alone_are_one_arm() -> None:
    trials = [*arm(0, "none", [5.0, 6.0]), *arm(2, PUZZLE, [4.0, 4.5]), trial(4, config(dropout=0.1), 3.0)]
    found = arms_of(study(trials))
    assert [[one.number for one in each.trials] for each in found] == [[2, 3], [0, 1], [4]]
    assert found[0].values == {0: 4.0, 1: 4.5}


def test_a_lucky_single_run_stands_below_arms_with_several_seeds() -> None:
    found = arms_of(study([*arm(0, "none", [5.0, 5.2]), trial(2, config(PUZZLE), 1.0)]))
    assert [len(each.values) for each in found] == [2, 1]


def test_seeds_that_move_both_arms_alike_do_not_hide_a_small_gap() -> None:
    found = stand(arm(0, "none", [5.0, 8.0, 11.0]), arm(3, PUZZLE, [4.8, 7.7, 10.8]))
    assert found.outcome is Outcome.AHEAD
    assert found.difference is not None and found.difference.mean == pytest.approx(-0.7 / 3)
    assert "The leader beats the baseline by 0.23°" in said(found)


def test_equal_designs_are_tied_in_about_nineteen_studies_of_twenty() -> None:
    rng = random.Random(5)  # noqa: S311
    outcomes = [
        stand(
            *(
                arm(5 * n, task, [7 + rng.gauss(0, 0.3) for _ in range(5)])
                for n, task in ((0, "none"), (1, PUZZLE))
            )
        )
        for _ in range(200)
    ]
    tied = sum(found.outcome is Outcome.TIED for found in outcomes)
    assert 180 <= tied <= 199
    assert said(next(found for found in outcomes if found.outcome is Outcome.TIED)).startswith("Tied")


def test_a_worse_leader_is_called_worse() -> None:
    found = stand(arm(0, "none", [5.0, 5.1, 5.2]), arm(3, PUZZLE, [6.0, 6.1, 6.3]))
    assert found.outcome is Outcome.BEHIND
    assert "Nothing beats the baseline" in said(found)


def test_a_single_run_of_each_decides_nothing() -> None:
    found = stand(arm(0, "none", [6.0]), arm(1, PUZZLE, [4.0]))
    assert found.outcome is Outcome.UNDECIDED
    assert "Not decided" in said(found)
    assert "single run" in said(found)


def test_confirmation_counts_and_the_run_that_made_the_leader_does_not() -> None:
    lucky = [trial(0, config(PUZZLE), 3.0), trial(1, config(), 6.0)]
    again = [*arm(2, PUZZLE, [6.1, 5.9, 6.0], confirms=0), *arm(5, "none", [6.0, 6.05, 5.9], confirms=1)]
    found = stand(lucky, again)
    assert found.outcome is Outcome.TIED
    assert found.leader is not None and found.leader.mean is not None
    assert found.leader.mean.mean == pytest.approx(6.0)
    assert "flatters" not in said(found)


def test_of_several_plain_arms_the_best_is_the_baseline() -> None:
    dull = [trial(n, config(dropout=0.0, seed=n), 9.0 + n) for n in range(2)]
    found = stand(dull, arm(2, "none", [6.0, 6.1]), arm(4, PUZZLE, [6.0, 6.2]))
    assert found.baseline is not None and found.baseline.mean is not None
    assert found.baseline.mean.mean == pytest.approx(6.05)


def test_the_baseline_learned_from_the_same_data() -> None:
    """In table 5 supervised learning from four subjects is no baseline for HMTL from one."""
    worth = {None: 0.0, True: -0.1}
    record = table(
        "table5_low_data_heads",
        lambda config: (
            9.0
            - 0.1 * len(config.data.train.subjects)
            + worth[getattr(config.pretext, "heads", None) or None]
            + 0.01 * config.seed
        ),
        36,
    )
    found = compare(arms_of(record))
    assert found.leader is not None and found.baseline is not None
    assert len(found.baseline.config.data.train.subjects) == 20
    assert found.difference is not None and found.difference.mean == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("arms", "words"),
    [
        ([], "No trial has finished yet"),
        ([arm(0, "none", [6.0])], "Only the baseline"),
        ([arm(0, PUZZLE, [6.0, 5.0])], "no baseline"),
        ([[trial(0, config(), 6.0, state=TrialState.RUNNING)]], "No trial has finished yet"),
    ],
)
def test_what_is_missing_is_said(arms: list[list[TrialRecord]], words: str) -> None:
    found = stand(*arms)
    assert found.outcome is Outcome.UNDECIDED
    assert words in said(found)


def test_differences_have_their_sign_and_zero_has_none() -> None:
    assert [signed(value) for value in (-0.5, 0.5, 0.001, -0.004)] == ["−0.50", "+0.50", "0.00", "0.00"]


def test_pruning_saves_the_epochs_that_were_not_trained_at_the_time_they_took() -> None:
    pruned = [trial(n, config(seed=n), 8.0, state=TrialState.PRUNED, epochs=3) for n in range(2)]
    saved = pruning_statistics(study([*pruned, trial(9, config(seed=9), 5.0, epochs=9)]))
    assert (saved.pruned, saved.epochs_saved, saved.epochs_trained) == (2, 12, 15)
    assert saved.hours_saved == pytest.approx(12 * 2.0 / 3600)
    assert saved.hours_trained == pytest.approx(15 * 2.0 / 3600)
    assert saved.share == pytest.approx(12 / 27)
