"""The people that a recipe asks for: their number in the dataset, their split and their number of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""Called with the number of images done and in total."""


@dataclass(frozen=True)
class Subject:
    """One person to render: `index` seeds everything about them."""

    index: int
    split: str
    images: int

    @property
    def name(self) -> str:
        """The subject's name in the labels."""
        return f"s{self.index:05d}"
