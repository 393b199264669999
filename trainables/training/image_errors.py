"""What a network predicted of each image of a set, as a small Parquet file beside its weights.

    validation_errors.parquet   of the validation images, after the trial's last epoch
    test_NAME_errors.parquet    of the images of a test set, by the weights that were tested

One row per image, in the order of the prepared dataset: `file` (below the dataset's folder), `subject`, then
`true_COLUMN` and `predicted_COLUMN` of each label (`true_yaw_deg`), float32, `entropy_nats` where the head
says how certain it is, and `epoch`, after which the network had these weights. Angles are not wrapped.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.base.atomic import in_one_step
from trainables.base.errors import Fault, InputError
from trainables.data.datasets.prepared import Samples
from trainables.target import Label, TargetConfig
from trainables.training.metrics import Predictions

IMAGE_ERRORS = "_errors.parquet"
"""How the names of these files end."""

ENTROPY = "entropy_nats"


@dataclass(frozen=True)
class PredictedImages:
    """Images by name, the subject of each, and what was predicted of them."""

    files: tuple[str, ...]
    subjects: tuple[str, ...]
    predictions: Predictions
    epoch: int
    """The epoch after which the network had these weights."""

    @classmethod
    def of(cls, samples: Samples, folder: Path, predictions: Predictions, epoch: int) -> PredictedImages:
        """Name the images of the dataset in `folder` that were predicted."""
        files = tuple(file.relative_to(folder).as_posix() for file in samples.files)
        return cls(files, samples.subjects, predictions, epoch)


def errors_file(folder: Path, group: str) -> Path:
    """Return the file in a trial's folder for a group of metrics, such as `validation` or `test/biwi`."""
    return folder / f"{group.replace('/', '_')}{IMAGE_ERRORS}"


def write_images(images: PredictedImages, file: Path) -> None:
    """Write the table in one step. Raises `DiskFault` where there is no room."""
    import pandas as pd

    found = images.predictions
    true, predicted = (values.astype(np.float32) for values in (found.true, found.predicted))
    table = pd.DataFrame({"file": images.files, "subject": images.subjects})
    for place, label in enumerate(found.target.labels):
        table[_true(label)] = true[:, place]
        table[_predicted(label)] = predicted[:, place]
    if found.entropy is not None:
        table[ENTROPY] = found.entropy
    table["epoch"] = np.int32(images.epoch)
    with in_one_step(file, int(table.memory_usage().sum())) as draft:
        table.to_parquet(draft, index=False, compression="zstd")


def read_images(file: Path, target: TargetConfig) -> PredictedImages | None:
    """Return what `write_images` wrote of a target, None where there is no such file.

    Raises `InputError` where it is damaged.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(file)
        labels = tuple(label for label in target.labels if _predicted(label) in table)
        true, predicted = (
            table[[name(label) for label in labels]].to_numpy(np.float32) for name in (_true, _predicted)
        )
        entropy = table[ENTROPY].to_numpy(np.float32) if ENTROPY in table else None
        return PredictedImages(
            files=tuple(table["file"]),
            subjects=tuple(table["subject"]),
            predictions=Predictions(predicted, true, target.build(labels), entropy),
            epoch=int(table["epoch"].iloc[0]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, IndexError) as error:  # pyarrow raises the first two
        rule = f"this file is damaged ({str(error).splitlines()[0]}): remove it to continue without it"
        raise InputError(Fault(rule, file=str(file))) from None


def _true(label: Label) -> str:
    return f"true_{label.column}"


def _predicted(label: Label) -> str:
    return f"predicted_{label.column}"
