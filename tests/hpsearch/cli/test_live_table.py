from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from support import plausible, studies

from hpsearch.cli.live_table import LiveView
from hpsearch.results.runs_after import confirmations_after
from hpsearch.results.time_left import Plan, TimeLeft, time_left, time_left_s
from hpsearch.study.records import StudyRecord, TrialState
from trainables.training.metric_names import EPOCH_S

COMPLETE, PRUNED, FAILED, RUNNING = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAILED,
    TrialState.RUNNING,
)


class Clock:
    """Unix seconds that a test turns."""

    def __init__(self) -> None:
        self.now_s = plausible.START_S

    def __call__(self) -> float:
        return self.now_s


def at_trial(study: StudyRecord, count: int) -> StudyRecord:
    return replace(study, trials=study.trials[:count])


def test_log_tells_each_end_once_and_progress_once_a_minute(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE, PRUNED, FAILED, COMPLETE])
    out, clock = io.StringIO(), Clock()
    with LiveView(Console(file=out, width=80), Plan(trials=4, in_parallel=1), clock) as view:
        view.update(at_trial(study, 1))  # had ended before: an earlier launch told of it
        for count in (2, 2, 3, 4, 4):
            view.update(at_trial(study, count), study.trials[count - 1])
            clock.now_s += 25
    lines = out.getvalue().splitlines()
    ends = [line for line in lines if " trial " in line]
    assert [line.split()[2] for line in ends] == ["01", "02", "03"]
    assert "pruned after epoch" in ends[0] and "diverged" in ends[1] and "validation/mae_deg" in ends[2]
    assert len(lines) - len(ends) == 1 and "4 of 4 trials" in lines[-1]


def test_terminal_shows_running_and_best_trials_and_is_left_clean(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE, PRUNED, RUNNING, RUNNING])
    out = io.StringIO()
    console = Console(file=out, width=100, height=40, force_terminal=True, _environ={})
    with pytest.raises(KeyboardInterrupt), LiveView(console, Plan(8, 2), Clock()) as view:
        view.update(study)
        view._live.refresh()  # type: ignore[union-attr]
        raise KeyboardInterrupt
    text = out.getvalue()
    assert "demo: 2 of 8 trials (2 running, 1 complete, 1 pruned)" in text
    assert f"{len(study.trials[2].epochs)}/10" in text
    assert "images/s" in text and "left" in text
    assert text.index("\x1b[?25l") < text.rindex("\x1b[?25h"), "the cursor is shown again"


def test_something_moves_within_an_epoch_and_the_design_comes_first(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE, RUNNING])
    done, running = study.trials
    running = replace(running, epochs=tuple({**epoch, EPOCH_S: 10.0} for epoch in running.epochs))
    study, clock = replace(study, trials=(done, running)), Clock()
    console = Console(file=io.StringIO(), width=80, height=40, force_terminal=True, _environ={})
    shown = []
    with LiveView(console, Plan(8, 2), clock) as view:
        view.update(study)
        for _ in range(2):
            with console.capture() as capture:
                console.print(view._screen())
            shown.append(capture.get())
            clock.now_s += 8
    bars = [next(line for line in text.splitlines() if "━" in line) for text in shown]
    assert bars[0] != bars[1]
    words = re.sub(r"\x1b\[[0-9;]*m", "", shown[0])
    leader = words[words.index("leading") :].splitlines()[2]
    assert leader.split()[:2] == ["00", str(done.params["pretext"])]
    assert max(map(len, words.splitlines())) <= 80


def test_time_left_follows_from_ended_trials_and_workers(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE, COMPLETE])  # 40 s each
    now_s = study.trials[-1].ended_s
    assert now_s is not None
    assert time_left_s(study, Plan(6, 2), now_s) == pytest.approx(4 * 40 / 2)
    assert time_left_s(study, Plan(2, 2), now_s) == 0
    assert time_left_s(study, Plan(None, 2), now_s) is None
    assert time_left_s(study, Plan(None, 2, deadline_s=now_s + 100), now_s) == pytest.approx(140)
    assert time_left_s(study, Plan(6, 2, deadline_s=now_s + 10), now_s) == pytest.approx(50)


def test_time_left_before_the_first_end_follows_from_the_pace(tmp_path: Path) -> None:
    whole = plausible.study(tmp_path, [COMPLETE]).trials[0]
    study = plausible.study(tmp_path, [])
    assert time_left_s(study, Plan(4, 1), plausible.START_S) is None
    study = replace(study, trials=(plausible.after(whole, 2),))
    assert time_left_s(study, Plan(3, 1), whole.started_s + 20) == pytest.approx(80 + 2 * 100)


def test_a_trial_slower_than_those_before_has_the_time_left_of_its_own_pace(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE, COMPLETE])  # 40 s each
    slow = plausible.after(study.trials[1], 6)
    study = replace(study, trials=(study.trials[0], slow))
    assert time_left_s(study, Plan(2, 1), slow.started_s + 30) == pytest.approx(10)
    assert time_left_s(study, Plan(2, 1), slow.started_s + 60) == pytest.approx(60 / 6 * 4)


def test_confirmations_and_tests_are_counted_from_the_start_with_a_range(tmp_path: Path) -> None:
    study = plausible.study(tmp_path, [COMPLETE, COMPLETE])  # 10 epochs of 4 s each
    now_s = study.trials[-1].ended_s
    assert now_s is not None
    text = "confirm: {top: 1, seeds: {min: 3, max: 12}}"
    space = "data: {train: {dataset: heads}}\nepochs: 10\npretext: {choice: [none, puzzling]}\n"
    spec = studies.spec(tmp_path, f"{{name: demo, sampler: grid, {text}}}", space)
    asked = replace(study, spec=spec)
    left = time_left(asked, Plan(2, 1), now_s)
    assert left is not None
    assert (left.least_s, left.most_s) == pytest.approx((2 * 3 * 40, 2 * 12 * 40)), "of helper and baseline"
    assert str(left) == "4:00 to 16:00"
    assert confirmations_after(spec, 2) == (6, 24), "a plan counts the same"
    again = replace(study.trials[0], number=2, confirms=0)
    later = time_left(replace(asked, trials=(*study.trials, again)), Plan(2, 1), now_s)
    assert later is not None and (later.least_s, later.most_s) == pytest.approx((5 * 40, 23 * 40))
    assert time_left(study, Plan(2, 1), now_s) == TimeLeft(0, 0)


@pytest.mark.parametrize(
    ("space", "runs"),
    [
        ("pretext: {choice: [none, puzzling, rotation]}", (10, 10)),  # the best is the helper or the baseline
        ("pretext: {choice: [none, puzzling]}\nseed: {choice: [0, 1]}", (10, 17)),
        ("pretext: {choice: [rotation, puzzling]}", (5, 5)),
        ("network: {dropout: {choice: [0.1, 0.2]}}", (5, 5)),
        ("init: {choice: [random, ssl: {epochs: 2}]}", (10, 10)),
    ],
)
def test_as_many_designs_are_confirmed_as_the_best_the_helper_and_the_baseline_can_be(
    tmp_path: Path, space: str, runs: tuple[int, int]
) -> None:
    head = "data: {train: {dataset: heads}}\nepochs: 10\n"
    spec = studies.spec(tmp_path, "{name: demo, confirm: {top: 1, seeds: 5}}", f"{head}{space}\n")
    assert confirmations_after(spec, None) == runs
    assert confirmations_after(spec, 1) == (5, 5)
