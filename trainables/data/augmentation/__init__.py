"""Augmentation levels: the random changes to training images, and how strong they are.

Every level has every magnitude; only the defaults differ. A search space can take a level as it is, or turn
single changes on (`{"1": {hue_deg: 18}}`) and off (`{"1": {contrast: 0}}`). Mirroring and turning in the
image plane change the pose, and the loader changes the label with the image; no level has them on.
"""

from trainables.base.table import Table
from trainables.data.augmentation.augmentation import AugmentationConfig
from trainables.data.augmentation.levels import Heavy, Level1, Level2, Magnitudes, NoAugmentation

AUGMENTATIONS = Table[AugmentationConfig](
    "augmentations",
    {
        "none": NoAugmentation,
        "1": Level1,
        "2": Level2,
        "heavy": Heavy,
    },
)

__all__ = [
    "AUGMENTATIONS",
    "AugmentationConfig",
    "Heavy",
    "Level1",
    "Level2",
    "Magnitudes",
    "NoAugmentation",
]
