"""This process as a backend: what a job's errors cost its item, and what a person debugging meets."""

from __future__ import annotations

import bdb
import errno
import pdb
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
import torch
from support import studies

from hpsearch.study.records import Placement
from hpsearch.work import in_process
from hpsearch.work.in_process import InProcess, OneAtATime
from hpsearch.work.items import NoWork, WorkItem
from hpsearch.work.resources import TrialResources
from trainables.base.disk import DiskFault
from trainables.base.errors import Fault, InputError
from trainables.training.checkpoints import History
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.jobs import Result, Worker

ONE_CPU = TrialResources(cpus=1, gpus=0, concurrent=None)


@dataclass(frozen=True)
class Scripted:
    """A job whose tries go as `script` says: an error is raised, a number of epochs is reported."""

    script: list[Exception | int]
    gpus: float = 0.0
    cleared: list[bool] = field(default_factory=list)
    cpus: int = 1

    def check(self) -> None: ...

    def run(self, worker: Worker) -> Iterator[Result]:
        for step in self.script:
            self.script.pop(0)
            if isinstance(step, Exception):
                raise step
            for epoch in range(1, step + 1):
                yield Result(epoch, [{"loss": 0.0}], [], done=epoch == step)

    def clear(self) -> None:
        self.cleared.append(True)


@dataclass
class Told:
    """An item that keeps what it is told; `stops` says whether it stops its job after the first epoch."""

    job: Scripted
    stops: bool = False
    told: list[str] = field(default_factory=list)

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        self.told.append(f"epoch {first_epoch} on {placement.device}, {placement.gpus:g} GPU")
        return self.stops

    def on_done(self) -> None:
        self.told.append("done")

    def on_failed(self, reason: str) -> None:
        self.told.append(f"failed: {reason}")

    def on_error(self, details: str) -> None:
        self.told.append(f"error: {details.splitlines()[0]} ... {details.splitlines()[-1]}")

    def on_note(self, note: str) -> None:
        self.told.append(note)


@dataclass
class Source:
    items: list[Told | NoWork]
    lost: list[tuple[WorkItem, str]] = field(default_factory=list)

    def input_lost(self, item: WorkItem, faults: Sequence[Fault]) -> None:
        self.lost += [(item, fault.file) for fault in faults]

    def next_item(self) -> Told | NoWork:
        return self.items.pop(0) if self.items else NoWork.DONE


def run(*items: Told | NoWork, retries: int = 2) -> None:
    OneAtATime(ONE_CPU).run(Source(list(items)), retries=retries, epoch_timeout_s=0.0)


def test_items_run_one_after_another_to_their_end_or_as_far_as_they_want() -> None:
    whole, stopped = Told(Scripted([2])), Told(Scripted([3]), stops=True)
    run(whole, stopped, Told(Scripted([1])))
    assert whole.told == ["epoch 1 on cpu, 0 GPU", "epoch 2 on cpu, 0 GPU", "done"]
    assert stopped.told == ["epoch 1 on cpu, 0 GPU"]
    assert (whole.job.cleared, stopped.job.cleared) == ([True], [])  # what was stopped may go on elsewhere


def test_what_a_job_raises_costs_it_a_try_and_its_traceback_is_kept() -> None:
    item = Told(Scripted([ValueError("no such layer"), OSError("gone"), 1]))
    run(item)
    raised = "error: Traceback (most recent call last): ... "
    assert item.told == [
        f"{raised}ValueError: no such layer",
        "starts again: ValueError: no such layer",
        f"{raised}OSError: gone",
        "starts again: OSError: gone",
        "epoch 1 on cpu, 0 GPU",
        "done",
    ]


def test_without_a_try_left_it_fails_alone() -> None:
    item, after = Told(Scripted([ValueError("one"), ValueError("two")])), Told(Scripted([1]))
    run(item, after, retries=1)
    assert item.told[-2:] == [
        "error: Traceback (most recent call last): ... ValueError: two",
        "failed: ValueError: two",
    ]
    assert after.told[-1] == "done"
    assert item.job.cleared == []  # its checkpoints are the driver's to remove


def test_bad_input_is_no_matter_of_tries() -> None:
    item = Told(Scripted([InputError(Fault("is damaged", file="a.pt"))]))
    run(item)
    assert item.told == ["failed: a.pt: is damaged"]


def test_an_item_whose_image_is_away_goes_back_to_its_source(tmp_path: Path) -> None:
    file = str(tmp_path / "a.jpg")
    item, source = Told(Scripted([InputError(Fault("is missing", file=file))])), Source([])
    source.items.append(item)
    OneAtATime(ONE_CPU).run(source, retries=2, epoch_timeout_s=0.0)
    assert item.told == [] and source.lost == [(item, file)]


def test_a_lack_of_gpu_memory_is_tried_again_on_a_larger_share() -> None:
    item = Told(Scripted([OutOfGpuMemory(400, 100, 0.1), 1], gpus=0.1))
    run(item)
    assert item.told[1].endswith("and 0.1 of this GPU is 100 MiB; now with 0.5 of a GPU")
    assert item.told[2:] == ["epoch 1 on cpu, 0.5 GPU", "done"]


def test_a_full_disk_ends_the_launch_and_costs_no_try() -> None:
    item = Told(Scripted([OSError(errno.EIO, "made up", "best.pt")]))
    with pytest.raises(DiskFault):
        run(item, Told(Scripted([1])))
    assert item.told == []


def test_who_quits_the_debugger_has_interrupted_the_launch() -> None:
    item = Told(Scripted([bdb.BdbQuit()]))
    with pytest.raises(KeyboardInterrupt):
        run(item)
    assert item.told == []


@dataclass(frozen=True)
class Debugged(Scripted):
    """A job with a breakpoint in it."""

    def run(self, worker: Worker) -> Iterator[Result]:
        answer = 6 * 7
        breakpoint()
        yield Result(answer, [{"loss": 0.0}], [], done=True)


def test_a_breakpoint_in_a_job_has_a_prompt_and_quitting_it_interrupts_the_launch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = StringIO()

    def prompt() -> None:
        pdb.Pdb(stdin=StringIO("p answer\nquit\n"), stdout=shown).set_trace(sys._getframe().f_back)

    monkeypatch.setattr(sys, "breakpointhook", prompt)
    item = Told(Debugged([]))
    with pytest.raises(KeyboardInterrupt):
        run(item)
    assert "42" in shown.getvalue() and item.told == []


def test_it_waits_for_what_another_launch_does_and_gives_back_the_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(in_process, "ASKED_EVERY_S", 0.0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        item = Told(Scripted([1]))
        run(NoWork.WAIT, NoWork.WAIT, item)
        assert item.told[-1] == "done" and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_trial_that_asks_for_more_than_this_process_has_is_refused(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, "{resources: {cpus: 512, gpus: 0}}")
    with (
        pytest.raises(
            InputError, match=r"asks for 512 CPUs and 0 GPUs per trial, but this process has \d+ CPUs"
        ),
        InProcess().opened(spec, tmp_path, tmp_path, None),  # type: ignore[arg-type]
    ):
        raise AssertionError("it was opened")
