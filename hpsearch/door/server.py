"""Serves a guarded application on the loopback address or on a socket of its user, until Ctrl-C."""

from __future__ import annotations

import contextlib
import html
import os
import socket
import stat
import threading
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from hpsearch.door.guard import TOKEN, Guard, Routes, loopback
from hpsearch.door.secret import Secret
from trainables.base.errors import InputError, why

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
PORTS_TRIED = 20
LAST_PORT = 65535
BACKLOG = 128
LONGEST_SOCKET = 107
"""Bytes of the path of a Unix socket, at most."""


@dataclass(frozen=True)
class Place:
    """Where pages are served: at the first free port from `port` on, or at a Unix socket."""

    port: int
    socket: Path | None = None


class Door:
    """A guarded application that is being served. Its `files.token` and `.html` are its user's to read."""

    def __init__(self, server: BaseWSGIServer, secret: Secret, port: int, files: Path) -> None:
        self._server = server
        self._secret = secret
        # not in the main thread, where a request would swallow a Ctrl-C
        self._thread = threading.Thread(target=server.serve_forever, daemon=True)
        self.port = port
        self.token_file = files.with_name(f"{files.name}.token")
        self._page_file = files.with_name(f"{files.name}.html")

    def url(self, page: str) -> str:
        """Return the address of a page, such as `/#/experiments/1`, for a browser that is signed in."""
        return f"http://{HOST}:{self.port}{page}"

    def link(self, page: str) -> str:
        """Return the address that signs a browser in, once, and shows a page."""
        path, sharp, fragment = page.partition("#")
        return f"{self.url(path)}?{TOKEN}={self._secret.link_token}{sharp}{fragment}"

    def browse(self, page: str) -> None:
        """Open a page in a browser; not by its address, since all users see the arguments of a program."""
        link = html.escape(self.link(page))
        _write_private(self._page_file, f'<meta http-equiv="refresh" content="0;url={link}">\n')
        webbrowser.open(self._page_file.as_uri())

    def wait(self) -> None:
        """Wait until Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            self._thread.join()

    def __enter__(self) -> Door:
        _write_private(self.token_file, self._secret.value)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()  # it closes the server's socket as it ends, which another close does not wait for
        self._server.server_close()
        for file in (self.token_file, self._page_file):
            file.unlink(missing_ok=True)


@contextlib.contextmanager
def opened(app: WSGIApplication, routes: Routes, place: Place, folder: Path) -> Iterator[Door]:
    """Serve the `routes` of an application during the block, to whoever has the secret of this start.

    Its files lie in `folder`, under a name of its own: others, of other machines too, may use that folder.

    Raises `InputError` where no port is free, or the socket cannot be made.
    """
    secret = Secret()
    with _listening(place) as listening:
        port = place.port if place.socket else listening.getsockname()[1]
        server = make_server(
            f"unix://{place.socket}" if place.socket else HOST,
            port,
            Guard(app, routes, secret, loopback),
            threaded=True,
            request_handler=_Silent,
            fd=listening.fileno(),
        )
        own = f"ui-{socket.gethostname()}-{os.getpid() if place.socket else port}"
        with Door(server, secret, port, folder / own) as door:
            yield door


def how_to_reach(place: Place, port: int) -> str:
    """Return the command that brings the pages to another machine."""
    there = f"{place.socket.absolute()}" if place.socket else f"{HOST}:{port}"
    return f"From another machine: ssh -N -L {port}:{there} {socket.gethostname()}"


class _Silent(WSGIRequestHandler):
    """Writes no line for each request."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Write nothing."""


@contextlib.contextmanager
def _listening(place: Place) -> Iterator[socket.socket]:
    if place.socket is None:
        with _tcp(place.port) as listening:
            yield listening
        return
    with _unix(place.socket) as listening:
        try:
            yield listening
        finally:
            place.socket.unlink(missing_ok=True)


def _tcp(first: int) -> socket.socket:
    if first > LAST_PORT:
        raise InputError(f"--port must be at most {LAST_PORT}, got {first}")
    last, reason = min(first + PORTS_TRIED - 1, LAST_PORT), ""
    for port in range(first, last + 1):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            reason = why(error)
        else:
            return listening
    raise InputError(f"none of the ports {first} to {last} can be used ({reason}): give another with --port")


def _unix(path: Path) -> socket.socket:
    """Return a socket at `path` that its user alone can connect to."""
    if len(os.fsencode(path.absolute())) > LONGEST_SOCKET:
        raise InputError(f"--socket: {path.absolute()} is longer than the {LONGEST_SOCKET} bytes of a socket")
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)  # from its first moment: another user could connect before a chmod
    try:
        _remove_stale(path)
        listening.bind(str(path))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise InputError(f"--socket: no socket can be made at {path} ({why(error)})") from None
    finally:
        os.umask(before)
    return listening


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens at, as a killed server leaves it."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()


def _write_private(file: Path, text: str) -> None:
    """Write a file that its user alone can read, in place of whatever has its name."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)
