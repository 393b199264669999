"""The augmentation levels: their settings, the magnitude of each change.

The paper names the changes of each level and gives no magnitude: the defaults are our reading, but for the
factors of the down-scaling, which are those of HopeNet's robust variant. Lengths in pixels are stated for an
image of 224 px and scale with the image. Mirroring and turning change the pose, and the label with it; they
are off in every level.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Strict

from trainables.base.schema import Config

if TYPE_CHECKING:
    from trainables.data.augmentation.plan import AugmentationPlan

Share = Annotated[float, Field(ge=0, le=1)]

Zoom = Annotated[
    float,
    Field(ge=0, le=0.9, description="Largest share of the side that is cut off around the centre; 0 is off."),
]
Contrast = Annotated[
    Share, Field(description="Contrast about mid-grey is multiplied by 1 - this to 1 + this; 0 is off.")
]
Brightness = Annotated[Share, Field(description="Brightness is multiplied by 1 - this to 1 + this; 0: off.")]
BrightnessShift = Annotated[
    Share, Field(description="Brightness is raised by -this to this, share of white; 0 is off.")
]
ChannelContrast = Annotated[
    Share,
    Field(
        description="Contrast about the mean of each colour channel of the image is multiplied by 1 - this "
        "to 1 + this; 0 is off."
    ),
]
Hue = Annotated[
    float, Field(ge=0, le=180, description="Largest turn of the hue either way, degrees; 0 is off.")
]
Blur = Annotated[
    float,
    Field(ge=0, le=30, description="Largest sigma of the blur, pixels of a 224 px image; 0 is off."),
]
Downscale = Annotated[
    tuple[Annotated[int, Field(ge=1, le=56)], ...],
    Strict(False),
    Field(
        min_length=1,
        description="Factors by which a 224 px image is made smaller and enlarged again, nearest neighbour, "
        "one drawn per image; smaller images keep as many pixels of detail; [1] is off.",
    ),
]
Cutout = Annotated[Share, Field(description="Largest side of a blanked square, share of the side; 0 is off.")]
CutoutLeast = Annotated[
    Share,
    Field(
        description="Least side of that square, share of the side; as large as `cutout` or larger: every "
        "image has a square of this side; 0 is off."
    ),
]
Noise = Annotated[Share, Field(description="Largest sigma of Gaussian noise, share of white; 0 is off.")]
Mirror = Annotated[
    Share,
    Field(
        description="Probability that an image is mirrored left to right, which changes the sign of its yaw "
        "and roll labels; 0 is off."
    ),
]
Turn = Annotated[
    float,
    Field(
        ge=0,
        le=45,
        description="Largest turn in the image plane either way, degrees, with black corners; it changes the "
        "yaw, pitch and roll labels together, so the dataset must have a roll; 0 is off.",
    ),
]


class NoAugmentation(Config):
    """Training images as they are."""

    @property
    def changes(self) -> frozenset[str]:
        """Return nothing."""
        return frozenset()

    @property
    def turn_deg(self) -> float:
        """Return 0: nothing is turned."""
        return 0.0

    def build(self) -> None:
        """Return no plan."""
        return


class Magnitudes(Config):
    """The largest strength of each change; that of an image is drawn uniformly up to it.

    `mirror` alone is a probability.
    """

    zoom: Zoom = 0.0
    contrast: Contrast = 0.0
    brightness: Brightness = 0.0
    hue_deg: Hue = 0.0
    blur_sigma_px: Blur = 0.0
    downscale_factors: Downscale = (1,)
    cutout: Cutout = 0.0
    noise: Noise = 0.0
    mirror: Mirror = 0.0
    turn_deg: Turn = 0.0
    channel_contrast: ChannelContrast = 0.0
    brightness_shift: BrightnessShift = 0.0
    cutout_least: CutoutLeast = 0.0

    @property
    def changes(self) -> frozenset[str]:
        """The settings that are not off."""
        fields = Magnitudes.model_fields.items()
        return frozenset(name for name, field in fields if getattr(self, name) != field.default)

    def build(self) -> AugmentationPlan:
        """Return the plan that draws each image's changes."""
        from trainables.data.augmentation.plan import REFERENCE_PX, AugmentationPlan

        return AugmentationPlan(
            ranges={
                "kept": (1 - self.zoom, 1),
                "contrast": (1 - self.contrast, 1 + self.contrast),
                "brightness": (1 - self.brightness, 1 + self.brightness),
                "hue_deg": (-self.hue_deg, self.hue_deg),
                "blur_sigma_px": (0, self.blur_sigma_px),
                "cutout_side": (self.cutout_least, max(self.cutout, self.cutout_least)),
                "noise_sigma": (0, self.noise),
                "turn_deg": (-self.turn_deg, self.turn_deg),
                "channel_contrast": (1 - self.channel_contrast, 1 + self.channel_contrast),
                "brightness_shift": (-self.brightness_shift, self.brightness_shift),
            },
            mirror=self.mirror,
            detail_px=tuple(REFERENCE_PX // factor for factor in self.downscale_factors),
        )


class Level1(Magnitudes):
    """Central zoom and contrast. [paper 4.2; 4.1 takes zoom and hue]"""

    zoom: Zoom = 0.2
    contrast: Contrast = 0.2


class Level2(Magnitudes):
    """Level 1, and blur, down-scaling and cutout. [paper 4.2]"""

    zoom: Zoom = 0.2
    contrast: Contrast = 0.2
    blur_sigma_px: Blur = 2.0
    downscale_factors: Downscale = (1, 6, 11, 16)
    cutout: Cutout = 0.4


class Heavy(Magnitudes):
    """Central zoom, noise, cutout, hue, brightness and contrast. [paper 5.2]"""

    zoom: Zoom = 0.3
    noise: Noise = 0.1
    cutout: Cutout = 0.4
    hue_deg: Hue = 18.0
    brightness: Brightness = 0.3
    contrast: Contrast = 0.3
