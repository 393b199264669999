"""Runs a self-supervised pretraining: the trunk with the heads of a pretext task in place of the pose's.

The name of its folder follows from everything that shapes the weights (`Pretraining.name`), so that it is
trained once, whichever study needs it:

    ROOT/pretrained/rotation-2x2-0123456789ab/
      trunk.pt       the trunk after the last epoch; written last, so that its being there means done
      config.yaml    everything that the key follows from
      history.json   the metrics of every epoch
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.base.atomic import load_state, save_state
from trainables.base.errors import Fault, InputError
from trainables.data.batches import BatchSource
from trainables.data.datasets import open_dataset
from trainables.data.loader import Loader, LoaderPool
from trainables.losses.weighting.fixed_weighting import FixedWeighting
from trainables.model.backbones import Backbone
from trainables.model.inits.request import TRUNK
from trainables.model.inits.ssl import Pretraining, SslConfig
from trainables.model.network import build_pretraining_network
from trainables.training.checkpoints import History
from trainables.training.metrics import TrainingReport
from trainables.training.trainer import Draft, Trainer

CONFIG = "config.yaml"
HISTORY = "history.json"
LOCK = "pretraining.lock"


def start_pretraining(
    pretraining: Pretraining, datasets: Path, *, device: torch.device, threads: int, pool: LoaderPool
) -> Pretrainer:
    """Return the run at its beginning, over a loader of its images. Raises `InputError` as they do."""
    source, settings = pretraining.source, pretraining.settings
    train = Loader(
        open_dataset(source.dataset, datasets).samples(source.split, source.subjects),
        image_px=pretraining.image_px,
        batch=settings.batch,
        augmentation=settings.augmentation.build(),
        shuffle=True,
        device=device,
        threads=threads,
        pool=pool,
    )
    return build_pretrainer(settings, pretraining.backbone, train=train, device=device)


def keep_pretraining(pretraining: Pretraining, trained: Pretrainer, history: History, folder: Path) -> None:
    """Write config, history and, last, the trunk. Raises `DiskFull` where there is no room."""
    from ruamel.yaml import YAML

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / CONFIG).open("w", encoding="utf-8") as out:
        YAML().dump({"key": pretraining.key, **pretraining.config}, out)
    (folder / HISTORY).write_text(json.dumps(history, indent=1) + "\n", encoding="utf-8")
    save_state(trained.trunk(), folder / TRUNK)


class Pretrainer:
    """A trunk in pretraining; `epoch` is the number of epochs completed."""

    def __init__(self, trainer: Trainer) -> None:
        self.epoch = 0
        self._trainer = trainer

    def run_epoch(self, draft: Draft | None = None) -> TrainingReport:
        """Train one epoch and return what it came to; nothing is validated. Raises `Diverged`."""
        report = self._trainer.train_epoch(self.epoch)
        self.epoch += 1
        return report

    def trunk(self) -> dict[str, Tensor]:
        """Return the trunk's weights on the CPU."""
        weights = self._trainer.network.trunk.state_dict()
        return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in weights.items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state: tensors, which change when training goes on, and plain values."""
        return {"epoch": self.epoch, **self._trainer.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state of a run with the same settings. Raises as `Trainer.take` does."""
        self._trainer.load_state_dict(state_dict)
        self.epoch = state_dict["epoch"]


def build_pretrainer(
    settings: SslConfig, backbone: Backbone, *, train: BatchSource, device: torch.device
) -> Pretrainer:
    """Make the run that the settings describe, over a source of its pictures."""
    task, heads = settings.pretext.build(), settings.pretext.ssl_heads()
    assert heads is not None  # noqa: S101  ours: the settings refuse a task without heads
    network = build_pretraining_network(backbone, task.branches, dropout=heads.dropout, seed=settings.seed)
    return Pretrainer(
        Trainer(
            network=network,
            task=task,
            weighting=FixedWeighting(dict.fromkeys(task.branches, heads.weight)),
            optimizer=settings.optimizer.build,
            schedule=settings.schedule.build(settings.epochs),
            train=train,
            device=device,
            seed=settings.seed,
            ssl_reduction=heads.reduction,
        )
    )


def load_trunk(file: Path) -> dict[str, Tensor]:
    """Return the weights of a trunk that is kept. Raises `InputError` where they are damaged."""
    try:
        return load_state(file)
    except (OSError, ValueError, RuntimeError, pickle.UnpicklingError) as error:
        first = str(error).splitlines()[0]
        rule = f"this trunk cannot be read: {first}. Remove its folder and launch again to make it anew"
        raise InputError(Fault(rule, file=str(file))) from None
