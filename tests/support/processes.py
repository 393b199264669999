"""The processes of a launch, found through its scratch folder, and the addresses that they listen on."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LISTENS = "0A"


def scratch_folders(parent: Path) -> list[Path]:
    return list(parent.glob("hpsearch-*"))


def processes_of(scratch: Path) -> list[int]:
    """Return the processes that were started with the token in `scratch`, the driver itself left out."""
    return [pid for pid in _processes() if str(scratch / "token").encode() in _bytes(pid, "environ")]


def title_of(pid: int) -> str:
    """Return what a process calls itself: its command line, or what Ray wrote over it."""
    return _bytes(pid, "cmdline").decode(errors="replace").replace("\0", " ").strip()


def listening(pids: list[int]) -> set[str]:
    """Return the addresses, without ports, that processes listen on."""
    sockets = set()
    for pid in pids:
        with suppress(OSError):
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(OSError):
                    sockets |= set(re.findall(r"socket:\[(\d+)\]", str(descriptor.readlink())))
    lines = [line.split() for table in ("tcp", "tcp6") for line in _lines(f"/proc/net/{table}")]
    return {_address(line[1]) for line in lines if line[3] == LISTENS and line[9] in sockets}


def stay(pids: list[int]) -> bool:
    """Say whether any of the processes still runs; a zombie does not."""
    return any((status := _bytes(pid, "status")) and b"State:\tZ" not in status for pid in pids)


def _processes() -> Iterator[int]:
    return (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208  a table, no folder


def _bytes(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _lines(table: str) -> list[str]:
    return Path(table).read_text().splitlines()[1:]


def _address(text: str) -> str:
    """Return an address of `/proc/net/tcp`, whose words of four bytes are in the machine's order."""
    packed = bytes.fromhex(text.partition(":")[0])
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    ordered = b"".join(struct.pack("!I", word) for word in words)
    if len(ordered) == 4:
        return socket.inet_ntop(socket.AF_INET, ordered)
    return socket.inet_ntop(socket.AF_INET6, ordered).removeprefix("::ffff:")
