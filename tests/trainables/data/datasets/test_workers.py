import multiprocessing
import os
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

from trainables.data.datasets.workers import Lost, run_isolated


@pytest.fixture(autouse=True)
def workers() -> None:
    """Start new interpreters."""


def behave(item: object) -> object:
    """Do what the item says, in the worker."""
    match item:
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            os._exit(3)
        case "hang":
            time.sleep(1000)
        case "eat":
            try:
                np.ones(10 << 30, np.uint8)
            except MemoryError:
                return "no memory"
        case "raise":
            raise OSError(28, "No space left on device")
        case "pid":
            return os.getpid()
    return item


def answers(chunks: list[list[object]], **options: object) -> dict[int, list[tuple[object, object]]]:
    return dict(run_isolated(behave, list(enumerate(chunks)), **{"processes": 1, **options}))


def test_each_item_gets_its_answer() -> None:
    assert answers([[1, 2], [3], []], processes=2) == {0: [(1, 1), (2, 2)], 1: [(3, 3)], 2: []}


def test_a_crash_loses_the_item_that_caused_it_and_no_other() -> None:
    got = [answer for _, answer in answers([[1, "crash", 2, "leave", 3]])[0]]
    assert got == [1, Lost("its reader crashed (SIGSEGV)"), 2, Lost("its reader ended with status 3"), 3]


def test_a_hang_and_a_full_memory_lose_one_item() -> None:
    got = [answer for _, answer in answers([[1, "hang", "eat", 2]], timeout_s=0.9)[0]]
    assert got == [1, Lost("not read within 0.9 s"), "no memory", 2]


def test_what_the_job_raises_is_raised() -> None:
    with pytest.raises(OSError, match="No space left"):
        answers([[1, "raise"]])


def test_chunks_are_read_no_faster_than_they_are_done() -> None:
    read = []

    def chunks() -> Iterator[tuple[int, list[object]]]:
        for number in range(100):
            read.append(number)
            yield number, [number]

    results = run_isolated(behave, chunks(), processes=1)
    for number, _ in results:
        assert len(read) <= number + 2
        if number == 10:
            break
    results.close()
    assert len(read) <= 12


def test_closing_ends_the_workers() -> None:
    results = run_isolated(behave, [(0, ["pid"]), (1, ["hang"])], processes=1)
    _, [(_, pid)] = next(results)
    results.close()
    assert isinstance(pid, int)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not multiprocessing.active_children()
