"""What a metric is: its name, its title and unit for people, which way is better, and what it is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class Direction(StrEnum):
    """Which values of a metric are better, in Optuna's words."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True)
class Unit:
    """A unit of labels and of their errors."""

    key: str
    """How the names of columns and metrics end: `deg` in `yaw_deg`."""
    name: str
    """How an axis says it: `degrees`."""
    sign: str
    """How it follows a number, its space included: `°` or ` years`."""
    of: float = 1.0
    """What one of it is in values of its metric: texts and axes have values in millions where it is 1e6."""


SHARE = Unit("share", "", "")
"""The unit of shares from 0 to 1."""


@dataclass(frozen=True)
class Metric:
    """A number that is measured of predictions on a set of images.

    A target gives metrics without a group (`mae_deg`). Journals and MLflow have them within one
    (`validation/mae_deg`, `test/biwi/mae_deg`): see `within`.
    """

    name: str
    title: str
    """How a sentence names it: `MAE`, `yaw MAE`."""
    unit: Unit
    direction: Direction = Direction.MINIMIZE
    label: str | None = None
    """The one label that it is of; None where it is of all."""
    images: str = ""
    """Which images it is over, such as `|yaw| 0 to 30`; all where empty."""
    column: str = ""
    """Heading of its column in tables; empty where tables leave it out."""
    noun: str = "error"
    """What one value of it is called: an error, a share."""
    of_best_epoch: bool = False
    """Whether it is of the best epoch so far instead of the last."""

    @property
    def leaf(self) -> str:
        """Its name without the group: `mae_deg`."""
        return self.name.rpartition("/")[2]

    @property
    def axis(self) -> str:
        """The title of an axis of its values: `error, degrees`."""
        return ", ".join(filter(None, (self.noun, self.unit.name)))

    def within(self, group: str) -> Metric:
        """Return the same metric of a group of images: `validation/mae_deg`, `validation MAE`."""
        return replace(self, name=f"{group}/{self.name}", title=f"{group.replace('/', ' ')} {self.title}")

    def best(self) -> Metric:
        """Return the metric that is this one after the best epoch so far."""
        return replace(
            self, name=f"best_{self.name}", title=f"{self.title} of the best epoch", of_best_epoch=True
        )

    def cost(self, value: float) -> float:
        """Return a value of it as a cost: the same, or its negative where larger is better.

        All that ranks, compares or chooses takes costs, of which smaller ones are better.
        """
        return value if self.direction is Direction.MINIMIZE else -value

    def value(self, cost: float) -> float:
        """Return the value whose cost this is."""
        return self.cost(cost)

    def shown(self, value: float, digits: int = 2) -> str:
        """Return a value with its unit: `4.52°`, `3.10 years`."""
        return f"{value / self.unit.of:.{digits}f}{self.unit.sign}"
