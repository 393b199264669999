"""Machines with a network of their own, made of the kernel's network namespaces on one bridge; needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUBNET = "10.98.7"


def may_make_networks() -> bool:
    if shutil.which("ip") is None or os.getuid():
        return False
    made = subprocess.run(["ip", "netns", "add", "hpsearch-may"], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", "hpsearch-may"], capture_output=True, check=False)
    return made.returncode == 0


@dataclass(frozen=True)
class Machine:
    """One of them: its address, and how a command is begun that is to run there."""

    name: str
    host: str

    @property
    def within(self) -> list[str]:
        return ["ip", "netns", "exec", self.name]

    def runs(self, *commands: str) -> bool:
        """Say whether a process whose command begins in one of these ways runs there."""
        found = subprocess.run(
            ["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True
        ).stdout.split()
        lines = (Path(f"/proc/{pid}/cmdline") for pid in found)
        begins = tuple(command.encode() for command in commands)
        return any(line.is_file() and line.read_bytes().startswith(begins) for line in lines)

    def cut(self) -> None:
        """Pull the cable: packets are lost in both directions, and nobody is told."""
        _ip("link", "set", f"{self.name}-b", "nomaster")


@contextmanager
def machines(count: int) -> Iterator[list[Machine]]:
    """Yield so many machines that reach each other."""
    bridge = f"hps{os.getpid() % 10**6}"
    made = [Machine(f"{bridge}-{n}"[-12:], f"{SUBNET}.{n + 1}") for n in range(count)]
    _ip("link", "add", bridge, "type", "bridge")
    try:
        _ip("link", "set", bridge, "up")
        for machine in made:
            _ip("netns", "add", machine.name)
            _ip(
                "link",
                "add",
                f"{machine.name}-b",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                machine.name,
            )
            _ip("link", "set", f"{machine.name}-b", "master", bridge, "up")
            _ip("-n", machine.name, "address", "add", f"{machine.host}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip("-n", machine.name, "link", "set", device, "up")
        yield made
    finally:
        for machine in made:
            subprocess.run(["ip", "netns", "del", machine.name], capture_output=True, check=False)
        _ip("link", "del", bridge)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
