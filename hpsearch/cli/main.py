"""The command line: parses the arguments, calls the function of a command and prints its result.

Exit status: 0 done; 1 no finished trial, or an internal error; 2 bad input; 130 and 143 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hpsearch.cli.data import add_data_commands
from hpsearch.cli.output import show, show_faults
from hpsearch.cli.signals import INTERRUPTED, Interruptions
from trainables.base.disk import describe_full_disk, is_full
from trainables.base.errors import InputError

ROOT = Path("hpsearch-runs")
"""Where datasets, studies and MLflow's store lie unless `--root` says otherwise."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    words = sys.argv[1:] if words is None else words
    arguments = _parser(importers="import" in words).parse_args(words)
    command: Callable[[argparse.Namespace], int] = arguments.command
    with Interruptions() as interruptions:
        try:
            return command(arguments)
        except InputError as error:
            show_faults(error.faults)
            count = len(error.faults)
            print(f"{count} fault{'s' if count > 1 else ''}; nothing was started", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            return interruptions.status or INTERRUPTED
        except BrokenPipeError:  # the reader, `head` for one, has seen enough
            sys.stderr.close()
            return interruptions.status or 0
        except OSError as error:
            if not is_full(error):
                raise
            print(describe_full_disk(error, getattr(arguments, "root", Path())), file=sys.stderr)
            return 1


def _check(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.summary import describe
    from hpsearch.study.spec import load_spec

    show(describe(load_spec(arguments.space)))
    return 0


def _launch(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.terminal import TerminalScreen
    from hpsearch.driver.launch import launch

    screen = TerminalScreen(
        arguments.root,
        space=arguments.space,
        trials=arguments.trials,
        epochs=arguments.epochs,
        address=arguments.address,
        without_token=arguments.without_token,
    )
    try:
        study = launch(
            arguments.space,
            root=arguments.root,
            trials=arguments.trials,
            epochs=arguments.epochs,
            address=arguments.address,
            without_token=arguments.without_token,
            verbose=arguments.verbose,
            screen=screen,
        )
    except KeyboardInterrupt:
        screen.interrupted()
        raise
    screen.result(study)
    return 0 if study.best is not None else 1


def _show(arguments: argparse.Namespace) -> int:
    from hpsearch.results.leaderboard import render
    from hpsearch.study.store import find_study

    print(render(find_study(arguments.root, arguments.study), arguments.format), end="")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from hpsearch.report.files import write_report
    from hpsearch.report.paper.mlflow_runs import log_paper
    from hpsearch.study.store import find_study

    study = find_study(arguments.root, arguments.study)
    for file in write_report(study, arguments.out):
        show(str(file))
    if arguments.paper:
        show(log_paper(study, arguments.root))
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from hpsearch.results.export import export
    from hpsearch.study.folders import datasets_folder
    from hpsearch.study.store import find_study

    study = find_study(arguments.root, arguments.study)
    exported = export(
        study, arguments.out, datasets_root=datasets_folder(arguments.root), number=arguments.trial
    )
    show(str(exported))
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from trainables.exported.predict import load, predict_files, render

    predictions = predict_files(load(arguments.model), arguments.images, arguments.out)
    show(render(predictions, arguments.format).rstrip("\n"))
    return 0


def _ui(arguments: argparse.Namespace) -> int:
    from hpsearch.tracking.server import serve

    return serve(arguments.root, arguments.port)


def _schema(arguments: argparse.Namespace) -> int:
    from hpsearch.reference.json_schema import render

    print(render(), end="")
    return 0


def _parser(*, importers: bool) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hpsearch",
        description="Search the hyperparameters of head-pose networks that learn with self-supervised tasks.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def add(
        name: str,
        command: Callable[[argparse.Namespace], int],
        text: str,
        to: argparse._SubParsersAction[argparse.ArgumentParser] = commands,
    ) -> argparse.ArgumentParser:
        sub = to.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        sub.set_defaults(command=command)
        return sub

    def add_root(sub: argparse.ArgumentParser) -> None:
        sub.add_argument(
            "--root",
            type=Path,
            default=ROOT,
            metavar="DIR",
            help="folder of all datasets, studies and MLflow runs (default: %(default)s)",
        )

    check = add("check", _check, "check a search space: print its plan, or every fault in it")
    check.add_argument("space", type=Path, metavar="SPACE", help="a search space: a YAML file")

    launch = add("launch", _launch, "run a search, or resume one")
    launch.add_argument("space", type=Path, metavar="SPACE", help="a search space: a YAML file")
    add_root(launch)
    launch.add_argument(
        "--trials",
        type=_positive,
        metavar="N",
        help="total number of trials, in place of search.budget.trials",
    )
    launch.add_argument(
        "--epochs",
        type=_positive,
        metavar="N",
        help="total number of epochs, in place of search.budget.epochs",
    )
    launch.add_argument(
        "--address", metavar="A", help="address of a running Ray cluster, such as auto or HOST:6379"
    )
    launch.add_argument(
        "--without-token",
        action="store_true",
        help="use a Ray cluster that asks for no token: whoever reaches its ports runs code as you",
    )
    launch.add_argument(
        "-v", "--verbose", action="store_true", help="show the log messages of Ray and Optuna"
    )

    show = add("show", _show, "print a study's leaderboard")
    show.add_argument("study", metavar="STUDY", help="the study's name")
    add_root(show)
    show.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="default: %(default)s"
    )

    report = add("report", _report, "write a study's results as one HTML page, and its tables as CSV")
    report.add_argument("study", metavar="STUDY", help="the study's name")
    add_root(report)
    report.add_argument(
        "--out", type=Path, metavar="FILE", help="the page (default: report.html in the study's folder)"
    )
    report.add_argument(
        "--paper", action="store_true", help="also log the paper's results to MLflow, beside the trials"
    )

    export = add("export", _export, "export a trial's network as safetensors and ONNX")
    export.add_argument("study", metavar="STUDY", help="the study's name")
    add_root(export)
    export.add_argument("--trial", type=int, metavar="N", help="number of the trial (default: the best)")
    export.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the exported network"
    )

    predict = add("predict", _predict, "print the head poses of face crops, and draw their axes")
    predict.add_argument("model", type=Path, metavar="MODEL", help="a folder that `hpsearch export` wrote")
    predict.add_argument(
        "images",
        type=Path,
        nargs="+",
        metavar="IMAGE",
        help="a face crop, turned upright as EXIF says; of one that is not square the middle square is used",
    )
    where = "folder of the images with axes (default: %(default)s)"
    predict.add_argument("--out", type=Path, default=Path("poses"), metavar="DIR", help=where)
    formats = ("table", "csv", "json")
    predict.add_argument("--format", choices=formats, default="table", help="default: %(default)s")

    ui = add("ui", _ui, "serve MLflow's pages for the runs below the root, on this machine only")
    add_root(ui)
    ui.add_argument("--port", type=_positive, default=5000, metavar="P", help="port (default: %(default)s)")

    add("schema", _schema, "print the JSON schema of search spaces, for editors")

    add_data_commands(commands, add, add_root, importers=importers)
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


if __name__ == "__main__":
    sys.exit(main())
