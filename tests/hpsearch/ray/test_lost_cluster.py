from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest
from support.patience import PATIENCE_S

from hpsearch.ray.lost_cluster import answers, ray_watched

HANGING = """
import sys, threading
from hpsearch.ray import lost_cluster
lost_cluster.ASKED_EVERY_S, lost_cluster.UNWIND_S = 0.05, 0.3
needed = {"what stays": sys.argv[3], "the head": sys.argv[1]}
with lost_cluster.ray_watched(needed, 0.3, lambda reason: print("given up:", reason, flush=True)):
    if sys.argv[2] == "hangs":  # as a call of Ray does: nothing is raised into it
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    print("begins", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:  # as Ray does
        raise KeyboardInterrupt from None
"""


def test_a_head_that_answers_disturbs_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        given_up: list[str] = []
        with ray_watched({"the head": address}, 0.1, given_up.append):
            assert answers(address)
            time.sleep(0.2)
    assert given_up == [] and not answers(address)


@pytest.mark.parametrize("main_thread", ["hangs", "answers"])
def test_without_its_head_a_launch_ends_in_order_whatever_the_main_thread_does(main_thread: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        with socket.create_server(("127.0.0.1", 0)) as server:
            address, stays = (f"127.0.0.1:{each.getsockname()[1]}" for each in (server, other))
            command = [sys.executable, "-c", HANGING, address, main_thread, stays]
            launch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            assert launch.stdout and launch.stdout.readline() == "begins\n"
        printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert launch.returncode == 1
    assert printed == f"given up: the head, {address}, is gone\n"
