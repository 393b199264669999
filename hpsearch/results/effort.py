"""What a trial cost: the images that it learned from, and the images that its network forwarded.

An image counts once for each time that it passes through the whole network; an image that a pretext task
forwards up to its flag alone counts that share of it (`trainables.pretext.cost`). Branches are not counted.
An image that is forwarded and nothing goes back counts a third: through a teacher, for BatchNorm's statistics
of averaged weights, or for a weighting that looks at the losses after the step. A second way back, of a
weighting that sets the gradients of pose and helper against each other, counts two thirds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from hpsearch.study.records import StudyRecord, TrialRecord
from trainables.data.sources import TrainSource
from trainables.losses.weighting import forwards_again
from trainables.pretext.cost import FORWARD_ALONE
from trainables.training.config import TrainConfig
from trainables.training.metric_names import IMAGES


@dataclass(frozen=True)
class Effort:
    """The sum over some trials; hours are those of the devices, a share of one counted as that share.

    `images_forwarded` is None where a trial's number of training images is not known.
    """

    trials: int
    epochs: int
    device_hours: float
    images_forwarded: float | None


def images_per_epoch(trial: TrialRecord) -> int | None:
    """Return the training images of one epoch: as measured, else as the recipe of a rendered dataset says.

    None where neither is known: older trials of a prepared dataset were recorded without it.
    """
    if trial.epochs and IMAGES in trial.epochs[0]:
        return int(trial.epochs[0][IMAGES])
    train = trial.config.data.train
    images = _images_of(train)
    return None if images is None else round(train.labels * images)


def images_seen(trial: TrialRecord) -> int | None:
    """Return the training images of all its epochs, repetitions counted."""
    images = images_per_epoch(trial)
    return None if images is None else images * len(trial.epochs)


def images_forwarded(trial: TrialRecord, epochs: int | None = None) -> float | None:
    """Return the images forwarded in the first `epochs` epochs (None: all), its pretraining included.

    A pretraining is counted whole for every trial that started from it, as if the trial ran by itself.
    """
    images = images_per_epoch(trial)
    pretrained = _pretraining_images(trial.config, images)
    if images is None or pretrained is None:
        return None
    done = len(trial.epochs) if epochs is None else epochs
    passed = sum(
        images * forwards(trial.config, epoch) + FORWARD_ALONE * trial.config.norm_images(images, epoch)
        for epoch in range(done)
    )
    return pretrained + passed


def forwards(config: TrainConfig, completed: int) -> float:
    """Return the passes through the whole network per labelled image in the epoch after `completed`, those of
    the unlabelled images beside it included."""
    return config.cost(completed).forwards


def effort_of(trials: Iterable[TrialRecord]) -> Effort:
    """Return the sum over trials."""
    return together([_effort(trial) for trial in trials])


def together(efforts: Collection[Effort]) -> Effort:
    """Return the sum of efforts."""
    images = [effort.images_forwarded for effort in efforts]
    known = [number for number in images if number is not None]
    return Effort(
        trials=sum(effort.trials for effort in efforts),
        epochs=sum(effort.epochs for effort in efforts),
        device_hours=sum(effort.device_hours for effort in efforts),
        images_forwarded=sum(known) if len(known) == len(images) else None,
    )


def _effort(trial: TrialRecord) -> Effort:
    """Return that of one trial."""
    images = images_forwarded(trial) if trial.epochs else 0.0
    return Effort(1, len(trial.epochs), device_hours(trial), images)


def device_hours(trial: TrialRecord) -> float:
    """Return the hours of GPU, or of CPU where it had no GPU; one device where its share is not recorded."""
    placement = trial.placement
    share = 1.0 if placement is None else placement.gpus or placement.cpus
    return trial.trained_s / 3600 * share


def device_kind(study: StudyRecord) -> str:
    """Return what device hours are of: `GPU` where any trial had one, else `CPU`."""
    placements = [trial.placement for trial in study.trials if trial.placement is not None]
    return "GPU" if any(placement.gpus for placement in placements) else "CPU"


def _pretraining_images(config: TrainConfig, train_images: int | None) -> float | None:
    pretraining = config.init.pretraining
    if pretraining is None:
        return 0.0
    source = pretraining.data
    as_the_trial = source is None and config.data.train.labels == 1  # without labels it takes all images
    images = train_images if as_the_trial else _images_of(source or config.data.train)
    again = 1 + FORWARD_ALONE * forwards_again(pretraining.weighting)
    forwards = pretraining.pretext.pretraining_cost().forwards * again
    return None if images is None else images * pretraining.epochs * forwards


def _images_of(source: TrainSource) -> int | None:
    dataset = source.dataset
    return None if isinstance(dataset, str) else dataset.images_of(source.split, source.subjects)
