"""The commands about search spaces: check one, and launch a search."""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpsearch.cli.arguments import Adder, add_address, add_root, add_token, positive, positive_number
from hpsearch.cli.output import show
from trainables.base.errors import InputError

if TYPE_CHECKING:
    from hpsearch.cli.waiting import Waiting
    from hpsearch.driver.request import LaunchRequest


def add_search_commands(add: Adder) -> None:
    """Add the commands."""
    check = add(
        "check",
        _check,
        "check a search space: what it would do, or all that a launch would refuse",
        examples=["check space.yaml"],
    )
    check.add_argument("space", type=Path, metavar="SPACE", help="a search space: a YAML file")
    add_root(check)

    planned = add(
        "plan",
        _plan,
        "say what a search would do, cost and decide: runs, data, memory, hours, disk",
        examples=[
            "plan space.yaml",
            "plan space.yaml --trials 200",
            "plan space.yaml --difference 0.5    # the seeds and hours that find it",
        ],
    )
    planned.add_argument("space", type=Path, metavar="SPACE", help="a search space: a YAML file")
    add_root(planned)
    planned.add_argument("--trials", type=positive, metavar="N", help="as with launch")
    planned.add_argument("--epochs", type=positive, metavar="N", help="as with launch")
    planned.add_argument(
        "--difference",
        type=positive_number,
        metavar="D",
        help="say how many seeds, hours and GPU hours find so large a difference of designs, in the unit of "
        "the objective, in four studies of five",
    )
    add_address(planned, sends=["space"])
    planned.set_defaults(joins=True)

    launch = add(
        "launch",
        _launch,
        "run a search, or resume one",
        examples=[
            "launch space.yaml",
            "launch space.yaml --trials 200    # a larger budget: go on",
            "launch space.yaml --address auto  # on a Ray cluster",
            "launch space.yaml --in-process    # one trial at a time, for a debugger",
        ],
    )
    launch.add_argument("space", type=Path, metavar="SPACE", help="a search space: a YAML file")
    add_root(launch)
    launch.add_argument(
        "--trials",
        type=positive,
        metavar="N",
        help="total number of trials, in place of search.budget.trials",
    )
    launch.add_argument(
        "--epochs",
        type=positive,
        metavar="N",
        help="total number of epochs, in place of search.budget.epochs",
    )
    where = launch.add_mutually_exclusive_group()
    where.add_argument(
        "--address", metavar="A", help="address of a running Ray cluster, such as auto or HOST:6379"
    )
    where.add_argument(
        "--in-process",
        action="store_true",
        help="start no Ray: run one trial at a time in this process, where a debugger works",
    )
    add_token(launch)
    launch.add_argument(
        "-v", "--verbose", action="store_true", help="show the log messages of Ray and Optuna"
    )
    launch.set_defaults(starts=True)


def _check(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.summary import check_text
    from hpsearch.plan.machine import machine_text
    from hpsearch.plan.runs import plan_runs
    from hpsearch.results.outlook import outlook
    from hpsearch.study.folders import datasets_folder, pretrained_folder, studies_folder
    from hpsearch.study.input_changes import look_at_inputs
    from hpsearch.study.needs import needs_of
    from hpsearch.study.spec import load_spec
    from hpsearch.study.store import changes
    from hpsearch.tracking.address import address_faults

    spec, root = load_spec(arguments.space), arguments.root.absolute()
    needs = needs_of(spec, datasets_folder(root))
    runs = plan_runs(spec, datasets_folder(root), pretrained_folder(root))
    machine = machine_text(spec, root)
    show(check_text(spec, needs, runs, outlook(spec, root), machine, shutil.get_terminal_size().columns))
    folder = studies_folder(root) / spec.name
    wrong_address = address_faults(root, spec.search.tracking)
    if faults := [*wrong_address, *changes(folder, spec), *needs.faults]:
        raise InputError(faults)
    look_at_inputs(spec, folder, datasets_folder(root))
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.plan_text import plan_text
    from hpsearch.plan.plan import plan

    planned = plan(_request(arguments), say=lambda text: print(text, file=sys.stderr))
    root, width = arguments.root.absolute(), shutil.get_terminal_size().columns
    show(plan_text(planned, root, width, arguments.difference))
    if planned.needs.faults:
        raise InputError(planned.needs.faults)
    return 0


def _launch(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.waiting import Waiting, whole_console

    with Waiting(whole_console()) as waiting:
        waiting.on("loading")
        return _launch_on(waiting, arguments)


def _launch_on(waiting: Waiting, arguments: argparse.Namespace) -> int:
    from hpsearch.cli.terminal import TerminalScreen
    from hpsearch.driver.backends import backend_of
    from hpsearch.driver.launch import launch  # takes seconds, which is why there is something to see before

    request = replace(_request(arguments), in_process=arguments.in_process)
    screen = TerminalScreen(request, waiting)
    try:
        study = launch(request, screen, backend_of(request, verbose=arguments.verbose))
    except KeyboardInterrupt:
        screen.interrupted()
        raise
    screen.result(study)
    return 0 if study.best is not None else 1


def _request(arguments: argparse.Namespace) -> LaunchRequest:
    from hpsearch.driver.request import LaunchRequest

    return LaunchRequest(
        space=arguments.space,
        root=arguments.root,
        trials=arguments.trials,
        epochs=arguments.epochs,
        address=arguments.address,
        without_token=arguments.without_token,
    )
