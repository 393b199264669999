"""The commands about studies that exist."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from support import plausible, studies

from hpsearch.cli.main import main
from hpsearch.cli.study_text import status
from hpsearch.results.overview import overview_of
from hpsearch.study.lock import study_lock
from hpsearch.study.records import LaunchRecord, TrialState


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root whose one study was left with a trial at epoch 2."""
    folder = tmp_path / "studies" / "demo"
    study = studies.open_in(folder, studies.spec(folder, "{name: demo, pruner: none}"))
    studies.train(study, study.ask(), until=2)
    return tmp_path


def test_list_tells_of_each_study_also_beside_one_that_cannot_be_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = root / "studies" / "broken"
    broken.mkdir()
    (broken / "space.yaml").write_text("epochs: 0\n")
    assert main(["list", "--root", str(root)]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["study", "state"],
        ["broken", "not"],
        ["demo", "interrupted"],
    ]
    assert "broken/space.yaml" in err


@pytest.mark.parametrize("words", [["show"], ["status"], ["list"]], ids=" ".join)
def test_the_root_stands_anywhere_or_in_the_environment(
    root: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(root), *words]) == 0
    before = capsys.readouterr().out
    assert main([*words, "--root", str(root)]) == 0
    assert capsys.readouterr().out == before
    monkeypatch.setenv("HPSEARCH_ROOT", str(root))
    assert main(words) == 0
    assert capsys.readouterr().out == before
    assert "interrupted" in before and "running" not in before


def test_a_study_with_that_name_is_offered_for_a_mistyped_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("show", "status", "report", "logs", "stop", "delete"):
        assert main([command, "dmo", "--root", str(root)]) == 2
        out, err = capsys.readouterr()
        assert "did you mean 'demo'?" in err and "nothing was started" not in err and not out


def test_logs_of_a_trial_that_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["logs", "demo", "--trial", "7", "--root", str(root)]) == 2
    assert "no trial 7: it has 0 to 0" in capsys.readouterr().err
    assert main(["logs", "--trial", "0", "--root", str(root)]) == 0
    assert "trial 0 has no log; it is interrupted" in capsys.readouterr().out


def test_delete_asks_on_a_terminal_only(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["delete", "demo", "--root", str(root)]) == 2
    assert "--yes" in capsys.readouterr().err
    assert (root / "studies" / "demo").is_dir()
    assert main(["delete", "demo", "--yes", "--root", str(root)]) == 0
    assert not (root / "studies" / "demo").exists()


def test_status_says_who_runs_it_what_runs_and_what_is_left(tmp_path: Path) -> None:
    states = [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.RUNNING]
    study = plausible.study(tmp_path, states)
    launch = LaunchRecord(8, None, None, in_parallel=2, began_s=plausible.START_S)
    with study_lock(tmp_path):
        now_s = study.trials[-1].started_s + 5
        running = overview_of(plausible.launched(study, launch), now_s)
        text = status(running, tmp_path, 80, now_s)
    assert "demo: running" in text and "process" in text
    assert "2 of 8 ended (1 running, 2 complete)" in text
    assert "began 5 s ago" in text and "about " in text
    assert all(len(line) <= 80 for line in text.splitlines())
    stopped = overview_of(plausible.launched(study, launch), time.time())
    left = status(stopped, tmp_path, 80, time.time())
    assert "demo: interrupted" in left and "launch its search space again" in left


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["lauch"], "did you mean 'launch'? valid: check, completion,"),
        (["show", "--format", "jsn"], "did you mean 'json'? valid: csv, json, table"),
        (["data", "chekc"], "did you mean 'check'?"),
        (["launch", "x.yaml", "--trials", "many"], "must be a whole number, at least 1, got 'many'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistyped_word_is_answered_with_the_nearest(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert hint in said and "_" not in said.partition("error: ")[2]


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("hpsearch 0.")


@pytest.mark.parametrize("words", [[], ["data"], ["data", "import"]], ids=" ".join)
def test_without_a_command_the_help_is_printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("usage: hpsearch") and "examples:" in shown


def test_every_command_has_an_example_and_fits_into_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    commands = re.findall(r"^    (\w+)(?= |$)", capsys.readouterr().err, re.MULTILINE)
    assert {"check", "launch", "evaluate", "completion", "data"} <= set(commands)
    for command in commands:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        text = capsys.readouterr().out
        assert f"examples:\n  hpsearch {command}" in text
        assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_commands(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("launch", "--epochs", "300w-lp"))
    for folder in ("studies", "datasets"):
        assert f"_hpsearch_below {folder}" in script


def test_bash_completes_the_names_of_studies_and_datasets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("studies/quickstart", "studies/second", "datasets/my-heads"):
        (tmp_path / name).mkdir(parents=True)
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "hpsearch.sh"
    script.write_text(capsys.readouterr().out)
    function = re.findall(r"^complete .*-F (\w+) hpsearch$", script.read_text(), re.MULTILINE)[0]

    def offered(*words: str) -> set[str]:
        line = " ".join(f'"{word}"' for word in ("hpsearch", *words))
        ask = (
            f'. {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; {function}; echo "${{COMPREPLY[@]}}"'
        )
        shell = ["bash", "--norc", "-c", ask]
        done = subprocess.run(
            shell,
            capture_output=True,
            text=True,
            env={"HPSEARCH_ROOT": str(tmp_path), "PATH": os.environ["PATH"]},
        )
        return set(done.stdout.split())

    assert offered("show", "") == {"quickstart", "second"}
    assert offered("report", "q") == {"quickstart"}
    assert offered("data", "show", "") == {"my-heads"}
    other = tmp_path / "other root"
    (other / "studies" / "third").mkdir(parents=True)
    assert offered("show", "--root", str(other), "") == {"third"}
    for words in (
        ("--root", str(other)),
        ("--root", "=", str(other)),
    ):  # bash makes three words of --root=DIR
        assert offered(*words, "show", "") == {"third"}
