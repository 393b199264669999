"""Exports a trial's network to a folder that needs no study, checked against the trained network."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hpsearch.results.model_card import model_card
from hpsearch.study.naming import run_name, short_names
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.base.atomic import load_state
from trainables.base.disk import ensure_folder
from trainables.base.errors import Fault, InputError
from trainables.base.tensors import check_fit
from trainables.data.datasets import open_dataset
from trainables.data.images import face_square, upright
from trainables.data.normalization import NORMALIZATIONS, Normalization
from trainables.exported import (
    CARD,
    ONNX,
    README,
    WEIGHTS,
    Differences,
    NetworkCard,
    compare,
    seal,
    write_network,
)
from trainables.model.network import HeadPoseNetwork, build_network
from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.metric_names import BEST_EPOCH, VALIDATION

FILES = frozenset({WEIGHTS, CARD, ONNX, README})

CHECKED_IMAGES = 100
"""Images on which the exported network is compared with the trained one."""


@dataclass(frozen=True)
class Exported:
    """The result of an export."""

    folder: Path
    card: NetworkCard
    differences: Differences
    checked_on: str
    """The images that the exported network was checked on, in words."""

    @property
    def check(self) -> str:
        """What was compared, and the largest differences."""
        gaps, sign = self.differences, self.differences.unit.sign
        return (
            f"on {self.checked_on} at most {gaps.safetensors:.1e}{sign} (safetensors) and "
            f"{gaps.onnx:.1e}{sign} (ONNX) from the trained network, {gaps.allowed_gap:.1e} allowed for "
            f"the rounding of float32{'' if gaps.same_weights else '; the weights differ'}"
        )

    def __str__(self) -> str:
        origin, main = self.card.provenance, self.card.target.metrics[0]
        value = main.shown(origin[f"{VALIDATION}_{main.name}"])
        return (
            f"{self.folder}: trial {origin['trial']} of {origin['study']}, "
            f"{value} validation {main.title} after epoch {origin['epoch']}; {self.check}"
        )


def export(study: StudyRecord, out: Path, *, datasets_root: Path, number: int | None = None) -> Exported:
    """Write the supervised network of a trial, the best by default, into the folder `out`.

    The folder is written under another name, loaded back and compared with the trained network before it gets
    its own. An earlier export in `out` is replaced. Raises `InputError` for a trial without weights, for an
    `out` that holds anything else or cannot be made, and where the exported network's labels are not those of
    the trained one; then nothing is left behind.
    """
    trial = _chosen(study, number)
    if strangers := _strangers(out):
        raise InputError(
            Fault(f"holds {strangers[0]!r}, which no export wrote: name a new folder", file=str(out))
        )
    card, trained = _card(study, trial), _trained(trial)
    images, checked_on = _images(trial, datasets_root)
    unfinished = ensure_folder(out.absolute().parent) / f".{out.absolute().name}.unfinished"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        write_network(unfinished, trained.supervised(), card)
        exported = Exported(
            out, card, compare(unfinished, trained, images, _normalization(trial)), checked_on
        )
        if not exported.differences.allowed:
            raise InputError(
                f"the exported network is not the trained one: {exported.check}. Nothing was written; please "
                "report it with the versions of torch, onnx and onnxruntime"
            )
        (unfinished / README).write_text(model_card(card, exported.check), encoding="utf-8")
        seal(unfinished, card)
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(FILES):
            (unfinished / file).replace(out / file)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return exported


def _chosen(study: StudyRecord, number: int | None) -> TrialRecord:
    """Return the trial to export. Raises `InputError` where it has no weights, naming those that have."""
    with_weights = [trial for trial in study.leaderboard() if (trial.folder / BEST_WEIGHTS).is_file()]
    names = ", ".join(str(trial.number) for trial in with_weights[:10])
    instead = f"export one of {names}" if names else "no trial of this study has any yet"
    if number is None:
        if study.best is None:
            raise InputError(f"study {study.name!r} has no finished trial yet: {instead}")
        number = study.best.number
    trial = next((trial for trial in study.trials if trial.number == number), None)
    if trial is None:
        raise InputError(f"study {study.name!r} has no trial {number}: {instead}")
    if trial in with_weights:
        return trial
    state = trial.state.value
    if trial.state is TrialState.COMPLETE:
        state += f", and its file is gone: {trial.folder / BEST_WEIGHTS}"
    if trial.state.stopped or trial.state is TrialState.FAILED:
        state += ", and only finished trials keep them"
    raise InputError(f"trial {number} of {study.name!r} has no weights (it is {state}): {instead}")


def _strangers(out: Path) -> list[str]:
    """Return the names of files at `out` that no export wrote."""
    if out.exists() and not out.is_dir():
        return [out.name]
    return sorted(path.name for path in out.glob("*") if path.name not in FILES)


def _card(study: StudyRecord, trial: TrialRecord) -> NetworkCard:
    target = trial.config.target
    main = target.metrics[0]
    values = [metrics[main.within(VALIDATION).name] for metrics in trial.epochs]
    best = min(range(len(values)), key=lambda epoch: main.cost(values[epoch]))
    if (kept := trial.epochs[-1].get(BEST_EPOCH)) is not None:  # with `keep: loss` another one
        best = int(kept) - 1
    provenance: dict[str, Any] = {
        "study": study.name,
        "trial": trial.number,
        "design": run_name(trial, short_names(study.trials)),
        "objective": study.objective.name,
        "objective_value": trial.objective,
        "epoch": best + 1,
        f"{VALIDATION}_{main.name}": values[best],
        "training_mean": study.provenance.training_mean,
        "datasets": dict(study.provenance.datasets),
        "code_version": study.provenance.code_version,
        "plugins": study.provenance.plugin_texts,
    }
    return NetworkCard(
        backbone=trial.config.network.backbone,
        head=trial.config.head,
        target=target,
        angles=_labels(trial),
        convention=target.convention,
        image_px=trial.config.data.image_px,
        evaluation_zoom=trial.config.evaluation_zoom,
        mean=_normalization(trial).mean,
        std=_normalization(trial).std,
        training=trial.config.model_dump(mode="json"),
        provenance=provenance,
    )


def _normalization(trial: TrialRecord) -> Normalization:
    return NORMALIZATIONS[trial.config.data.normalization]


def _labels(trial: TrialRecord) -> tuple[str, ...]:
    """Return the labels that a finished trial learned: all, less optional ones that it has no metric of."""
    target, last = trial.config.target, trial.epochs[-1]
    of_label = {metric.label: metric.within(VALIDATION).name for metric in target.metrics if metric.label}
    return tuple(
        label.name for label in target.labels if not label.optional or of_label.get(label.name) in last
    )


def _trained(trial: TrialRecord) -> HeadPoseNetwork:
    """Return the trial's network with the weights of its best epoch."""
    config, file = trial.config, trial.folder / BEST_WEIGHTS
    network = build_network(config.network.backbone, config.head, _labels(trial), dropout=0.0, seed=0)
    try:
        weights = load_state(file)
        check_fit(weights, network.state_dict())
        network.load_state_dict(weights)
    except (OSError, ValueError, RuntimeError) as error:
        first = str(error).splitlines()[0]
        raise InputError(Fault(f"the weights cannot be read: {first}", file=str(file))) from None
    return network.eval()


def _images(trial: TrialRecord, datasets_root: Path) -> tuple[npt.NDArray[np.uint8], str]:
    """Return images [N, 3, H, W] to compare networks on: of the validation set, or noise where it is gone."""
    source, side_px = trial.config.data.validation, trial.config.data.image_px
    zoom = trial.config.evaluation_zoom
    try:
        dataset = open_dataset(trial.config.validation_dataset, datasets_root)
        files = dataset.samples(source.split, source.subjects).files
        spread = np.linspace(0, len(files) - 1, min(CHECKED_IMAGES, len(files))).round().astype(int)
        squares = [np.asarray(face_square(upright(files[place]), side_px, zoom)) for place in spread]
    except (InputError, OSError, ValueError):
        noise = np.random.default_rng(0).integers(0, 256, (CHECKED_IMAGES, 3, side_px, side_px), np.uint8)
        return noise, f"{CHECKED_IMAGES} images of noise (the validation set is gone)"
    images = np.ascontiguousarray(np.stack(squares).transpose(0, 3, 1, 2))
    return images, f"{len(images)} validation images"
