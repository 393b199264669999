"""What is served, tried as another user of the machine."""

from __future__ import annotations

import errno
import http.client
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.nodes import free_port
from support.patience import PATIENCE_S

from hpsearch.door.server import Place, opened
from trainables.base.errors import InputError

ROUTES = {"GET": ["/"]}

AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

ASK = """
import socket, sys
target, request = sys.argv[1:]
asked = socket.socket(socket.AF_UNIX if "/" in target else socket.AF_INET)
try:
    asked.connect(target if "/" in target else ("127.0.0.1", int(target)))
    asked.sendall(request.encode())
    print(asked.makefile().read())
except OSError as error:
    print(type(error).__name__)
"""

REQUEST = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{more}\r\n"


def pages(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the runs"]


def asked(target: str, more: str = "", by: tuple[str, ...] = ()) -> str:
    command = [*by, sys.executable, "-c", ASK, target, REQUEST.format(more=more)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/").stdout


def test_a_port_asks_for_the_secret_which_its_user_alone_can_read(tmp_path: Path) -> None:
    port = free_port()  # where nobody else may answer once it is closed
    with opened(pages, ROUTES, Place(port), tmp_path) as door:
        secret = door.token_file.read_text()
        assert door.port == port
        assert stat.S_IMODE(door.token_file.stat().st_mode) == 0o600
        assert "401 UNAUTHORIZED" in asked(str(door.port))
        assert "the runs" in asked(str(door.port), f"Authorization: Bearer {secret}\r\n")
        assert secret not in door.link("/#/x") and door.link("/#/x").endswith("#/x")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE_S).request("GET", "/")


def test_a_socket_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "ui.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))  # as a killed server leaves it
    with opened(pages, ROUTES, Place(5000, path), tmp_path) as door:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        secret = door.token_file.read_text()
        assert "401 UNAUTHORIZED" in asked(str(path))
        assert "the runs" in asked(str(path), f"Authorization: Bearer {secret}\r\n")
        with (
            pytest.raises(InputError, match="no socket can be made"),
            opened(pages, ROUTES, Place(5000, path), tmp_path),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def test_two_servers_below_one_root_have_a_secret_each(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with opened(pages, ROUTES, Place(port), tmp_path) as one:
            assert one.port != port
            with opened(pages, ROUTES, Place(one.port, tmp_path / "ui.sock"), tmp_path) as other:
                assert one.token_file.read_text() != other.token_file.read_text()
            assert one.token_file.is_file()


def test_ports_that_cannot_be_used_are_said_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(listening: socket.socket, address: tuple[str, int]) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    for port, said in (
        (70000, "--port must be at most 65535, got 70000"),
        (80, "80 to 99 .*permission denied"),
    ):
        with monkeypatch.context() as patched, pytest.raises(InputError, match=said):
            patched.setattr(socket.socket, "bind", refused)
            opened(pages, ROUTES, Place(port), tmp_path).__enter__()


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="needs to become another user"
)
def test_another_user_gets_nothing(tmp_path: Path) -> None:
    path, shared = tmp_path / "ui.sock", tmp_path
    for folder in (shared, *(above for above in shared.parents if above.name.startswith("pytest-"))):
        folder.chmod(0o755)  # others may look into the root, as on a lab's disk
    with opened(pages, ROUTES, Place(5000), shared) as door:
        assert "401 UNAUTHORIZED" in asked(str(door.port), by=AS_NOBODY)
        read = subprocess.run([*AS_NOBODY, "cat", door.token_file], capture_output=True, check=False)
        assert read.returncode and read.stdout == b""
    with opened(pages, ROUTES, Place(5000, path), shared):
        assert asked(str(path), by=AS_NOBODY) == "PermissionError\n"


@pytest.mark.parametrize("name", ["x" * 120, "file", "away/ui.sock"])
def test_a_socket_that_cannot_be_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("kept")
    with (
        pytest.raises(InputError, match="--socket"),
        opened(pages, ROUTES, Place(5000, tmp_path / name), tmp_path),
    ):
        pass
    assert (tmp_path / "file").read_text() == "kept"
