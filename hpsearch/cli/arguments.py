"""What the arguments of all commands share: the parser and its messages, the root, kinds of values."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from trainables.base.errors import InputError, nearest
from trainables.base.root import ROOT_VARIABLE, user_path

Command = Callable[[argparse.Namespace], int]

Adder = Callable[..., "Parser"]
"""Adds a command: its name, its function, a line of help, where it stands below another, and `examples`."""

Commands = argparse._SubParsersAction  # argparse gives what it returns no public name

STUDIES_FOLDER, DATASETS_FOLDER = "studies", "datasets"
"""Folders below the root whose contents shells complete; naming them here keeps the command line quick."""


def shown_examples(examples: Sequence[str]) -> str | None:
    """Return the end of a help text, one line per example, None where there is none."""
    return "\n".join(["examples:", *(f"  hpsearch {example}" for example in examples)]) if examples else None


class Parser(argparse.ArgumentParser):
    """A parser that names the nearest valid word for a mistyped one, and takes no abbreviated options.

    Where it has commands and none is given, it prints its help.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._paths: list[argparse.Action] = []
        self._names: list[tuple[argparse.Action, str]] = []
        self._commands: Commands[Parser] | None = None
        kept = {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter}
        super().__init__(*arguments, **{**kept, **settings})

    def add_commands(self, title: str = "commands", metavar: str = "COMMAND") -> Commands[Parser]:
        """Return where commands are added."""
        self.set_defaults(command=self._without_command)
        self._commands = self.add_subparsers(title=title, metavar=metavar)
        return self._commands

    def add_argument(self, *names: Any, below: str = "", **settings: Any) -> argparse.Action:
        """Add an argument, as the base class does.

        Shells complete it by what the folder `below` the root holds, where one is given.
        """
        action = super().add_argument(*names, **settings)
        if below:
            self._names.append((action, below))
        if action.type in (Path, user_path):
            self._paths.append(action)
        return action

    def paths(self) -> Iterator[argparse.Action]:
        """Yield the arguments that are files or folders, those of all commands below among them."""
        yield from self._paths
        if self._commands is not None:
            for parser in self._commands.choices.values():
                yield from parser.paths()

    def names(self) -> Iterator[tuple[argparse.Action, str]]:
        """Yield the arguments that name what a folder below the root holds, with that folder."""
        yield from self._names
        if self._commands is not None:
            for parser in self._commands.choices.values():
                yield from parser.names()

    def _without_command(self, _: argparse.Namespace) -> int:
        self.print_help(sys.stderr)
        return 2

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse what is not among an action's choices; the base class lists them as a Python tuple."""
        if action.choices is not None and value not in action.choices:
            hint = nearest(str(value), map(str, action.choices))
            raise argparse.ArgumentError(action, f"unknown: {value!r}{hint}")


def add_root(sub: argparse.ArgumentParser) -> None:
    """Add `--root`, which may also stand before the command."""
    sub.add_argument(
        "--root",
        type=user_path,
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
        help="use a Ray cluster that needs no token: anyone who reaches its ports can run code as you",
    )


def add_study(sub: Parser, *, optional: bool = True) -> None:
    """Add the name of a study, by default the only one below the root."""
    text = "the study's name" + (" (default: the only one below the root)" if optional else "")
    sub.add_argument(
        "study", nargs="?" if optional else None, metavar="STUDY", help=text, below=STUDIES_FOLDER
    )


def add_yes(sub: argparse.ArgumentParser) -> None:
    """Add `--yes`."""
    sub.add_argument("--yes", action="store_true", help="do not ask")


def sure(arguments: argparse.Namespace) -> Callable[[str], bool]:
    """Return what asks whether something is to be deleted. It raises `InputError` where nobody can answer."""

    def asked(contents: str) -> bool:
        if arguments.yes:
            return True
        if not sys.stdin.isatty():
            raise InputError("delete needs a terminal to ask on; pass --yes if you are sure")
        return input(f"delete {contents}? [y/N] ").strip().lower() in ("y", "yes")

    return asked


def positive(text: str) -> int:
    """Return a whole number that is at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, got {text!r}")
    return int(text)


def positive_number(text: str) -> float:
    """Return a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, got {text!r}")
    return value


def trial_number(text: str) -> int:
    """Return the number of a trial."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a trial's number, as `hpsearch show` has it, got {text!r}")
    return int(text)
