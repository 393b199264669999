"""A second target: the age of a face in years. It is a plug-in's module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.base.schema import Config
from trainables.target.metric import SHARE, Direction, Metric, Unit
from trainables.target.target import Bands, Label, Mark

YEARS = Unit("years", "years", " years")
MAE = Metric("mae_years", "MAE", YEARS, column="mae")
CLOSE = Metric(
    "within_20_years", "share within 20 years", SHARE, Direction.MAXIMIZE, column="within 20", noun="share"
)


class AgeConfig(Config):
    """The age of a face, in years."""

    title: str = "Age"
    mean_name: str = "the mean age"
    convention: str = "age: years since birth"
    output: str = "age_years"

    @property
    def labels(self) -> tuple[Label, ...]:
        return (Label("age", YEARS, 0.0, 130.0),)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (MAE, CLOSE)

    @property
    def bands(self) -> Bands:
        return Bands("age", 20.0)

    @property
    def legend(self) -> tuple[Mark, ...]:
        return ()

    def augmentation_fault(self, labels: Sequence[str], turn_deg: float) -> None:
        return None

    def build(self, labels: Sequence[Label]) -> Age:
        return Age(labels)


class Age:
    """Ages [N, 1]; nobody is older in a mirror."""

    main = MAE

    def __init__(self, labels: Sequence[Label]) -> None:
        self.labels = tuple(labels)

    def on_first(self, count: int) -> Age:
        return self

    def measures(self, predicted: npt.NDArray[Any], true: npt.NDArray[Any]) -> dict[str, float]:
        return {name: float(values.mean()) for name, values in self.image_measures(predicted, true).items()}

    def image_measures(
        self, predicted: npt.NDArray[Any], true: npt.NDArray[Any]
    ) -> dict[str, npt.NDArray[np.float64]]:
        if predicted.shape != true.shape:
            raise ValueError(f"ages {predicted.shape} and {true.shape}")
        error = np.abs(predicted.astype(np.float64) - true)[:, 0]
        return {MAE.name: error, CLOSE.name: (error <= 20).astype(np.float64)}

    def apart(self, one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        gap: npt.NDArray[np.float64] = np.abs(one.astype(np.float64) - other)[:, 0]
        return gap

    def aligned(self, predicted: object, true: object, half: object) -> None:
        return None  # nobody counts years from another birth

    def augmented(self, values: npt.NDArray[Any], *, mirrored: Any, turn_deg: Any) -> npt.NDArray[Any]:
        return values

    def draw(self, image: object, values: Sequence[float]) -> None:
        raise AssertionError("nothing is drawn without a legend")
