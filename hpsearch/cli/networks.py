"""The commands about trained networks: export one from a study, evaluate it on a dataset, predict with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from hpsearch.cli.arguments import DATASETS_FOLDER, Adder, add_root, trial_number
from hpsearch.cli.output import show

FORMATS = ("table", "csv", "json")


def add_network_commands(add: Adder) -> None:
    """Add the commands."""
    export = add(
        "export",
        _export,
        "export a trial's network as safetensors and ONNX",
        examples=["export quickstart --out winner", "export quickstart --trial 3 --out third"],
    )
    export.add_argument("study", metavar="STUDY", help="the study's name")
    add_root(export)
    export.add_argument(
        "--trial", type=trial_number, metavar="N", help="a trial's number (default: the best)"
    )
    export.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the exported network"
    )

    evaluate = add(
        "evaluate",
        _evaluate,
        "print the errors of an exported network on a dataset, by label and group, and what they are made of",
        examples=["evaluate winner --data biwi", "evaluate winner --data aflw2000 --split reduced"],
    )
    evaluate.add_argument("model", type=Path, metavar="MODEL", help="a folder that `hpsearch export` wrote")
    evaluate.add_argument(
        "--data",
        required=True,
        metavar="NAME",
        help="a dataset's name, as `hpsearch data list` has it",
        below=DATASETS_FOLDER,
    )
    evaluate.add_argument(
        "--split", metavar="S", help="one of its splits (default: test, or the only one that it has)"
    )
    add_root(evaluate)
    evaluate.add_argument("--format", choices=FORMATS, default="table", help="default: %(default)s")

    predict = add(
        "predict",
        _predict,
        "print the labels of face crops, such as head poses with their axes drawn",
        examples=["predict winner face.jpg", "predict winner faces/*.jpg --format csv --out drawn"],
    )
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
    predict.add_argument("--format", choices=FORMATS, default="table", help="default: %(default)s")


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


def _evaluate(arguments: argparse.Namespace) -> int:
    from hpsearch.cli.data_actions import reference
    from hpsearch.results.evaluation import evaluate
    from hpsearch.results.evaluation_text import render
    from hpsearch.study.folders import datasets_folder

    found = evaluate(
        arguments.model, reference(arguments.data), datasets_folder(arguments.root), arguments.split
    )
    show(render(found, arguments.format).rstrip("\n"))
    return 0


def _predict(arguments: argparse.Namespace) -> int:
    from trainables.exported.predict import load, predict_files, render

    predictions = predict_files(load(arguments.model), arguments.images, arguments.out)
    show(render(predictions, arguments.format).rstrip("\n"))
    return 0
