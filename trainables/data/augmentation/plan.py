"""Draws the random changes to each image of an epoch, with numpy, from the epoch's seed alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

REFERENCE_PX = 224
"""Side of the image that lengths in pixels are stated for. [paper: 224]"""

NEUTRAL: Mapping[str, float] = MappingProxyType(
    {
        "kept": 1.0,  # side of the crop around the centre that stays in view, share of the image's side
        "blur_sigma_px": 0.0,  # pixels of a 224 px image
        "detail_px": REFERENCE_PX,  # side that the image is scaled down to and up again; never above its own
        "hue_deg": 0.0,  # turn of the hue
        "contrast": 1.0,  # factor about mid-grey
        "brightness": 1.0,  # factor
        "cutout_side": 0.0,  # side of the blanked square, share of the image's side
        "cutout_x": 0.5,  # where in the room that the square leaves: 0 left, 1 right
        "cutout_y": 0.5,  # 0 top, 1 bottom
        "noise_sigma": 0.0,  # share of white
        "noise_x": 0.5,  # where the image's noise is cut from a larger field: 0 left, 1 right
        "noise_y": 0.5,  # 0 top, 1 bottom
        "mirrored": 0.0,  # 1: left and right change places
        "turn_deg": 0.0,  # clockwise turn in the image plane
        "channel_contrast": 1.0,  # factor about the mean of each of the image's colour channels
        "brightness_shift": 0.0,  # added, share of white
    }
)
"""The parameters of an image, each with the value that changes nothing. A new one is appended: the place of a
parameter chooses its random stream."""

PLACES = ("cutout_x", "cutout_y", "noise_x", "noise_y")
"""The parameters that are always drawn from 0 to 1: a place matters only with a size."""

PARAMETERS = np.dtype([(name, np.float32) for name in NEUTRAL])

Parameters = npt.NDArray[np.void]
"""[N] of `PARAMETERS`: one row per image."""

OPERATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "turn": ("turn_deg",),
        "zoom": ("kept",),
        "blur": ("blur_sigma_px",),
        "downscale": ("detail_px",),
        "hue": ("hue_deg",),
        "channel_contrast": ("channel_contrast",),
        "tone": ("contrast", "brightness", "brightness_shift"),
        "cutout": ("cutout_side",),
        "mirror": ("mirrored",),
        "noise": ("noise_sigma",),
    }
)
"""The changes in the order in which an image goes through them, with the parameters that turn them on."""


class AugmentationPlan:
    """Draws the parameters of every image of an epoch, evenly and independently.

    `ranges` gives the least and the greatest value of a parameter of `NEUTRAL`; `detail_px` the sides that
    the down-scaling chooses from; `mirror` the probability of a mirrored image.
    """

    def __init__(
        self, ranges: Mapping[str, tuple[float, float]], detail_px: tuple[int, ...], mirror: float
    ) -> None:
        self.ranges = {**dict.fromkeys(PLACES, (0.0, 1.0)), **ranges}
        self.detail_px = detail_px
        self.mirror = mirror

    @classmethod
    def zoomed(cls, zoom: float) -> AugmentationPlan:
        """Return the plan that cuts the share `zoom` of the side off around each image's centre, no more."""
        return cls({"kept": (1 - zoom, 1 - zoom)}, detail_px=(REFERENCE_PX,), mirror=0.0)

    @property
    def mean_zoom(self) -> float:
        """Share of the side that is cut off around the centre of an image, the mean over images."""
        low, high = self.ranges.get("kept", (1.0, 1.0))
        return round(1 - (low + high) / 2, 9)  # 0.1, not 0.09999999999999998

    @property
    def operations(self) -> frozenset[str]:
        """The changes that this plan can make at all."""
        return frozenset(name for name, needed in OPERATIONS.items() if any(map(self._varies, needed)))

    def _varies(self, parameter: str) -> bool:
        neutral = NEUTRAL[parameter]
        if parameter == "detail_px":
            return any(side < neutral for side in self.detail_px)
        if parameter == "mirrored":
            return self.mirror > 0
        return any(bound != neutral for bound in self.ranges.get(parameter, ()))

    def draw(self, count: int, seed: int) -> Parameters:
        """Return the parameters of `count` images, [count] of `PARAMETERS`.

        Each parameter has its own stream of random numbers, so another magnitude of one leaves all others as
        they were. `seed` must not be negative.
        """
        rows = np.empty(count, PARAMETERS)
        for stream, (name, neutral) in enumerate(NEUTRAL.items()):
            random = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream,)))
            if name == "detail_px":
                rows[name] = random.choice(self.detail_px, size=count)
            elif name == "mirrored":
                rows[name] = random.random(count) < self.mirror
            else:
                low, high = self.ranges.get(name, (neutral, neutral))
                rows[name] = random.uniform(low, high, size=count)
        return rows
