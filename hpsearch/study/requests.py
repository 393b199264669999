"""Requests to the process that runs a study, left as files in its folder: to stop, and designs to try next.

A file reaches the driver from every machine that sees the root. Each is written in one step, and removed by
the driver once it is done.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpsearch.study.trial_log import Log
from trainables.base.atomic import write_text

REQUESTS = "requests"
"""The folder of requests in a study's folder."""

STOP = "stop"
DESIGN = "design-"


def request_stop(folder: Path) -> None:
    """Ask the driver of the study in `folder` to stop."""
    _write(folder / REQUESTS / STOP, {})


def stop_requested(folder: Path) -> bool:
    """Return whether somebody asked the driver to stop."""
    return (folder / REQUESTS / STOP).exists()


def withdraw_stop(folder: Path) -> None:
    """Remove a request to stop: it was obeyed, or was meant for an earlier launch."""
    (folder / REQUESTS / STOP).unlink(missing_ok=True)


def request_design(folder: Path, design: Mapping[str, Any]) -> str:
    """Ask the driver to try a design next, a part of a training config; return the request's name."""
    name = f"{DESIGN}{time.time_ns()}-{os.getpid()}"
    _write(folder / REQUESTS / f"{name}.json", design)
    return name


def requested_designs(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the designs that are to be tried next by the name of their request, the oldest first.

    One that cannot be read, as a power cut leaves a file, is set aside and said in the study's log.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted((folder / REQUESTS).glob(f"{DESIGN}*.json")):
        try:
            design = json.loads(file.read_text(encoding="utf-8"))
            if not isinstance(design, dict):
                raise ValueError("it holds no design")
        except ValueError as error:
            aside = file.with_suffix(".damaged")
            file.replace(aside)
            Log(folder).say(f"a requested design cannot be read ({error}): ask for it again; see {aside}")
        else:
            found[file.stem] = design
    return found


def withdraw_design(folder: Path, name: str) -> None:
    """Remove the request of a design: the study holds it now."""
    (folder / REQUESTS / f"{name}.json").unlink(missing_ok=True)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    write_text(json.dumps(content), path)
