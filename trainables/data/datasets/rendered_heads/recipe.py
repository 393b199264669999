"""`RenderedHeads`: the settings of a rendered dataset, and the name of its folder. `build.py` builds it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from trainables.base.schema import Config
from trainables.data.datasets.rendered_heads.subjects import Progress, Subject

if TYPE_CHECKING:
    from trainables.data.datasets.prepared import PreparedDataset

RENDERER_VERSION = 1
"""Raised whenever the same recipe gives other images, so that older prepared folders are not reused."""


class RenderedHeads(Config):
    """Rendered images of made-up people with exact labels. Each subject is in one split only."""

    images: Annotated[int, Field(ge=3, le=2_000_000)] = 4000
    """Images of all splits together."""
    subjects: Annotated[int, Field(ge=3, le=200_000)] = 400
    """People of all splits together; each has the same number of images, plus or minus one."""
    image_px: Annotated[int, Field(ge=16, le=512)] = 112
    """Side of the square images, pixels."""
    yaw_deg: Annotated[float, Field(ge=0, le=90)] = 75.0
    """Largest |yaw|, degrees; uniform up to it."""
    pitch_deg: Annotated[float, Field(ge=0, le=90)] = 40.0
    """Largest |pitch|, degrees; uniform up to it."""
    roll_deg: Annotated[float, Field(ge=0, le=90)] = 40.0
    """Largest |roll|, degrees; uniform up to it."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Share of the subjects that form the split `validation`; one at least."""
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the subjects that form the split `test`; one at least."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seeds people, poses and images."""

    @model_validator(mode="after")
    def _splits_can_be_filled(self) -> RenderedHeads:
        if self.images < self.subjects:
            raise ValueError(
                f"{self.images} images cannot show {self.subjects} subjects: lower subjects or raise images"
            )
        if sum(self._held_out()) >= self.subjects:
            raise ValueError(
                f"validation_share {self.validation_share:g} and test_share {self.test_share:g} of "
                f"{self.subjects} subjects leave none to train on: lower the shares or raise subjects"
            )
        return self

    @property
    def limits_deg(self) -> tuple[float, float, float]:
        """Largest |yaw|, |pitch| and |roll|, degrees."""
        return self.yaw_deg, self.pitch_deg, self.roll_deg

    @property
    def folder_name(self) -> str:
        """The prepared folder's name: it follows from the recipe, the renderer and the head model."""
        from trainables.data.datasets.rendered_heads.head_mesh import MODEL_FILE

        recipe = self.model_dump_json() + f" renderer {RENDERER_VERSION} "
        return f"rendered-heads-{hashlib.sha256(recipe.encode() + MODEL_FILE.read_bytes()).hexdigest()[:12]}"

    def plan(self) -> list[Subject]:
        """Return the subjects to render, each with its split and its number of images."""
        validation, test = self._held_out()
        splits = (
            ["train"] * (self.subjects - validation - test) + ["validation"] * validation + ["test"] * test
        )
        whole, rest = divmod(self.images, self.subjects)
        # Spread over all subjects, not given to the first ones, so that splits keep their shares.
        extra = {index * self.subjects // rest for index in range(rest)}
        return [Subject(index, split, whole + (index in extra)) for index, split in enumerate(splits)]

    def images_of(self, split: str, subjects: Sequence[str] = ()) -> int:
        """Return how many images a split has, of these subjects alone where some are named."""
        return sum(
            subject.images
            for subject in self.plan()
            if subject.split == split and (not subjects or subject.name in subjects)
        )

    def ensure(
        self, datasets_root: Path, progress: Progress | None = None, workers: int | None = None
    ) -> PreparedDataset:
        """Return the dataset below `datasets_root`, built first unless it is there.

        The result does not depend on `workers` (processes; as many as cores where None). Two builds at once
        take turns; an interrupted one leaves nothing that could be taken for a dataset.
        """
        from trainables.data.datasets.rendered_heads.build import build

        folder = datasets_root / self.folder_name
        return build(
            folder, self.plan(), image_px=self.image_px, limits_deg=self.limits_deg, seed=self.seed,
            progress=progress, workers=workers,
        )  # fmt: skip

    def _held_out(self) -> tuple[int, int]:
        validation, test = self.subjects * self.validation_share, self.subjects * self.test_share
        return max(1, round(validation)), max(1, round(test))
