"""What the settings of a generated dataset must offer: one that needs no raw files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trainables.data.datasets.prepared import PreparedDataset


class GeneratedConfig(Protocol):
    """The settings of a generated dataset, which is built on first use."""

    @property
    def images(self) -> int:
        """Images of all splits together."""

    @property
    def folder_name(self) -> str:
        """The prepared folder's name; it follows from everything that shapes the images."""

    def images_of(self, split: str, subjects: Sequence[str] = ()) -> int:
        """Return how many images a split has, of these subjects alone where some are named."""

    def ensure(
        self, datasets_root: Path, progress: Callable[[int, int], None] | None = None
    ) -> PreparedDataset:
        """Return the dataset below `datasets_root`, built first unless it is there.

        `progress` is called with images done and images in all.
        """
