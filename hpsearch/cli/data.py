"""The commands below `hpsearch data`: list, build, import, check, show and delete datasets."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpsearch.cli.arguments import (
    DATASETS_FOLDER,
    Adder,
    Commands,
    Parser,
    add_root,
    add_yes,
    shown_examples,
    sure,
)
from hpsearch.cli.output import show

if TYPE_CHECKING:
    from trainables.data.datasets.import_report import Progress


def add_data_commands(
    commands: Commands[Parser],
    add: Adder,
    *,
    importers: bool,
) -> None:
    """Add the commands below `data`; the options of `import`, slow to load, only with `importers`."""
    text = "list, build, import, check, show and delete datasets"
    examples = shown_examples(["data list", "data import biwi --help", "data show 300w-lp"])
    data = commands.add_parser("data", help=text, description=f"{text.capitalize()}.", epilog=examples)
    below = data.add_commands()

    listing = add("list", _list, "list the datasets below the root", below, examples=["data list"])
    add_root(listing)

    build = add(
        "build",
        _build,
        "build a generated dataset, or all that a search space names",
        below,
        examples=["data build rendered-heads", "data build space.yaml"],
    )
    build.add_argument("what", metavar="WHAT", help="rendered-heads, or a search space")
    add_root(build)

    text = "import a raw dataset, or resume its import"
    examples = shown_examples(
        ["data import 300w-lp ~/300W_LP --out 300w-lp", "data import folder poses.csv --out mine"]
    )
    raw = below.add_parser("import", help=text, description=f"{text.capitalize()}.", epilog=examples)
    if importers:
        _add_importers(raw, add)

    named = "a dataset's name, or rendered-heads (default: the only one below the root)"
    check = add(
        "check",
        _check,
        "look at a dataset as an expert would: counts, faults, what is odd, and a picture of it",
        below,
        examples=["data check biwi"],
    )
    check.add_argument("name", nargs="?", metavar="NAME", help=named, below=DATASETS_FOLDER)
    add_root(check)
    check.add_argument(
        "--repair",
        action="store_true",
        help="drop images that are missing, unreadable or blank, and let dataset.json say what is there",
    )

    show = add(
        "show",
        _show,
        "write a contact sheet: sample images with their labels drawn, and histograms of the labels",
        below,
        examples=["data show 300w-lp", "data show 300w-lp --split validation --out sheet.png"],
    )
    show.add_argument("name", nargs="?", metavar="NAME", help=named, below=DATASETS_FOLDER)
    add_root(show)
    show.add_argument("--out", type=Path, metavar="FILE", help="a PNG (default: NAME.png here)")
    show.add_argument("--split", metavar="S", help="only this split")

    delete = add(
        "delete", _delete, "delete a dataset that no running study uses", below, examples=["data delete biwi"]
    )
    delete.add_argument(
        "name", metavar="NAME", help="a dataset's name, or rendered-heads", below=DATASETS_FOLDER
    )
    add_root(delete)
    add_yes(delete)


def _add_importers(raw: Parser, add: Adder) -> None:
    """Add a command for each raw dataset, with its settings as options."""
    from trainables.data.datasets.importers import IMPORTERS

    kinds = raw.add_commands("datasets", "DATASET")
    for name, config in IMPORTERS.configs.items():
        summary = (config.__doc__ or "").strip().splitlines()[0].rstrip(".")
        kind = add(name, _import, summary, kinds, examples=[f"data import {name} RAW --out {name}"])
        kind.set_defaults(kind=name, starts=True)
        kind.add_argument("raw", type=Path, metavar="RAW", help="the raw dataset, as its authors ship it")
        kind.add_argument("--out", required=True, metavar="NAME", help="the prepared dataset's name")
        add_root(kind)
        for key, field in config.model_fields.items():
            text = f"{field.description or ''} (default: {_written(field.default)})".replace("%", "%%")
            option = f"--{key.replace('_', '-')}"
            kind.add_argument(option, dest=f"set_{key}", metavar="VALUE", help=" ".join(text.split()))


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _list(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.data_actions import list_text

    show(list_text(arguments.root))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.data_actions import delete

    show(delete(arguments.name, arguments.root, sure(arguments)) or "nothing was deleted")
    return 0


def _build(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.building import building_bar
    from hpsearch.cli.data_actions import build
    from hpsearch.cli.waiting import Waiting, whole_console

    bar = partial(building_bar, Waiting(whole_console()))
    for dataset in build(arguments.what, arguments.root, bar):
        show(f"{dataset.name}: {dataset.card.images} images in {dataset.folder}")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.data_actions import first_look, import_raw

    texts = {
        key: value for key, value in vars(arguments).items() if key.startswith("set_") and value is not None
    }
    options = {key.removeprefix("set_"): value for key, value in texts.items()}
    with _import_bar() as progress:
        report = import_raw(arguments.kind, arguments.raw, arguments.out, arguments.root, options, progress)
    show(report.text)
    if report.imported:
        show(first_look(arguments.out, arguments.root))
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.data_actions import check, picture, repair

    if arguments.repair:
        said, checked = repair(arguments.name, arguments.root)
        show(said)
    else:
        checked = check(arguments.name, arguments.root)
    show(checked.text)
    if checked.images:
        show(picture(checked, arguments.root))
    return 1 if checked.faults else 0


def _show(arguments: argparse.Namespace) -> int:
    from hpsearch.cli import data_actions

    show(data_actions.show(arguments.name, arguments.root, arguments.out, arguments.split))
    return 0


def _import_bar() -> Any:
    """Return a context manager around a progress bar; it yields the function that an import calls."""
    from contextlib import contextmanager

    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    @contextmanager
    def shown() -> Any:
        columns = (
            TextColumn("importing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
        )
        with Bars(*columns, transient=True, disable=not sys.stdout.isatty()) as bars:
            task = bars.add_task("importing", total=None, rate="")

            def show(progress: Progress) -> None:
                minutes, seconds = divmod(round(progress.left_s), 60)
                rate = f"{progress.images_per_s:.0f} images/s, {minutes}:{seconds:02d} left"
                if progress.rejected:
                    rate += f", {progress.rejected} rejected"
                bars.update(task, completed=progress.done, total=progress.total, rate=rate)

            yield show

    return shown()
