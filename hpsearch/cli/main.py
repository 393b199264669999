"""The command line: parses the arguments, calls the function of a command and prints its result.

Exit status: 0 done; 1 not all could be done, faults were found, or an internal error; 2 bad input; 130 and
143 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hpsearch.cli.arguments import (
    Command,
    Commands,
    Parser,
    add_root,
    positive,
    shown_examples,
)
from hpsearch.cli.completion import SHELLS, print_completion
from hpsearch.cli.data import add_data_commands
from hpsearch.cli.networks import add_network_commands
from hpsearch.cli.output import open_streams, show_faults, warnings_shown
from hpsearch.cli.plugins import add_plugin_command
from hpsearch.cli.remote import add_remote_commands, is_remote, run_remotely
from hpsearch.cli.searches import add_search_commands
from hpsearch.cli.signals import INTERRUPTED, Interruptions
from hpsearch.cli.studies import add_study_commands
from hpsearch.cli.surroundings import check_surroundings
from trainables.base.disk import describe_disk_fault, is_disk_fault
from trainables.base.errors import InputError
from trainables.base.root import default_root

WIDTH = 78
"""Characters of a line of a command's description."""

EXAMPLES = (
    "check search_spaces/quickstart.yaml     # what it would do",
    "launch search_spaces/quickstart.yaml    # search, or go on",
    "show                                    # leaderboard, verdict",
    "report                                  # the same as a page",
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    open_streams()
    words = sys.argv[1:] if words is None else words
    arguments = _parser(importers="import" in words).parse_args(words)
    arguments.given_root = getattr(arguments, "root", None)
    arguments.root = arguments.given_root or default_root()
    command: Command = arguments.command
    with Interruptions() as interruptions, warnings_shown():
        try:
            check_surroundings(arguments.root)
            return run_remotely(arguments, words) if is_remote(arguments) else command(arguments)
        except InputError as error:
            show_faults(error.faults)
            count = len(error.faults)
            end = "; nothing was started" if arguments.starts else ""
            print(f"{count} fault{'s' if count > 1 else ''}{end}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return interruptions.status or INTERRUPTED
        except BrokenPipeError:  # the reader, `head` for one, has seen enough
            sys.stderr.close()
            return interruptions.status or 0
        except OSError as error:
            if not is_disk_fault(error):
                raise
            print(describe_disk_fault(error, getattr(arguments, "root", Path())), file=sys.stderr)
            return 1


def _ui(arguments: argparse.Namespace) -> int:
    if arguments.optuna:
        return _dashboard(arguments)
    from hpsearch.door.server import Place
    from hpsearch.tracking.server import serve

    place = Place(arguments.port, arguments.socket)
    return serve(arguments.root, place, arguments.study, browse=_browses(arguments))


def _dashboard(arguments: argparse.Namespace) -> int:
    from hpsearch.door.server import Place
    from hpsearch.study.dashboard import serve_dashboard
    from hpsearch.study.store import only_study, study_folder

    folder = study_folder(arguments.root, arguments.study or only_study(arguments.root))
    place = Place(arguments.port, arguments.socket)
    serve_dashboard(arguments.root, folder, place, browse=_browses(arguments))
    return 0


def _browses(arguments: argparse.Namespace) -> bool:
    """Return whether a browser is to be opened: on a terminal of a desktop, where one is."""
    desktop = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return not arguments.no_browser and arguments.socket is None and desktop and sys.stdout.isatty()


def _completion(arguments: argparse.Namespace) -> int:
    return print_completion(arguments, _parser(importers=True))


def _schema(arguments: argparse.Namespace) -> int:
    from hpsearch.reference.json_schema import render

    print(render(), end="")
    return 0


class _Version(argparse.Action):
    """Prints the version, which takes a moment to find out."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from hpsearch.study.code_version import code_version

        print(f"hpsearch {code_version()}")
        parser.exit()


def _parser(*, importers: bool) -> Parser:
    parser = Parser(
        prog="hpsearch",
        description="Search the hyperparameters of head-pose networks with self-supervised helpers.",
        epilog=shown_examples(EXAMPLES),
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    add_root(parser)
    parser.set_defaults(starts=False)
    commands = parser.add_commands()

    def add(
        name: str,
        command: Command,
        text: str,
        to: Commands[Parser] = commands,
        *,
        examples: Sequence[str] = (),
    ) -> Parser:
        described = textwrap.fill(f"{text[0].upper()}{text[1:]}.", WIDTH)
        sub = to.add_parser(name, help=text, description=described, epilog=shown_examples(examples))
        sub.set_defaults(command=command)
        return sub

    add_search_commands(add)
    add_study_commands(add)
    add_network_commands(add)
    add_remote_commands(add)

    ui = add(
        "ui",
        _ui,
        "serve MLflow's pages for the runs below the root, to you alone",
        examples=["ui", "ui quickstart --port 5010", "ui quickstart --optuna"],
    )
    ui.add_argument("study", nargs="?", metavar="STUDY", help="show this study (default: the latest first)")
    add_root(ui)
    ui.add_argument(
        "--optuna",
        action="store_true",
        help="serve one study with optuna-dashboard instead: pip install 'hpsearch[dashboard]'",
    )
    ui.add_argument(
        "--no-browser", action="store_true", help="do not open a browser, only print the addresses"
    )
    ui.add_argument("--port", type=positive, default=5000, metavar="P", help="port (default: %(default)s)")
    ui.add_argument(
        "--socket",
        type=Path,
        metavar="FILE",
        help="a Unix socket that only you can connect to, instead of a port: for ssh -L P:FILE HOST",
    )

    add(
        "schema",
        _schema,
        "print the JSON schema of search spaces, for editors",
        examples=[
            "schema > schema.json    # a space begins with # yaml-language-server: $schema=schema.json"
        ],
    )
    add_plugin_command(add)
    completion = add(
        "completion",
        _completion,
        "print a script with which a shell completes commands and options",
        examples=[
            "completion bash > ~/.local/share/bash-completion/completions/hpsearch",
            "completion zsh > ~/.zfunc/_hpsearch    # a folder of $fpath",
            "completion fish > ~/.config/fish/completions/hpsearch.fish",
        ],
    )
    completion.add_argument("shell", choices=SHELLS, help="bash, zsh or fish")

    add_data_commands(commands, add, importers=importers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
