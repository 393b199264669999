"""Serves a study's journal with optuna-dashboard, an extra, which may write nothing into it."""

from __future__ import annotations

import contextlib
import socket
import threading
import webbrowser
from pathlib import Path

from hpsearch.study.journal.journal import following
from trainables.base.errors import InputError, why

HOST = "127.0.0.1"


def serve_dashboard(folder: Path, port: int, *, browse: bool = False) -> None:
    """Serve the study in `folder`, to this machine only, until Ctrl-C; `browse` opens its page.

    Raises `InputError` as `following` does, where optuna-dashboard is not installed, and for a taken port.
    """
    try:
        from optuna_dashboard import run_server
    except ModuleNotFoundError:
        raise InputError(
            "optuna-dashboard is an extra that is not installed: pip install 'hpsearch[dashboard]'"
        ) from None
    storage, url = following(folder, folder.name), f"http://{HOST}:{port}/"
    print(f"optuna-dashboard shows {folder.name}; Ctrl-C ends it.\n  {url}", flush=True)
    print(f"From another machine: ssh -N -L {port}:{HOST}:{port} {socket.gethostname()}", flush=True)
    if browse:
        webbrowser.open(url)
    refused: list[OSError] = []

    def run() -> None:
        try:
            run_server(storage, host=HOST, port=port)
        except OSError as error:
            refused.append(error)

    server = threading.Thread(target=run, daemon=True)  # in this one a request would swallow a Ctrl-C
    server.start()
    with contextlib.suppress(KeyboardInterrupt):
        server.join()
    for error in refused:
        raise InputError(f"port {port} cannot be used ({why(error)}): give another with --port")
