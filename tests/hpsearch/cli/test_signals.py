from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.patience import PATIENCE_S

COMMAND = """
import sys, time
from hpsearch.cli.signals import Interruptions
with Interruptions() as interruptions:
    try:
        print("begins", flush=True)
        for _ in range(200):  # a signal just before a sleep is seen after it
            time.sleep(0.1)
    except KeyboardInterrupt:
        print("ends", flush=True)
        for _ in range(int(sys.argv[1])):  # writes for so long
            time.sleep(0.1)
print("written", file=open(sys.argv[2], "w"))
sys.exit(interruptions.status or 0)
"""


@pytest.fixture(autouse=True)
def hangups_count() -> Iterator[None]:
    """Let commands see SIGHUP as from a shell, also where the tests themselves run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def interrupted(sent: Sequence[signal.Signals], writes: int, file: Path) -> tuple[int, str]:
    """Return the status and the output of a command that gets a signal after each line that it prints."""
    command = [sys.executable, "-c", COMMAND, str(writes), str(file)]
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert ran.stdout
    printed = ""
    for one in sent:
        while not (line := ran.stdout.readline()).strip():
            assert line
        printed += line
        ran.send_signal(one)
    rest, _ = ran.communicate(timeout=PATIENCE_S)
    return ran.returncode, printed + rest


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_a_command_ends_in_order(sent: signal.Signals, status: int, tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert interrupted([sent], 1, file) == (status, "begins\nends\n")
    assert file.exists()


def test_a_second_ctrl_c_lets_it_write_and_a_third_ends_it_without_a_traceback(
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"
    status, printed = interrupted([signal.SIGINT] * 2, 5, file)
    assert status == 130 and "Ctrl-C once more ends it at once" in printed
    assert file.exists()
    status, printed = interrupted([signal.SIGINT] * 3, 100, tmp_path / "other")
    assert status == 130 and "Traceback" not in printed
    assert not (tmp_path / "other").exists()


def test_a_terminal_that_is_gone_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    file = tmp_path / "file"
    command = [sys.executable, "-c", COMMAND, "1", str(file)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as ran:
        os.close(theirs)
        begun = b""
        while not begun.endswith(b"begins\r\n"):  # a terminal gives a line in parts
            begun += os.read(ours, 100)
        os.close(ours)
        ran.send_signal(signal.SIGHUP)
        assert ran.wait(20) == 143
    assert file.exists()


def test_nohup_is_respected(tmp_path: Path) -> None:
    file = tmp_path / "file"
    command = ["nohup", sys.executable, "-c", COMMAND, "1", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as ran:
        assert ran.stdout and ran.stdout.readline() == "begins\n"
        ran.send_signal(signal.SIGHUP)
        ran.send_signal(signal.SIGTERM)
        assert ran.wait(20) == 143
