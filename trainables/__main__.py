"""`python -m trainables CONFIG`: train one config here, without Ray; the numbers are those of a trial."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.base.disk import describe_full_disk, ensure_folder, is_full
from trainables.base.errors import Fault, InputError

if TYPE_CHECKING:
    import torch

    from trainables.data.loader import LoaderPool
    from trainables.model.inits import Pretraining


def main() -> int:
    """Train the config that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m trainables", description="Train one config, without a search."
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a YAML file without holes")
    parser.add_argument(
        "--root", type=Path, default=Path("hpsearch-runs"), metavar="DIR", help="default: %(default)s"
    )
    parser.add_argument(
        "--threads", type=int, default=1, metavar="N", help="CPU threads (default: %(default)s)"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE", help="write the best epoch's weights here")
    arguments = parser.parse_args()
    try:
        _train(arguments.config, arguments.root, arguments.threads, arguments.weights)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        if not is_full(error):
            raise
        print(describe_full_disk(error, arguments.root), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _train(file: Path, root: Path, threads: int, weights: Path | None) -> None:
    import torch

    from trainables.base.atomic import save_state
    from trainables.base.yaml_document import load_yaml
    from trainables.data.loader import LoaderPool
    from trainables.model.inits import Pretraining
    from trainables.training.build import build_trial_session, ensure_data
    from trainables.training.config import TrainConfig, parse_config
    from trainables.training.trainer import Diverged

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
            raise InputError(Fault("--weights names a file, and this is a folder", file=str(weights)))
    torch.set_num_threads(threads)
    data = ensure_data(config, root / "datasets", lambda done, total: None)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pool = LoaderPool()
    try:
        start = config.init.trunk(config.init_request, datasets=root / "datasets", store=root / "pretrained")
        trunk = _pretrained(start, root, device, threads, pool) if isinstance(start, Pretraining) else start
        session = build_trial_session(config, data, device=device, threads=threads, pool=pool, trunk=trunk)
        for _ in range(config.epochs):
            report = session.run_epoch()
            print(
                f"epoch {report.epoch}/{config.epochs}: {report.validation.mae_deg:.3f} deg validation MAE, "
                f"loss {report.training.losses['total']:.3f}, {report.training.images_per_s:.0f} images/s",
                flush=True,
            )
    except Diverged as error:
        raise InputError(f"{error}: lower the learning rate or set clip_norm") from None
    if weights is not None:
        save_state(session.best_weights(), weights)


def _pretrained(
    wanted: Pretraining, root: Path, device: torch.device, threads: int, pool: LoaderPool
) -> Path:
    """Return the trunk that a pretraining comes to; train it here unless another process does."""
    from trainables.base.locks import FileLock
    from trainables.training.jobs import PretrainingJob, run_here
    from trainables.training.metric_names import LOSS
    from trainables.training.pretraining import LOCK

    trunk = wanted.trunk(root / "pretrained")
    with FileLock.wait(trunk.parent / LOCK):
        if not trunk.is_file():
            job = PretrainingJob(wanted, trunk.parent, root / "datasets", threads, 0)
            for epoch, metrics in enumerate(run_here(job, device, pool), start=1):
                print(f"pretraining {wanted.title}: epoch {epoch}, loss {metrics[LOSS]:.3f}", flush=True)
    return trunk


if __name__ == "__main__":
    sys.exit(main())
