"""`DataConfig`: where a run's images come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, ValidationInfo, field_validator

from trainables.base.schema import Config
from trainables.data.normalization import NormalizationName
from trainables.data.sources import Decode, TestSource, TrainSource, UnlabelledSource, ValidationSource


class DataConfig(Config):
    """Where images come from, their size and the batch size."""

    train: TrainSource
    """The training set."""
    unlabelled: UnlabelledSource = UnlabelledSource()
    """Images without labels, for the helper alone."""
    validation: ValidationSource = ValidationSource()
    """The validation set."""
    test: Annotated[tuple[TestSource, ...], Strict(False)] = ()
    """Test sets, measured once, after the search, for its best trials."""
    image_px: Annotated[int, Field(ge=32, le=512)] = 224
    """Side of the square network input, pixels. [paper: 224]"""
    batch: Annotated[int, Field(ge=2, le=4096)] = 64
    """Images per training step. [paper: 64]"""
    normalization: NormalizationName = "imagenet"
    """How pixels become the network's input: `imagenet`: less the mean of ImageNet and divided by its
    standard deviation, colour by colour; `unit`: from 0, black, to 1, white; `half`: from -1, black, to 1,
    white, as timm's `vit_*_224` were trained. What is blanked is 0: the mean colour, black, or grey."""
    decode: Decode = "auto"
    """How JPEGs become pixels. `cpu`: decoded in every epoch, and sent to a GPU as bytes. `cache`: decoded
    once and kept beside the dataset as bytes for all trials; equal to `cpu` to the bit. `mixed`: decoded in
    every epoch by a GPU, whose pixels differ by some levels; `cpu` where there is none. `auto`: `cache` where
    it takes at most half of the available memory and half of the free disk, else `cpu`."""
    evaluation_zoom: Annotated[float, Field(ge=0, le=0.9)] | Literal["auto"] = "auto"
    """Share of the side that is cut off around the centre of every image that a network is measured on, and
    that it predicts once it is exported; 0: none. `auto`: the mean of the zoom in training, since a whole
    image is the edge of what was trained. A study begun by a version without this key keeps 0."""

    @field_validator("test")
    @classmethod
    def _tests_decide_nothing(
        cls, tests: tuple[TestSource, ...], info: ValidationInfo
    ) -> tuple[TestSource, ...]:
        names = [test.name for test in tests]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two test sets are called {min(doubled)!r}")
        train, validation = info.data.get("train"), info.data.get("validation")
        if train is None or validation is None:
            return tests
        judge = validation.dataset or train.dataset
        seen = {"train": (train.dataset, train), "validation": (judge, validation)}
        if (unlabelled := info.data.get("unlabelled")) and unlabelled.dataset is not None:
            seen["unlabelled"] = (unlabelled.dataset, unlabelled)
        for test in tests:
            for role, (dataset, source) in seen.items():
                if test.shares_images(dataset, source.split, source.subjects):
                    raise ValueError(
                        f"test set {test.name!r} is also the {role} set, and an error on images that the "
                        "search has seen says nothing: give it a split or subjects of its own"
                    )
        return tests
