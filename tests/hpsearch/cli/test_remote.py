"""Commands with `--address`: what the head gets, and what is refused before anything is sent."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from support import studies

from hpsearch.cli.main import main
from hpsearch.cli.on_head import run
from hpsearch.ray.job_events import MARK, WANTED, JobEvent, read_events, tell
from hpsearch.ray.parcel import Parcel
from hpsearch.ray.submissions import Answer, Ended
from hpsearch.report import files
from hpsearch.study.store import keep_space
from trainables.base.errors import InputError

URL = "http://head:8265"
SPACE = str(Path(__file__).parents[3] / "search_spaces" / "quickstart.yaml")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[str]]]:
    """Return what a head is sent in place of running it: words, and the names of files."""
    from contextlib import contextmanager

    from hpsearch.ray import submissions

    jobs: list[tuple[list[str], list[str]]] = []

    class Head:
        def run(self, words: list[str], files: Any = (), **_: Any) -> Ended:
            jobs.append((list(words), [file.name for file in files]))
            return Ended(0, ())

    @contextmanager
    def connected(address: str, *, without_token: bool) -> Any:
        assert address == URL
        yield Head()

    monkeypatch.setattr(submissions, "connected", connected)
    return jobs


def test_the_head_gets_the_same_words_without_the_address(
    sent: list[tuple[list[str], list[str]]], tmp_path: Path
) -> None:
    design = tmp_path / "design.yaml"
    design.write_text("pretext: none\n")
    for words in (
        ["status", "demo", "--root", "/shared/runs", "--address", URL],
        ["--root=/shared/runs", "logs", "demo", f"--address={URL}", "--trial", "3", "--without-token"],
        ["enqueue", "demo", str(design), "--address", URL],
    ):
        assert main(words) == 0
    assert sent == [
        (["status", "demo", "--root", "/shared/runs"], []),
        (["--root", "/shared/runs", "logs", "demo", "--trial", "3"], []),
        (["enqueue", "demo", "design.yaml"], ["design.yaml"]),
    ]


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["list", "--address", "head:8265"], "must be that of the head's dashboard, http://HOST:8265"),
        (["list", "--address", "http://"], "must be that of the head's dashboard"),
        (["list", "--address", URL, "--root", "runs"], "--root must be an absolute path"),
        (["submit", SPACE, "--address", URL, "--root", "runs"], "--root must be an absolute path"),
        (["submit", "nowhere.yaml", "--address", URL], "nowhere.yaml"),
        (["enqueue", "demo", "nowhere.yaml", "--address", URL], "nowhere.yaml: there is no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_sent_is_refused_here(
    words: list[str],
    fault: str,
    sent: list[tuple[list[str], list[str]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(words) == 2
    assert fault in capsys.readouterr().err
    assert sent == []


def on_head(sender: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hpsearch.cli.on_head", sender, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_head_of_another_version_or_without_a_root_says_so(tmp_path: Path) -> None:
    other = on_head("0.0.1", "list", "--root", str(tmp_path))
    assert (other.returncode, "this command came from 0.0.1" in other.stdout) == (2, True)
    rootless = on_head(version("hpsearch"), "list")
    assert (rootless.returncode, "give --root" in rootless.stdout) == (2, True)
    fine = on_head(version("hpsearch"), "list", "--root", str(tmp_path))
    assert (fine.returncode, "no study below" in fine.stdout) == (0, True)


def test_results_in_a_folder_that_cannot_be_written_are_packed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The study of another user, on a root that both see."""
    folder = tmp_path / "studies" / "demo"
    spec = studies.spec(folder, "{name: demo}")
    study = studies.open_in(folder, spec)
    keep_space(spec, folder)
    studies.train(study, study.ask())
    before = sorted(path.name for path in folder.iterdir())
    plain = files.ensure_folder

    def others(wanted: Path) -> Path:
        if wanted == folder:
            raise InputError("you have no permission to write to this folder")
        return plain(wanted)

    monkeypatch.setattr(files, "ensure_folder", others)
    assert run([version("hpsearch"), "pack", "demo", "--root", str(tmp_path)]) == 0
    parcel = Parcel()
    parcel.add(capsys.readouterr().out)
    fetched = {file.name for file in parcel.unpack(tmp_path)}
    assert {"report.html", "report.csv", "leaderboard.csv", "space.yaml"} <= fetched
    assert sorted(path.name for path in folder.iterdir()) == before


def told(event: JobEvent) -> str:
    """Return the line by which a job tells of an event."""
    return f'{MARK}{{"event": "{event}"}}\n'


class Waiting:
    """A head with jobs of the study `demo` that Ray has not begun, or whose launch has not locked it yet."""

    def __init__(self, *, begun: bool, answer: str) -> None:
        self.begun, self.answer = begun, answer
        self.stopped: list[bool] = []

    def stop_launches(self, study: str, *, begun: bool) -> list[str]:
        assert study == "demo"
        self.stopped.append(begun)
        return ["demo-1"] if begun == self.begun else []

    def run(self, words: list[str], *, write: Any, **_: Any) -> Ended:
        events, text = read_events(self.answer)
        write(text)
        return Ended(2 if "no study" in text else 0, events)


@pytest.mark.parametrize(
    ("begun", "answer", "said"),
    [
        (False, "no study 'demo' below /shared\n", "job demo-1 had not started, and will not start\n"),
        (
            True,
            "demo has stopped: is not running\n",
            "job demo-1 was just starting and is stopped\n",
        ),
        (
            True,
            f"study 'demo' has stopped\n{told(JobEvent.STOPPED)}",
            "study 'demo' has stopped\n",
        ),
    ],
)
def test_a_job_that_has_not_begun_is_stopped_too(
    begun: bool, answer: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from contextlib import nullcontext

    from hpsearch.ray import submissions

    head = Waiting(begun=begun, answer=answer)
    monkeypatch.setattr(submissions, "connected", lambda address, without_token: nullcontext(head))
    assert main(["stop", "demo", "--address", URL]) == 0
    assert capsys.readouterr().out == said


class Submitted:
    """A head whose log of a job grows with each look; the job has ended where the logs have."""

    def __init__(self, logs: list[str], status: int) -> None:
        self.logs, self.status = logs, status

    def submit(self, *_: Any, **__: Any) -> str:
        return "demo-1"

    def answer(self, job: str) -> Answer:
        events, text = read_events(self.logs.pop(0))
        return Answer(None if self.logs else self.status, text, "", events)


def submitted(
    head: Submitted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    from contextlib import nullcontext

    from hpsearch.ray import submissions

    monkeypatch.setattr(submissions, "connected", lambda address, without_token: nullcontext(head))
    monkeypatch.setattr("hpsearch.cli.remote.time.sleep", lambda seconds: None)
    status = main(["submit", SPACE, "--address", URL, "--root", "/shared"])
    return status, capsys.readouterr().out


def test_a_launch_has_begun_when_it_says_so_to_programs_whatever_it_says_to_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start = told(JobEvent.ON_HEAD)
    refusal = f"{start}8 trials in parallel need 8 CPUs, and the cluster has 4\n"
    status, printed = submitted(Submitted([start, refusal, refusal], 2), monkeypatch, capsys)
    assert status == 2 and "need 8 CPUs" in printed and "Next:" not in printed

    begun = f"{start}8 in parallel\n{told(JobEvent.SEARCHING)}"
    status, printed = submitted(Submitted([start, begun, "never looked at"], 2), monkeypatch, capsys)
    assert status == 0 and "8 in parallel\n" in printed and "Next:" in printed
    assert MARK not in printed


def test_events_are_read_from_any_part_of_a_log_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(JobEvent.STOPPED)
    assert capsys.readouterr().out == "", "nobody asked for events"
    monkeypatch.setenv(WANTED, "1")
    tell(JobEvent.SEARCHING, trials="8")
    log = f"one\n{capsys.readouterr().out}two --- and three"
    for end in range(len(log) + 1):
        _, text = read_events(log[:end])
        assert "one\ntwo --- and three".startswith(text), "what was shown once stays shown"
    assert read_events(log) == ((JobEvent.SEARCHING,), "one\ntwo --- and three")
    assert read_events("half --- hps") == ((), "half ")
