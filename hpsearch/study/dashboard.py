"""Serves a study's journal with optuna-dashboard, an extra, which may write nothing into it."""

from __future__ import annotations

from pathlib import Path

from hpsearch.door.server import Place, how_to_reach, opened
from hpsearch.study.journal.journal import following
from trainables.base.errors import InputError

PAGE = "/dashboard"

ROUTES = {
    "GET": [
        "/",
        PAGE,
        f"{PAGE}/<path:page>",
        "/api/meta",
        "/api/studies",
        "/api/studies/<int:study>",
        "/api/studies/<int:study>/param_importances",
        "/api/studies/<int:study>/plot/<kind>",
        "/csv/<int:study>",
        "/favicon.ico",
        "/static/<path:file>",
    ]
}
"""What shows a study. The others write studies, take files, or ask a language model."""


def serve_dashboard(root: Path, folder: Path, place: Place, *, browse: bool = False) -> None:
    """Serve the study in `folder` below `root`, to the user who started it, until Ctrl-C.

    `browse` opens its page. Raises `InputError` as `following` and `opened` do, and where optuna-dashboard is
    not installed.
    """
    try:
        from optuna_dashboard import wsgi
    except ModuleNotFoundError:
        raise InputError(
            "optuna-dashboard is an extra that is not installed: pip install 'hpsearch[dashboard]'"
        ) from None
    app = wsgi(following(folder, folder.name))
    with opened(app, ROUTES, place, root) as door:
        print(f"optuna-dashboard shows {folder.name}; Ctrl-C ends it. Open this link; it works once:")
        print(f"  {door.link(PAGE)}")
        print(f"For another browser or a program, the secret is in {door.token_file}.")
        print(how_to_reach(place, door.port), flush=True)
        if browse:
            door.browse(PAGE)
        door.wait()
