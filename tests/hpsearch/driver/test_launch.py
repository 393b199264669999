"""Whole launches through the command line, and what a crash, Ctrl-C or a wrong input leaves behind."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from support.forks import start_fork
from support.launches import (
    TRIALS,
    board,
    furnish,
    hpsearch,
    launch_here,
    runs,
    start,
    wait_for_epochs,
    worker_of,
    write_space,
)
from support.patience import PATIENCE_S
from support.processes import listening, processes_of, scratch_folders, stay, title_of

from hpsearch.cli.main import main
from hpsearch.tracking.location import STORE
from trainables.__main__ import main as train
from trainables.base.atomic import UNFINISHED

HELPERS_GONE_S = 10.0
"""What docs/faults.md promises; on a quiet machine they are gone within one."""


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A temporary folder of these tests' own, short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


@dataclass(frozen=True)
class Whole:
    """A root on which one study has run whole, and what its launch had to do with other users meanwhile."""

    root: Path
    agents: set[str]
    addresses: set[str]
    modes: tuple[int, int]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, rendered: Path, scratch: Path) -> Whole:
    """Launch on Ray, one trial at a time."""
    root = furnish(tmp_path_factory.mktemp("runs"), rendered)
    space = write_space(root, concurrent=1)
    launch = start(space, root, TMPDIR=str(scratch), HOME="/dev/null/home")  # which cannot be written
    wait_for_epochs(root, 1)
    [private] = scratch_folders(scratch)
    modes = private.stat().st_mode & 0o777, (private / "token").stat().st_mode & 0o777
    helpers = processes_of(private)
    agents = {title for pid in helpers if (title := title_of(pid)).endswith("Agent")}
    addresses = listening([*helpers, launch.pid])
    printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert launch.returncode == 0, printed
    (root / "printed.txt").write_text(printed)
    (root / "board.json").write_text(json.dumps(board(root)))  # before a larger budget thaws what was pruned
    return Whole(root, agents, addresses, modes)


@pytest.fixture(scope="module")
def root(whole: Whole) -> Path:
    return whole.root


@pytest.fixture
def fresh(rendered: Path, tmp_path: Path) -> Path:
    """A root without a study; its pictures are there already, and MLflow's database."""
    return furnish(tmp_path, rendered)


def digits(trials: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the leaderboard without what follows from the clock and the folder."""
    clock = ("seconds", "trained_s", "rank", "folder", "speed/", "memory/")
    return [{key: value for key, value in trial.items() if not key.startswith(clock)} for trial in trials]


def test_launch_finishes_its_budget_and_names_the_winner(root: Path) -> None:
    trials = board(root)
    assert [trial["trial"] for trial in trials] == list(range(TRIALS))
    assert {trial["state"] for trial in trials} <= {"complete", "pruned"}
    assert any(trial["state"] == "pruned" for trial in trials)
    printed = (root / "printed.txt").read_text()
    assert "Always guessing the mean pose" in printed
    assert "Traceback" not in printed
    assert "ray" not in printed.lower()


def test_the_commands_that_it_proposes_run(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = (root / "printed.txt").read_text()
    proposed = [shlex.split(line) for line in re.findall(r"^  hpsearch (.*?)    #", printed, re.MULTILINE)]
    assert [words[0] for words in proposed] == ["report", "ui", "data", "launch"]
    monkeypatch.chdir(tmp_path)
    for words in proposed:
        assert words[0] in ("ui", "launch") or main(words) == 0  # those two have tests of their own
    assert [sheet.name for sheet in tmp_path.glob("rendered-heads-*.png")] != []


def test_results_that_find_no_room_end_the_launch(root: Path) -> None:
    """Its tracking ends too: the thread of it would keep the process for ever."""
    leaderboard = root / "studies" / "tiny" / "leaderboard.csv"
    written = leaderboard.read_text()
    draft = leaderboard.with_name(f".{leaderboard.name}.{os.getpid()}{UNFINISHED}")
    draft.symlink_to("/dev/full")
    launched = launch_here(root / "tiny.yaml", root)
    assert leaderboard.read_text() == written, "what was there before stays whole"
    assert launched.returncode == 1, launched.stdout + launched.stderr
    assert launched.stderr.startswith("the disk is full"), launched.stderr


def test_enqueued_configs_come_first(root: Path) -> None:
    assert [trial["params.pretext"] for trial in board(root)[:2]] == ["none", "puzzling"]


def test_mlflow_holds_one_ended_run_for_each_trial_with_every_epoch(root: Path) -> None:
    found = runs(root)
    trials = {int(run.data.tags["hpsearch.trial"]): run for run in found if "hpsearch.trial" in run.data.tags}
    assert len(found) == len(trials) + 1
    assert all(run.info.status != "RUNNING" for run in found)
    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
    (parent,) = [run for run in found if "hpsearch.trial" not in run.data.tags]
    assert "report.html" in {file.path for file in client.list_artifacts(parent.info.run_id)}
    for trial in board(root):
        run = trials[trial["trial"]]
        history = client.get_metric_history(run.info.run_id, "validation/mae_deg")
        assert sorted(entry.step for entry in history) == list(range(1, trial["epochs"] + 1))
        assert run.data.metrics["validation/mae_deg"] == pytest.approx(trial["objective"])
        assert run.data.tags["state"] == trial["state"]


def test_the_winner_trains_again_alone_to_the_same_digits(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    best = min((t for t in board(root) if t["state"] == "complete"), key=lambda t: t["objective"])
    words = ["trainables", str(root / "studies/tiny/best.yaml"), "--root", str(root)]
    monkeypatch.setattr(sys, "argv", words)
    assert train() == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert f"{best['objective']:.3f}°" in last


def test_one_process_gives_the_leaderboard_of_ray_to_the_digit(root: Path, fresh: Path) -> None:
    launched = launch_here(write_space(fresh, concurrent=1), fresh)
    assert launched.returncode == 0, launched.stdout + launched.stderr
    assert "starting the workers" not in launched.stdout and "Traceback" not in launched.stderr
    assert f"--in-process --root {fresh}" in launched.stdout  # in the command that goes on searching
    whole = json.loads((root / "board.json").read_text())
    assert digits(board(fresh)) == digits(whole)
    assert sorted(run.info.status for run in runs(fresh)) == sorted(run.info.status for run in runs(root))


def test_launching_again_does_nothing_and_more_trials_go_on(root: Path) -> None:
    """What Ray began goes on in one process."""
    before = board(root)
    again = launch_here(root / "tiny.yaml", root)
    assert again.returncode == 0, again.stderr
    assert board(root) == before
    more = launch_here(root / "tiny.yaml", root, "--trials", str(TRIALS + 1))
    assert more.returncode == 0, more.stderr
    after = board(root)
    assert len(after) == TRIALS + 1
    assert [t for t in after[:TRIALS] if t["state"] == "complete" and t in before] == [
        t for t in before if t["state"] == "complete"
    ]
    thawed = [(t, old) for t, old in zip(after, before, strict=False) if t != old]
    assert all(old["state"] == "pruned" and t["epochs"] > old["epochs"] for t, old in thawed)


def test_a_changed_space_is_refused_with_the_changed_keys(root: Path, tmp_path: Path) -> None:
    changed = tmp_path / "tiny.yaml"
    changed.write_text((root / "tiny.yaml").read_text().replace("lr: 0.001", "lr: 0.01"))
    refused = launch_here(changed, root)
    assert refused.returncode == 2
    assert "optimizer.adamw.lr" in refused.stderr
    assert "0.01" in refused.stderr


def test_no_checkpoint_stays_behind(root: Path) -> None:
    """But the newest of each pruned trial, which a larger budget may thaw."""
    kept = [path.parent.name for path in root.glob("studies/tiny/trials/*/checkpoint_*")]
    assert sorted(kept) == [f"{t['trial']:04d}" for t in board(root) if t["state"] == "pruned"]
    weights = {path.parent.name for path in root.glob("studies/tiny/trials/*/best.pt")}
    assert weights == {f"{t['trial']:04d}" for t in board(root) if t["state"] == "complete"}


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_one_seed_gives_one_leaderboard_even_when_killed_on_the_way(
    root: Path, fresh: Path, scratch: Path
) -> None:
    """Trials run one at a time; the second study's driver is killed twice and goes on each time."""
    space = write_space(fresh, concurrent=1)
    for epochs in (3, 9):
        launch = start(space, fresh, TMPDIR=str(scratch))
        wait_for_epochs(fresh, epochs)
        [private] = scratch_folders(scratch)  # what the launch before left is gone
        helpers = processes_of(private)
        launch.kill()
        launch.wait()
        until = time.monotonic() + HELPERS_GONE_S
        while stay(helpers):
            assert time.monotonic() < until, "helpers of a killed driver still run"
            time.sleep(0.1)
    finished = hpsearch("launch", space, "--root", fresh)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert digits(board(fresh)) == digits(json.loads((root / "board.json").read_text()))
    found = runs(fresh)
    assert sorted(run.data.tags.get("hpsearch.trial", "parent") for run in found) == [
        *map(str, range(TRIALS)),
        "parent",
    ]
    assert all(run.info.status != "RUNNING" for run in found)


def test_a_launch_lets_nobody_in(whole: Whole) -> None:
    assert whole.modes == (0o700, 0o600)
    assert whole.addresses == {"127.0.0.1"}
    assert whole.agents == {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}, "a title hides a process's mark"


@pytest.mark.faults
@pytest.mark.quick
def test_an_interrupted_launch_says_how_to_go_on(fresh: Path) -> None:
    space = write_space(fresh, concurrent=1, epochs=3000)  # the first trial is still running, however late
    words = ("launch", space, "--in-process", "--root", fresh)
    launch = start_fork(*words, prints=fresh / "printed.txt")
    wait_for_epochs(fresh, 2)
    os.killpg(launch.pid, signal.SIGINT)
    assert_interrupted(launch.ended(), 130, fresh, f"{space} --in-process --root {fresh}")


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_an_interrupted_launch_on_ray_says_how_to_go_on(
    fresh: Path, sent: signal.Signals, status: int
) -> None:
    space = write_space(fresh, concurrent=1, epochs=3000)
    launch = start(space, fresh)
    wait_for_epochs(fresh, 2)
    os.killpg(launch.pid, sent) if sent is signal.SIGINT else launch.send_signal(sent)
    printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert_interrupted((launch.returncode, printed), status, fresh, f"{space} --root {fresh}")


def assert_interrupted(ended: tuple[int | None, str], status: int, root: Path, proposed: str) -> None:
    assert ended[0] == status, ended[1]
    assert f"\n  hpsearch launch {proposed}\n" in ended[1]
    assert "Traceback" not in ended[1]
    assert all(run.info.status != "RUNNING" for run in runs(root))
    assert [trial["state"] for trial in board(root)] == ["interrupted"] * len(board(root))


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_a_worker_that_dies_or_hangs_is_replaced_and_a_second_launch_is_refused(fresh: Path) -> None:
    space = write_space(fresh, concurrent=1, epochs=60)
    space.write_text(space.read_text().replace(f"{{trials: {TRIALS}}}", "{trials: 1}\n  epoch_timeout_s: 15"))
    launch = start(space, fresh)
    wait_for_epochs(fresh, 2)
    os.kill(worker_of(launch.pid), signal.SIGKILL)
    wait_for_epochs(fresh, 5)
    hanging = worker_of(launch.pid)
    os.kill(hanging, signal.SIGSTOP)
    second = hpsearch("launch", space, "--root", fresh)  # while nothing can end
    assert second.returncode == 2
    assert f"process {launch.pid}" in second.stderr
    printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert launch.returncode == 0, printed
    assert "trial 0: no epoch for 15 s: its process is killed" in printed
    assert len(re.findall(r"trial 0: starts again: \w*Actor\w*Error: ", printed)) == 2, printed
    assert [(trial["state"], trial["epochs"]) for trial in board(fresh)] == [("complete", 60)]
    assert not Path(f"/proc/{hanging}").exists()


def test_a_diverging_study_fails_with_reasons_and_status_1(fresh: Path) -> None:
    space = write_space(fresh)
    space.write_text(
        space.read_text().replace("lr: 0.001", "lr: 1e30").replace(f"trials: {TRIALS}", "trials: 2")
    )
    launched = launch_here(space, fresh)
    assert launched.returncode == 1, launched.stdout + launched.stderr
    assert [trial["reason"] for trial in board(fresh)] == ["diverged at epoch 1"] * 2
    assert "Traceback" not in launched.stdout + launched.stderr


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("rendered-heads: {images: 48, subjects: 12, image_px: 32}", "nowhere"),
        ("concurrent: 2", "cpus: 512"),
        ("head: regression", "head: regression\nprecision: fp16"),
    ],
)
def test_what_the_machine_lacks_is_said_before_a_trial(fresh: Path, broken: str, expected: str) -> None:
    (fresh / STORE).unlink()
    space = write_space(fresh)
    text = space.read_text().replace(f"{{{broken}}}" if "rendered" in broken else broken, expected)
    space.write_text(text)
    refused = launch_here(space, fresh)
    assert refused.returncode == 2
    assert expected.split()[-1] in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (fresh / "studies").exists() and not (fresh / STORE).exists()


def test_a_ray_without_a_token_has_to_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert main(["launch", str(write_space(tmp_path)), "--root", str(tmp_path)]) == 2
    refused = capsys.readouterr().err
    assert "RAY_AUTH_MODE must be token" in refused
    assert "'disabled'" in refused and "--without-token" in refused
    assert not (tmp_path / "studies").exists()
