"""The poses that a network predicted of each image of a set, as a small Parquet file beside its weights.

    validation_errors.parquet   of the validation images, after the trial's last epoch
    test_NAME_errors.parquet    of the images of a test set, by the weights that were tested

One row per image, in the order of the prepared dataset: `file` (below the dataset's folder), `subject`, then
`true_ANGLE_deg` and `predicted_ANGLE_deg` of each angle, float32, and `epoch`, after which the network had
these weights. Angles are not wrapped.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trainables.base.atomic import in_one_step
from trainables.base.errors import Fault, InputError
from trainables.data.datasets.prepared import Samples
from trainables.pose.angles import ANGLES
from trainables.training.metrics import Predictions

IMAGE_ERRORS = "_errors.parquet"
"""How the names of these files end."""


@dataclass(frozen=True)
class PredictedImages:
    """Images by name, the subject of each, and their poses."""

    files: tuple[str, ...]
    subjects: tuple[str, ...]
    predictions: Predictions
    epoch: int
    """The epoch after which the network had these weights."""

    @classmethod
    def of(cls, samples: Samples, folder: Path, predictions: Predictions, epoch: int) -> PredictedImages:
        """Name the images of the dataset in `folder` whose poses were predicted."""
        files = tuple(file.relative_to(folder).as_posix() for file in samples.files)
        return cls(files, samples.subjects, predictions, epoch)


def errors_file(folder: Path, group: str) -> Path:
    """Return the file in a trial's folder for a group of metrics, such as `validation` or `test/biwi`."""
    return folder / f"{group.replace('/', '_')}{IMAGE_ERRORS}"


def write_images(images: PredictedImages, file: Path) -> None:
    """Write the table in one step. Raises `DiskFault` where there is no room."""
    import pandas as pd

    found = images.predictions
    true_deg, predicted_deg = (poses.astype(np.float32) for poses in (found.true_deg, found.predicted_deg))
    table = pd.DataFrame({"file": images.files, "subject": images.subjects})
    for column, angle in enumerate(found.angles):
        table[_true(angle)] = true_deg[:, column]
        table[_predicted(angle)] = predicted_deg[:, column]
    table["epoch"] = np.int32(images.epoch)
    with in_one_step(file, int(table.memory_usage().sum())) as draft:
        table.to_parquet(draft, index=False, compression="zstd")


def read_images(file: Path) -> PredictedImages | None:
    """Return what `write_images` wrote, None where there is no such file.

    Raises `InputError` where it is damaged.
    """
    import pandas as pd

    try:
        table = pd.read_parquet(file)
        angles = tuple(angle for angle in ANGLES if _predicted(angle) in table)
        true_deg, predicted_deg = (
            table[[name(angle) for angle in angles]].to_numpy(np.float32) for name in (_true, _predicted)
        )
        return PredictedImages(
            files=tuple(table["file"]),
            subjects=tuple(table["subject"]),
            predictions=Predictions(predicted_deg, true_deg, angles),
            epoch=int(table["epoch"].iloc[0]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, IndexError) as error:  # pyarrow raises the first two
        rule = f"this file is damaged ({str(error).splitlines()[0]}): remove it to go on without"
        raise InputError(Fault(rule, file=str(file))) from None


def _true(angle: str) -> str:
    return f"true_{angle}_deg"


def _predicted(angle: str) -> str:
    return f"predicted_{angle}_deg"
