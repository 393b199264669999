"""Arms, which of them lead and which is the baseline, and whether the leader is better."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from scipy import stats
from support import verdicts
from support.made_up_arms import AIM, arms_of, config, study, table, trial

from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.results.advice import advice
from hpsearch.results.comparison import Comparison, Outcome, compare
from hpsearch.results.contest import contest
from hpsearch.results.formats import signed
from hpsearch.results.leaderboard import board_of
from hpsearch.results.titles import names_of, title_with_trials, words_of
from hpsearch.results.verdict import SELECTED, describe, verdict_sentence
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from hpsearch.study.spec import load_spec
from trainables.target import HeadPoseConfig
from trainables.training.metric_names import objectives

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
    verdict = describe(found, {}, AIM)
    return f"{verdict.sentence} {verdict.grounds}"


def confirmed(
    searched: StudyRecord, numbers: Sequence[int], values: Sequence[Sequence[float]]
) -> StudyRecord:
    """Return a study after trials were trained again; `values` has those of each seed, by number."""
    again = [
        replace(
            searched.trials[number],
            number=100 + len(numbers) * seed + place,
            confirms=number,
            config=searched.trials[number].config.model_copy(update={"seed": 1000 + seed}),
            objective=value,
        )
        for seed, of_seed in enumerate(values)
        for place, (number, value) in enumerate(zip(numbers, of_seed, strict=True))
    ]
    return replace(searched, trials=(*searched.trials, *again))


def test_trials_that_differ_in_their_seed_alone_are_one_arm() -> None:
    trials = [*arm(0, "none", [5.0, 6.0]), *arm(2, PUZZLE, [4.0, 4.5]), trial(4, config(dropout=0.1), 3.0)]
    found = arms_of(study(trials))
    assert [[one.number for one in each.trials] for each in found] == [[2, 3], [0, 1], [4]]
    assert found[0].values == {0: 4.0, 1: 4.5}


def test_a_lucky_single_run_stands_below_arms_with_several_seeds() -> None:
    found = arms_of(study([*arm(0, "none", [5.0, 5.2]), trial(2, config(PUZZLE), 1.0)]))
    assert [len(each.values) for each in found] == [2, 1]


@pytest.mark.parametrize(
    ("pretext", "said_of"),
    [
        (PUZZLE, "Puzzling"),
        ({"puzzling": {"view": "two"}}, "Puzzling in two views"),
        ({"several": {"puzzling": {}, "equivariance": {"ssl_weight": 0.1}}}, "Puzzling with equivariance"),
    ],
)
def test_a_sentence_names_the_helpers_of_an_arm(pretext: object, said_of: str) -> None:
    assert words_of(arms_of(study([trial(0, config(pretext), 1.0)]))[0]) == said_of


def test_seeds_that_move_all_of_five_arms_alike_do_not_hide_a_small_gap() -> None:
    worse = [[6.0, 9.1, 12.0], [6.1, 9.0, 12.1], [6.0, 9.0, 12.05]]
    others = [
        trial(10 + 3 * n + seed, config(PUZZLE, seed=seed, dropout=0.1 * n), value)
        for n, values in enumerate(worse)
        for seed, value in enumerate(values)
    ]
    found = stand(arm(0, "none", [5.0, 8.0, 11.0]), arm(3, PUZZLE, [4.8, 7.7, 10.8]), others)
    assert found.outcome is Outcome.AHEAD
    assert found.difference is not None and found.difference.mean == pytest.approx(-0.7 / 3)
    assert "Puzzling is better than supervised learning alone: by 0.23°, 95 % interval 0." in said(found)
    assert "Helper − supervised learning alone, 3 seeds each: −0.23 (−2.9 %), 95 % interval −0." in said(
        found
    )


def test_equal_designs_are_too_close_to_call_in_about_nineteen_studies_of_twenty() -> None:
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
    close = sum(found.outcome is Outcome.CLOSE for found in outcomes)
    assert 180 <= close <= 199
    assert "too close to call" in said(next(found for found in outcomes if found.outcome is Outcome.CLOSE))


def test_a_worse_leader_is_called_worse() -> None:
    found = stand(arm(0, "none", [5.0, 5.1, 5.2]), arm(3, PUZZLE, [6.0, 6.1, 6.3]))
    assert found.outcome is Outcome.BEHIND
    assert "Puzzling is worse than supervised learning alone: by 1.03°, 95 % interval 0." in said(found)
    assert "Helper − supervised learning alone, 3 seeds each: +1.03 (+20.3 %), 95 % interval +0." in said(
        found
    )


def test_a_single_run_of_each_decides_nothing() -> None:
    found = stand(arm(0, "none", [6.0]), arm(1, PUZZLE, [4.0]))
    assert found.outcome is Outcome.UNDECIDED
    words = "whether puzzling is better than supervised learning alone: by 2.00° in one run."
    assert verdict_sentence(found, {}) == f"It is not decided {words}"
    assert "single run of either decides nothing" in said(found)


def test_arms_without_a_common_seed_are_compared_too() -> None:
    for values, outcome in (((4.0, 4.1, 4.05), Outcome.AHEAD), ((4.0, 8.0, 6.0), Outcome.CLOSE)):
        other = [trial(5 + n, config(PUZZLE, seed=7 + n), value) for n, value in enumerate(values)]
        found = stand(arm(0, "none", [6.0, 6.1]), other)
        assert found.outcome is outcome
        assert "3 and 2 seeds" in said(found)


def test_confirmation_counts_and_the_run_that_made_the_leader_does_not() -> None:
    lucky = [trial(0, config(PUZZLE), 3.0), trial(1, config(), 6.0)]
    again = [*arm(2, PUZZLE, [6.1, 5.9, 6.0], confirms=0), *arm(5, "none", [6.0, 6.05, 5.9], confirms=1)]
    found = stand(lucky, again)
    assert found.outcome is Outcome.CLOSE
    assert found.leader is not None and found.leader.mean is not None
    assert found.leader.mean.mean == pytest.approx(6.0)
    assert "corrected" not in said(found)
    assert "mean of 3 confirmations" in said(found)


def test_confirmed_arms_lead_as_they_do_on_the_leaderboard() -> None:
    """Three seeds of the search look better than the confirmed arm, whose seeds are new."""
    searched = study([*arm(0, PUZZLE, [4.0, 4.1, 4.2]), trial(3, config(PUZZLE, dropout=0.1), 3.0)])
    record = confirmed(searched, [3], [[5.0], [5.1]])
    best = record.best
    assert best is not None and best.number == 3
    assert best in arms_of(record)[0].trials


IMAGENET = config().model_validate({**config().model_dump(), "init": {"imagenet": {}}}).init


def pretrained(one: TrialRecord) -> TrialRecord:
    return replace(one, config=one.config.model_copy(update={"init": IMAGENET}))


def test_where_every_arm_is_pretrained_the_baseline_is_too_and_never_leads() -> None:
    found = compare(
        arms_of(
            study([pretrained(one) for one in [*arm(0, "none", [4.0, 4.1]), *arm(2, PUZZLE, [5.0, 5.3])]])
        )
    )
    assert found.leader is not None and not found.leader.is_supervised_alone
    assert found.baseline is not None and found.baseline.is_supervised_alone
    assert found.outcome is Outcome.CLOSE or found.outcome is Outcome.BEHIND


def test_pretrained_weights_alone_may_lead_over_the_baseline_with_random_ones() -> None:
    weights = [pretrained(one) for one in arm(2, "none", [4.0, 4.15])]
    found = stand(arm(0, "none", [6.0, 6.1]), weights)
    assert found.leader is not None and found.leader.trials == tuple(weights)
    assert found.outcome is Outcome.AHEAD


def baseline_trial(record: StudyRecord) -> TrialRecord | None:
    """Return the trial of the search that is confirmed as the baseline."""
    found = contest(arms_of(replace(record, trials=record.searched))).baseline
    return None if found is None else found.best_run


def test_the_trial_to_confirm_is_the_best_of_the_baseline_and_stays_so() -> None:
    searched = study(
        [
            *(pretrained(one) for one in arm(0, "none", [3.0])),
            trial(1, config(), 6.0),
            trial(2, config(dropout=0.1), 5.5),
            trial(3, config(PUZZLE), 4.0),
        ]
    )
    chosen = baseline_trial(searched)
    assert chosen is not None and chosen.number == 2, "random weights come before pretrained ones"
    for values in ([[9.0]], [[9.0], [9.5]]):
        assert baseline_trial(confirmed(searched, [2], values)) == chosen
    assert baseline_trial(replace(searched, trials=searched.trials[3:])) is None


def test_what_was_confirmed_as_the_baseline_is_the_baseline_of_the_verdict() -> None:
    rng = random.Random(7)  # noqa: S311
    tasks = ("none", PUZZLE, {"rotation": {"grid": 2}})
    for _ in range(100):
        trials = [
            trial(number, config(rng.choice(tasks), dropout=rng.choice([0.1, 0.2, 0.3])), rng.gauss(7, 1))
            for number in range(12)
        ]
        trials = [pretrained(one) if rng.random() < 0.3 else one for one in trials]
        searched = study([replace(one, params={"dropout": one.number}) for one in trials])
        chosen, leader = baseline_trial(searched), compare(arms_of(searched)).leader
        if chosen is None or leader is None:
            continue
        numbers = list(dict.fromkeys([leader.runs()[0][0].number, chosen.number]))
        record = confirmed(searched, numbers, [[rng.gauss(7, 1) for _ in numbers] for _ in range(3)])
        found = compare(arms_of(record))
        assert found.baseline is not None and chosen in found.baseline.trials
        assert found.difference is not None and found.difference.n == 3
        assert found.baseline.confirmed and found.leader is not None and found.leader.confirmed


def test_terminal_and_report_say_the_same() -> None:
    record = confirmed(
        study([trial(0, config(), 6.0), trial(1, config(PUZZLE), 5.0)]), [0, 1], [[6.0, 5.2]] * 3
    )
    found = compare(arms_of(record))
    verdict = describe(found, names_of(arms_of(record)), record.objective, advice(record, found))
    assert verdict.sentence == (
        "Puzzling is better than supervised learning alone: by 0.80°, 95 % interval 0.80 to 0.80; "
        "3 seeds each."
    )
    assert board_of(record).verdict.splitlines()[:2] == [verdict.sentence, verdict.grounds]
    page = render(Report(record)).html
    assert verdict.sentence in page and verdict.grounds in page


def test_a_sentence_names_the_trials_of_the_search_that_an_arm_has() -> None:
    few, many = arm(0, "none", [5.0, 6.0]), arm(10, "none", [5.0] * 5)
    again = arm(20, "none", [5.5, 5.6], confirms=0)
    assert title_with_trials(arms_of(study([*few, *again]))[0], {}) == "the one design (trials 0, 1)"
    assert title_with_trials(arms_of(study(many))[0], {}) == "the one design (trials 10, 11, 12, …)"


def test_an_objective_is_named_as_it_is_read() -> None:
    known = objectives(HeadPoseConfig())
    assert known["validation/mae_deg"].title == "validation MAE"
    assert known["validation/best_mae_deg"].title == "validation MAE of the best epoch"
    assert known["validation/yaw_mae_deg"].title == "validation yaw MAE"


def test_of_several_plain_arms_the_best_is_the_baseline() -> None:
    worse = [trial(n, config(dropout=0.0, seed=n), 9.0 + n) for n in range(2)]
    found = stand(worse, arm(2, "none", [6.0, 6.1]), arm(4, PUZZLE, [6.0, 6.2]))
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
        ([], "No trial has finished."),
        ([arm(0, "none", [6.0])], "Only supervised learning alone"),
        ([arm(0, PUZZLE, [6.0, 5.0])], "no run of supervised learning alone"),
        ([[trial(0, config(), 6.0, state=TrialState.RUNNING)]], "No trial has finished."),
    ],
)
def test_what_is_missing_is_said(arms: list[list[TrialRecord]], words: str) -> None:
    found = stand(*arms)
    assert found.outcome is Outcome.UNDECIDED
    assert words in said(found)


def test_differences_have_their_sign_and_zero_has_none() -> None:
    assert [signed(value) for value in (-0.5, 0.5, 0.001, -0.004)] == ["−0.50", "+0.50", "0.00", "0.00"]


def test_helpers_that_are_equal_to_the_baseline_are_not_said_to_beat_it() -> None:
    """Of twelve equal arms the luckiest leads; uncorrected, it beats the baseline in one study of eight."""
    for case in (
        verdicts.Case(12, 3, confirm=False),
        verdicts.Case(12, 4, confirm=True),
        verdicts.Case(12, 4, confirm=False, plain=6),
    ):
        found = verdicts.shares(case, studies=100)
        assert found[Outcome.AHEAD] <= 0.06, case  # 2.5 % is meant: 7 or more of 100 come in one of 60 tries
        assert found[Outcome.BEHIND] <= 0.06, case


def test_a_helper_that_is_truly_better_is_said_to_beat_the_baseline() -> None:
    for confirm in (False, True):
        found = verdicts.shares(verdicts.Case(12, 8, confirm, better_deg=1.5), studies=40)
        assert found[Outcome.AHEAD] >= 0.9


def test_the_interval_holds_together_with_those_of_all_that_could_have_led() -> None:
    plain, helper = [6.0, 6.1, 6.3], [5.0, 5.2, 5.1]
    others = [
        trial(10 + 3 * n + seed, config(PUZZLE, seed=seed, dropout=0.01 * n), 7.0 + 0.1 * seed)
        for n in range(3)
        for seed in range(3)
    ]
    alone, among = (stand(arm(0, "none", plain), arm(3, PUZZLE, helper), rest) for rest in ([], others))
    assert (alone.pairs, among.pairs) == (1, 4)
    ends = stats.ttest_ind(helper, plain, equal_var=False).confidence_interval()
    assert alone.difference is not None and alone.difference.low == pytest.approx(ends.low, rel=1e-5)
    assert "corrected for 4 comparisons" in said(among) and "corrected" not in said(alone)
    assert among.family is not None
    gaps = [among.family.difference(helper) for helper in among.family.helpers]
    assert gaps[0].low == pytest.approx(among.difference and among.difference.low)
    assert [gap.mean for gap in gaps[1:]] == pytest.approx([7.1 - sum(plain) / 3] * 3)
    two = stand(arm(0, "none", plain), arm(3, PUZZLE, helper), others, second_baseline())
    assert two.pairs == 8 and two.difference is not None and among.difference is not None
    assert (two.difference.half or 0) > (among.difference.half or 0)


def second_baseline() -> list[TrialRecord]:
    return [trial(90 + seed, config(seed=seed, dropout=0.2), 8.0 + 0.1 * seed) for seed in range(3)]


def test_single_runs_of_a_search_widen_no_interval_of_arms_with_several() -> None:
    """They can not lead: a design with several seeds stands before them, whatever they come to."""
    singles = [trial(20 + n, config(PUZZLE, dropout=0.01 * n), 3.0) for n in range(9)]
    arms = [arm(0, "none", [6.0, 6.1, 6.3]), arm(3, PUZZLE, [5.0, 5.2, 5.1])]
    assert stand(*arms).difference == stand(*arms, singles).difference


def test_seeds_that_others_were_stopped_beside_decide_nothing() -> None:
    """A helper whose poor seeds were pruned looks better than it is."""
    pruned = trial(9, config(PUZZLE, seed=3), 9.0, state=TrialState.PRUNED)
    found = stand(arm(0, "none", [6.0, 6.1, 6.2, 6.3]), [*arm(4, PUZZLE, [5.0, 5.1, 5.2]), pruned])
    assert found.outcome is Outcome.UNDECIDED
    assert "stopped early for their errors" in said(found)


def test_a_single_run_and_the_epoch_are_named() -> None:
    found = stand(arm(0, "none", [6.0]), arm(1, PUZZLE, [4.0]))
    assert said(found).count(SELECTED) == 2
    assert "last epoch of each run" in said(found)
    best = objectives(HeadPoseConfig())["validation/best_mae_deg"]
    assert "best epoch of each run" in describe(found, {}, best).grounds


def test_a_pretraining_that_the_seeds_share_is_named() -> None:
    for folders, shared in ((["a", "a"], True), (["a", "b"], False)):
        weights = [
            replace(pretrained(one), pretrained=folder)
            for one, folder in zip(arm(2, "none", [4.0, 4.15]), folders, strict=True)
        ]
        words = said(stand(arm(0, "none", [6.0, 6.1]), weights))
        assert ("the pretraining, which the seeds share" in words) is shared


def test_leaderboard_best_and_verdict_agree_on_the_design() -> None:
    """The lowest single run belongs to a design whose other seeds are poor."""
    record = study([*arm(0, PUZZLE, [3.0, 9.0, 9.1]), *arm(3, {"rotation": {}}, [5.0, 5.2, 5.1])])
    assert record.best is not None and record.best.number == 3
    assert [one.number for one in record.leaderboard()] == [3, 5, 4, 0, 1, 2]
    assert record.best in arms_of(record)[0].trials
    assert compare(arms_of(record)).leader == arms_of(record)[0]


def test_advice_is_what_the_file_does_not_follow_yet(tmp_path: Path) -> None:
    record = replace(study([trial(0, config(), 6.0), trial(1, config(PUZZLE), 5.9)]), folder=tmp_path)
    assert "add confirm: {top: 1, seeds: {min: 3, max: 12}}" in advice(record, compare(arms_of(record)))
    space = "data: {train: {dataset: heads}}\npretext: {choice: [none, puzzling]}\n"
    (tmp_path / "space.yaml").write_text(f"{space}search: {{confirm: {{top: 1, seeds: 3}}}}\n")
    record = replace(record, spec=load_spec(tmp_path / "space.yaml"))
    assert advice(record, compare(arms_of(record))) == "", "its confirmations are still to come"
    record = confirmed(record, [0, 1], [[6.0, 5.9], [5.9, 6.0], [6.1, 5.8]])
    found = compare(arms_of(record))
    assert "stay undecided in one of five studies" in board_of(record).verdict
    assert "A second look, at more seeds, has 4%" in describe(found, {}, AIM, advice(record, found)).grounds
