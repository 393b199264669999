"""A study's journal: damage is found and named; Optuna reads it and adds to it as to its own."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from support import studies

from hpsearch.study.journal import lines as module
from hpsearch.study.journal.journal import JOURNAL, following
from hpsearch.study.journal.lines import FIRST, Checksum, _parsed, read_lines
from hpsearch.study.opening import read_study
from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.study.spec import StudySpec
from trainables.base.errors import Fault, InputError

RANDOM = "{sampler: random, pruner: none}"

OPENINGS: tuple[Callable[[Path, StudySpec], object], ...] = (read_study, studies.open_in)
"""For `show`, and for a launch."""


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    return studies.spec(tmp_path, RANDOM)


@pytest.fixture
def folder(tmp_path: Path, spec: StudySpec) -> Path:
    """The folder of a study with two trials that ended and one that runs."""
    study = studies.open_in(tmp_path / spec.name, spec)
    for _ in range(2):
        studies.train(study, study.ask())
    studies.train(study, study.ask(), until=4)
    return tmp_path / spec.name


def lines(folder: Path) -> list[bytes]:
    return (folder / JOURNAL).read_bytes().splitlines(keepends=True)


def write(folder: Path, content: list[bytes]) -> None:
    (folder / JOURNAL).write_bytes(b"".join(content))


def fault(folder: Path, spec: StudySpec) -> Fault:
    """Return the one fault that both reading and going on report, which leaves the file as it is."""
    before = (folder / JOURNAL).read_bytes()
    found = []
    for opened in OPENINGS:
        with pytest.raises(InputError) as caught:
            opened(folder, spec)
        found += caught.value.faults
    assert (folder / JOURNAL).read_bytes() == before
    assert found[0] == found[1] and len(found) == 2
    return found[0]


def without_checks(content: list[bytes]) -> list[bytes]:
    return [re.sub(rb',"check":\[\d+,\d+\]\}\n$', b"}\n", line) for line in content]


def test_epochs_that_an_older_version_stored_as_mappings_are_read(folder: Path, spec: StudySpec) -> None:
    whole = read_study(folder, spec)
    old = []
    for line in without_checks(lines(folder)):
        event = json.loads(line)
        attrs = event.get("user_attr", {})
        attrs |= {key: json.loads(value) for key, value in attrs.items() if key.startswith("epoch ")}
        old.append(json.dumps(event).encode() + b"\n")
    assert b'"epoch 1": {' in b"".join(old)
    write(folder, old)
    assert read_study(folder, spec) == whole


def test_the_names_of_metrics_stand_in_the_journal_once_also_after_another_launch(
    folder: Path, spec: StudySpec
) -> None:
    study = studies.open_in(folder, spec)
    (ask,) = study.unfinished()
    study.report(ask.number, 5, {studies.OBJECTIVE: 1.5})
    others = {studies.OBJECTIVE: 0.1 + 0.2, "train/loss": float("inf"), "train/images": 32.0}
    for epoch in (6, 7):
        study.report(ask.number, epoch, others)
    study.report(ask.number, 8, dict(reversed(others.items())))
    study.report(ask.number, 9, {studies.OBJECTIVE: 2.5})
    written = b"".join(lines(folder))
    assert written.count(rb"{\"" + studies.OBJECTIVE.encode()) == 2
    assert written.count(b"train/loss") == 2  # another order is not taken for the same
    found = read_study(folder, spec).trials[ask.number].epochs[4:]
    assert found == (
        {studies.OBJECTIVE: 1.5},
        others,
        others,
        others,
        {studies.OBJECTIVE: 2.5},
    )
    assert [*found[3]] == [*reversed(others)]
    broken = [line.replace(rb'"epoch 7":"[1,', rb'"epoch 7":"[9,') for line in without_checks(lines(folder))]
    write(folder, broken)
    assert "an epoch has 3 values for 0 names" in fault(folder, spec).message


def test_what_follows_a_journal_sees_what_is_added_and_writes_nothing(folder: Path, spec: StudySpec) -> None:
    storage = following(folder, spec.name)
    shown = optuna.load_study(study_name=spec.name, storage=storage)
    before = [trial.state.name for trial in shown.trials]
    assert before == ["COMPLETE", "COMPLETE", "RUNNING"]
    again = studies.open_in(folder, spec)
    (ask,) = again.unfinished()
    studies.train(again, ask)
    assert [trial.state.name for trial in shown.trials][2] == "COMPLETE"
    short = {key: text for key, text in shown.trials[0].user_attrs.items() if key.startswith("epoch ")}
    assert short["epoch 1"].startswith("mae_deg ") and max(map(len, short.values())) < 120
    with pytest.raises(RuntimeError, match="opened for reading"):
        shown.set_user_attr("note", "written by a visitor")


def test_a_journal_without_checksums_is_read_and_gone_on_with(folder: Path, spec: StudySpec) -> None:
    """As a version without them wrote it."""
    whole = read_study(folder, spec)
    old = without_checks(lines(folder))
    assert b"check" not in b"".join(old)
    write(folder, old)
    assert read_study(folder, spec) == whole
    (ask,) = studies.open_in(folder, spec).unfinished()
    studies.train(studies.open_in(folder, spec), ask)
    assert [trial.state for trial in read_study(folder, spec).trials] == [TrialState.COMPLETE] * 3
    added = lines(folder)[len(old) :]
    assert all(b'"check":' in line for line in added)
    write(folder, [*lines(folder)[: len(old) + 2], *added[3:]])
    assert "1 before it is missing" in fault(folder, spec).message


def test_optuna_reads_it_and_what_optuna_adds_is_no_damage(folder: Path, spec: StudySpec) -> None:
    optunas = optuna.load_study(
        study_name=spec.name, storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    )
    assert [trial.state.name for trial in optunas.trials] == ["COMPLETE", "COMPLETE", "RUNNING"]
    assert len(optunas.trials[2].intermediate_values) == 4
    study = studies.open_in(folder, spec)
    optunas.set_user_attr("a note", "of another tool")
    (ask,) = study.unfinished()
    studies.train(study, ask)
    optunas.set_user_attr("a note", "of another tool")
    assert [trial.state for trial in read_study(folder, spec).trials] == [TrialState.COMPLETE] * 3
    assert optunas.trials[2].state.name == "COMPLETE"


def test_each_changed_byte_in_the_middle_is_found_in_its_line(folder: Path, spec: StudySpec) -> None:
    content = lines(folder)
    for number in range(1, len(content) - 1, 7):
        for place in range(0, len(content[number]) - 1, 41):
            changed = bytearray(content[number])
            changed[place] ^= 1
            write(folder, [*content[:number], bytes(changed), *content[number + 1 :]])
            found = fault(folder, spec)
            # Where the key `check` itself is hit, the line counts as one without it, and the next one tells.
            assert found.file == str(folder / JOURNAL) and found.line in (number + 1, number + 2)


def missing(content: list[bytes]) -> list[bytes]:
    return content[:20] + content[22:]


def garbage(content: list[bytes]) -> list[bytes]:
    return [*content[:20], b"\x00\xff garbage\r\n", *content[20:]]


def foreign(content: list[bytes]) -> list[bytes]:
    other = content[20].replace(b'"trial_id":', b'"trial_id": ')
    return [*content[:20], other, *content[21:]]


def doubled(content: list[bytes]) -> list[bytes]:
    return [*content[:20], content[19], *content[20:]]


def glued(content: list[bytes]) -> list[bytes]:
    """As an old version could leave it: half a line, and the next one behind it."""
    return [*content[:20], content[20][:30] + content[21], *content[22:]]


def unrepeatable(content: list[bytes]) -> list[bytes]:
    return [*content[:20], b'{"op_code":8,"worker_id":"x"}\n', *content[20:]]


def test_lines_that_are_read_together_are_those_read_one_by_one_and_damage_has_its_line(
    folder: Path, spec: StudySpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = lines(folder)
    read = read_lines(folder / JOURNAL)
    alone = [_parsed(line.rstrip(), before)[0] for line, before in zip(whole, checks(whole), strict=True)]
    assert read.events == alone and read.size == sum(map(len, whole))
    monkeypatch.setattr(module, "TOGETHER", 4)
    assert read_lines(folder / JOURNAL) == read
    for number in (1, 4, 5, len(whole) - 1):
        write(folder, [*whole[: number - 1], whole[number - 1].replace(b"_", b"-", 1), *whole[number:]])
        assert fault(folder, spec).line == number
    write(folder, whole[:5] + whole[6:])
    assert fault(folder, spec).line == 6


def checks(whole: list[bytes]) -> list[Checksum]:
    """Return the checksum before each line."""
    return [FIRST, *(Checksum(*json.loads(line)["check"]) for line in whole[:-1])]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (missing, "comes too early: 2 before it are missing"),
        (garbage, "is not an event"),
        (foreign, "its checksum is wrong"),
        (doubled, "its checksum is wrong"),
        (glued, "is not an event"),
        (unrepeatable, "holds no event that can be repeated (KeyError"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damage_is_said_with_its_line_what_is_whole_and_the_way_out(
    folder: Path, spec: StudySpec, damage: Callable[[list[bytes]], list[bytes]], what: str
) -> None:
    whole = lines(folder)
    ended = sum(b"datetime_complete" in line for line in whole[:20])
    write(folder, damage(whole))
    damaged = (folder / JOURNAL).read_bytes()
    found = fault(folder, spec)
    assert (found.file, found.line) == (str(folder / JOURNAL), 21)
    assert what in found.message
    assert f"the 20 lines before it are whole and hold {ended} ended trials" in found.message

    way_out = found.message.rpartition(": ")[2]
    subprocess.run(["sh", "-c", way_out], check=True)
    assert (folder / f"{JOURNAL}.damaged").read_bytes() == damaged
    assert lines(folder) == whole[:20]
    study = studies.open_in(folder, spec)
    for ask in study.unfinished():
        studies.train(study, ask)
    assert read_study(folder, spec) == study.record()


def test_a_first_line_that_is_damaged_leaves_nothing_whole(folder: Path, spec: StudySpec) -> None:
    write(folder, lines(folder)[1:])
    found = fault(folder, spec)
    assert found.line == 1 and "no line is whole" in found.message and "search.name" in found.message


@pytest.mark.parametrize("kept", [0, 2])
def test_a_lost_journal_beside_finished_trials_is_no_new_beginning(
    folder: Path, spec: StudySpec, kept: int
) -> None:
    for number in range(2):
        (folder / "trials" / f"{number:04d}").mkdir(parents=True)
        (folder / "trials" / f"{number:04d}" / "best.pt").write_bytes(b"weights")
    assert len(read_study(folder, spec).trials) == 3
    write(folder, lines(folder)[:kept])
    found = fault(folder, spec)
    assert found.file == str(folder / JOURNAL)
    assert "the weights of 2 finished trials are there" in found.message and "restore it" in found.message
    (folder / JOURNAL).unlink()
    with pytest.raises(InputError, match="the journal is missing"):
        studies.open_in(folder, spec)
    assert not (folder / JOURNAL).exists()
    shutil.rmtree(folder / "trials")
    assert studies.open_in(folder, spec).record().trials == ()


def test_a_journal_of_another_study_is_not_gone_on_with(folder: Path, tmp_path: Path) -> None:
    """As after a folder was renamed: a second study in one file would begin anew without a word."""
    other = studies.spec(tmp_path / "other", "{name: other, sampler: random, pruner: none}")
    assert "holds the study 'space', not 'other'" in fault(folder, other).message


def test_a_journal_that_cannot_be_read_or_written_is_a_fault(folder: Path, spec: StudySpec) -> None:
    (folder / JOURNAL).unlink()
    (folder / JOURNAL).symlink_to(folder / "a disk that is away" / JOURNAL)
    with pytest.raises(InputError, match=r"study\.journal: cannot be written: No such file"):
        studies.open_in(folder, spec)
    (folder / JOURNAL).unlink()
    (folder / JOURNAL).mkdir()
    for opened in OPENINGS:
        with pytest.raises(InputError, match=r"study\.journal: cannot be read: Is a directory"):
            opened(folder, spec)


def record_with_little_room(folder: Path, spec: StudySpec, room: int) -> StudyRecord:
    """Ask for a trial where the file may grow by `room` bytes only; return the study as it is then read."""
    study = studies.open_in(folder, spec)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = (folder / JOURNAL).stat().st_size + room
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            study.ask()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    studies.train(study, study.ask())
    return read_study(folder, spec)


def test_half_a_line_that_could_not_be_written_spoils_none_after_it(folder: Path, spec: StudySpec) -> None:
    record = record_with_little_room(folder, spec, room=100)
    assert record.trials[-1].state is TrialState.COMPLETE


def test_a_journal_that_was_removed_meanwhile_is_not_begun_anew(folder: Path, spec: StudySpec) -> None:
    study = studies.open_in(folder, spec)
    (folder / JOURNAL).unlink()
    with pytest.raises(FileNotFoundError):
        study.ask()
    assert not (folder / JOURNAL).exists()
