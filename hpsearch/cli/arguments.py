"""What the arguments of all commands share: the parser and its messages, the root, kinds of values."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from trainables.base.errors import nearest

Command = Callable[[argparse.Namespace], int]

Adder = Callable[..., argparse.ArgumentParser]
"""Adds a command: its name, its function, a line of help, and where the command stands below another."""

ROOT_VARIABLE = "HPSEARCH_ROOT"


def default_root() -> Path:
    """Return where datasets, studies and MLflow's store lie unless `--root` says otherwise."""
    return Path(os.environ.get(ROOT_VARIABLE) or "hpsearch-runs")


class Parser(argparse.ArgumentParser):
    """A parser that names the nearest valid word for a mistyped one, and takes no abbreviated options."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **{"allow_abbrev": False, **settings})

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is not among an action's choices; the base class lists them as a Python tuple."""
        if action.choices is not None and value not in action.choices:
            hint = nearest(str(value), map(str, action.choices))
            raise argparse.ArgumentError(action, f"unknown: {value!r}{hint}")


def add_root(sub: argparse.ArgumentParser) -> None:
    """Add `--root`, which may also stand before the command."""
    sub.add_argument(
        "--root",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help=f"folder of all datasets, studies and MLflow runs (default: ${ROOT_VARIABLE}, or hpsearch-runs)",
    )


def add_address(sub: argparse.ArgumentParser, *, sends: Sequence[str] = ()) -> None:
    """Add `--address`, with which a command runs as a job on the head of a cluster.

    `sends` are the names of the arguments that are files, which the job gets.
    """
    sub.add_argument(
        "--address",
        metavar="URL",
        help="run on the head of a Ray cluster instead: its dashboard, http://HOST:8265",
    )
    add_token(sub)
    sub.set_defaults(sends=tuple(sends), joins=False, stops=False)


def add_token(sub: argparse.ArgumentParser) -> None:
    """Add `--without-token`."""
    sub.add_argument(
        "--without-token",
        action="store_true",
        help="use a Ray cluster that asks for no token: whoever reaches its ports runs code as you",
    )


def add_study(sub: argparse.ArgumentParser, *, optional: bool = True) -> None:
    """Add the name of a study, by default the only one below the root."""
    text = "the study's name" + (" (default: the only one below the root)" if optional else "")
    sub.add_argument("study", nargs="?" if optional else None, metavar="STUDY", help=text)


def positive(text: str) -> int:
    """Return a whole number that is at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, got {text!r}")
    return int(text)


def trial_number(text: str) -> int:
    """Return the number of a trial."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a trial's number, as `hpsearch show` has it, got {text!r}")
    return int(text)
