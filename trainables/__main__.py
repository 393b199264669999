"""`python -m trainables CONFIG`: trains one config in this process, with the same numbers as a trial."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.base.disk import describe_disk_fault, ensure_folder, is_disk_fault
from trainables.base.errors import Fault, InputError
from trainables.base.root import ROOT_VARIABLE, default_root, user_path

if TYPE_CHECKING:
    from trainables.model.inits import Pretraining
    from trainables.training.jobs import Worker
    from trainables.training.metrics import EpochReport


def main() -> int:
    """Train the config that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m trainables", description="Train one config, without a search."
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a YAML file without holes")
    parser.add_argument(
        "--root",
        type=user_path,
        default=default_root(),
        metavar="DIR",
        help=f"folder of datasets and pretrained weights (default: ${ROOT_VARIABLE}, or hpsearch-runs)",
    )
    parser.add_argument(
        "--threads", type=_threads, default=1, metavar="N", help="CPU threads (default: %(default)s)"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="write the best epoch's weights to FILE")
    arguments = parser.parse_args()
    try:
        _train(arguments.config, arguments.root, arguments.threads, arguments.weights)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        if not is_disk_fault(error):
            raise
        print(describe_disk_fault(error, arguments.root), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _threads(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number, at least 1, got {text!r}")
    return int(text)


def _train(file: Path, root: Path, threads: int, weights: Path | None) -> None:
    import torch

    from trainables.base.atomic import save_state
    from trainables.base.yaml_document import load_yaml
    from trainables.model.inits import Pretraining
    from trainables.training.build import build_trial_session
    from trainables.training.config import TrainConfig, parse_config
    from trainables.training.jobs import Worker
    from trainables.training.trainer import Diverged
    from trainables.training.training_data import ensure_data

    document = load_yaml(file)
    config = parse_config(document.tree)
    if not isinstance(config, TrainConfig):
        raise InputError(
            [replace(fault, file=document.file, line=document.line(path)) for path, fault in config]
        )
    ensure_folder(root)
    if weights is not None:
        ensure_folder(weights.parent)
        if weights.is_dir():
            raise InputError(Fault("--weights takes a file, and this is a folder", file=str(weights)))
    torch.set_num_threads(threads)
    data = ensure_data(config, root / "datasets", lambda done, total: None)
    worker = Worker(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        start = config.init.trunk(config.init_request, datasets=root / "datasets", store=root / "pretrained")
        trunk = _pretrain(start, root, threads, worker) if isinstance(start, Pretraining) else start
        session = build_trial_session(
            config, data, device=worker.device, threads=threads, pool=worker.pool, trunk=trunk
        )
        for _ in range(config.epochs):
            report = session.run_epoch()
            print(
                f"epoch {report.epoch}/{config.epochs}: {_said(report)}, "
                f"loss {report.training.losses['total']:.3f}, {report.training.images_per_s:.0f} images/s",
                flush=True,
            )
    except Diverged as error:
        raise InputError(f"{error}: lower the learning rate or set clip_norm") from None
    if weights is not None:
        save_state(session.best_weights(), weights)


def _said(report: EpochReport) -> str:
    """Return what an epoch came to: `4.567° validation MAE`."""
    main = report.main
    return f"{main.shown(report.validation[main.name], 3)} validation {main.title}"


def _pretrain(wanted: Pretraining, root: Path, threads: int, worker: Worker) -> Path:
    """Return the trunk of a pretraining; train it here unless another process does."""
    from trainables.base.locks import FileLock
    from trainables.training.jobs import PretrainingJob, run_here
    from trainables.training.jobs.pretraining import LOCK
    from trainables.training.metric_names import LOSS

    trunk = wanted.trunk(root / "pretrained")
    with FileLock.wait(trunk.parent / LOCK):
        if not trunk.is_file():
            job = PretrainingJob(wanted, trunk.parent, root / "datasets", cpus=threads, gpus=0)
            for result in run_here(job, worker):
                for epoch, metrics in enumerate(result.history, start=result.first_epoch):
                    print(f"pretraining {wanted.title}: epoch {epoch}, loss {metrics[LOSS]:.3f}", flush=True)
    return trunk


if __name__ == "__main__":
    sys.exit(main())
