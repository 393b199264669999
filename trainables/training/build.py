"""From a `TrainConfig` and its data to a `Session`: builds the loaders, the network and its trainer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from trainables.base.atomic import load_state
from trainables.base.errors import Fault, InputError
from trainables.data.augmentation.plan import AugmentationPlan
from trainables.data.batches import BatchSource
from trainables.data.datasets.prepared import Samples
from trainables.data.loader import Loader, LoaderPool, unsaid
from trainables.data.loader.keeping import keeps
from trainables.data.normalization import NORMALIZATIONS
from trainables.data.sources import Decode
from trainables.data.unlabelled import Unlabelled
from trainables.model.network import build_network
from trainables.target import Label
from trainables.training.config import FP16_IS_NOT_RECORDED, TrainConfig
from trainables.training.execution import Execution
from trainables.training.loss_weights import build_weighting, loss_weights
from trainables.training.session import Session
from trainables.training.trainer import Trainer
from trainables.training.training_data import TrainingData, labels_of
from trainables.training.validation_loss import ValidationLoss


def build_loader(
    config: TrainConfig,
    samples: Samples,
    *,
    train: bool,
    device: torch.device,
    threads: int,
    pool: LoaderPool,
    once: bool = False,
    say: Callable[[str], None] = unsaid,
    beside: int = 0,
) -> Loader:
    """Build a loader of images as `config` has them: shuffled and augmented to `train`, else zoomed alone.

    Of images that are read `once`, decoded ones are not kept. `say` is told where they cannot be. One whose
    batches join those of another loader has `beside` images in each.
    """
    zoomed = AugmentationPlan.zoomed(config.evaluation_zoom)
    return Loader(
        samples,
        image_px=config.data.image_px,
        batch=beside or config.data.batch,
        augmentation=config.augmentation.build() if train else zoomed,
        shuffle=train,
        device=device,
        threads=threads,
        pool=pool,
        decode="cpu" if once and config.data.decode != "mixed" else config.data.decode,
        say=say,
        beside=beside > 0,
        normalization=NORMALIZATIONS[config.data.normalization],
    )


def build_trial_session(
    config: TrainConfig,
    data: TrainingData,
    *,
    device: torch.device,
    threads: int,
    pool: LoaderPool,
    trunk: Path | None = None,
    say: Callable[[str], None] = unsaid,
) -> Session:
    """Build the session that `config` describes; the loaders' pipelines stay in `pool` for the next one.

    `trunk` is the file of the trunk's initial weights; None: random ones. `say` is told as in `build_loader`.
    """

    def loader(samples: Samples, *, train: bool, beside: int = 0) -> Loader:
        return build_loader(
            config, samples, train=train, device=device, threads=threads, pool=pool, say=say, beside=beside
        )

    unlabelled = None
    if data.unlabelled is not None and config.unlabelled_share:
        per_step = config.data.unlabelled.per_step(min(config.data.batch, len(data.train)))
        unlabelled = Unlabelled(loader(data.unlabelled, train=True, beside=per_step))
    return build_session(
        config,
        train=loader(data.train, train=True),
        validation=loader(data.validation, train=False),
        labels=labels_of(data.train),
        device=device,
        trunk=None if trunk is None else load_trunk(trunk),
        unlabelled=unlabelled,
    )


def decided(config: TrainConfig, data: TrainingData) -> TrainConfig:
    """Return a config whose `data.decode` is decided for all its images, to train on a few of them."""
    if config.data.decode != "auto":
        return config
    decode: Decode = "cache" if keeps("auto", data.train) else "cpu"
    return config.model_copy(update={"data": config.data.model_copy(update={"decode": decode})})


def build_session(
    config: TrainConfig,
    *,
    train: BatchSource,
    validation: BatchSource,
    labels: Sequence[Label],
    device: torch.device,
    trunk: Mapping[str, Tensor] | None = None,
    unlabelled: Unlabelled | None = None,
) -> Session:
    """Build the session that `config` describes over any sources of batches.

    `trunk` holds the trunk's initial weights where they are not random; from `unlabelled` images the task
    learns too. Raises `InputError` where the device cannot compute in the precision of `config`.
    """
    task, attachment = config.pretext.build(), config.pretext.attachment()
    target = config.target.build(labels)
    network = build_network(
        config.network.backbone,
        config.head,
        [label.name for label in labels],
        dropout=config.network.dropout,
        seed=config.seed,
        branches=task.branches,
        attachment=attachment,
        trunk_weights=trunk,
        target=target,
    )
    task_weight = config.pretext.task_weight(config.epochs)
    branches = () if attachment is None else task.branches
    weights = loss_weights(network, branches, lambda name: config.pretext.loss_weight(name, config.epochs))
    trainer = Trainer(
        network=network,
        task=task,
        view=config.pretext.build_view(),
        task_weight=task_weight,
        weighting=build_weighting(config.weighting, weights),
        optimizer=config.optimizer.build,
        schedule=config.schedule.build(config.epochs),
        train=train,
        execution=_execution(config, device),
        seed=config.seed,
        epochs=config.epochs,
        clip_norm=config.clip_norm,
        lookahead=None if config.lookahead is None else config.lookahead.build,
        average=config.average.build(config.epochs),
        unlabelled=unlabelled,
        compiled=config.compile,
        cuda_graph=config.cuda_graph,
    )
    loss = None
    if config.keep == "loss":
        loss = ValidationLoss(task, {name: weight.weight for name, weight in weights.items()})
    return Session(trainer, validation=validation, target=target, loss=loss)


def _execution(config: TrainConfig, device: torch.device) -> Execution:
    """Return how `config` computes on a device. Raises `InputError` where that cannot be recorded."""
    execution = Execution.of(device, config.precision)
    if config.cuda_graph and execution.scales_loss:
        rule = f"{FP16_IS_NOT_RECORDED}: this GPU has no bf16, so take precision: fp32, or leave this out"
        raise InputError(Fault(rule, "cuda_graph"))
    return execution


def load_trunk(file: Path) -> dict[str, Tensor]:
    """Return a trunk's initial weights. Raises `InputError` where the file is damaged."""
    try:
        return load_state(file)
    except (OSError, ValueError) as error:
        rule = f"this trunk cannot be read: {error}. Remove its folder and launch again to rebuild it"
        raise InputError(Fault(rule, file=str(file))) from None
