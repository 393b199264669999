"""Finds the images that cannot be read, and says what can be done about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainables.base.errors import Fault, why

WAY_OUT = (
    "bring it back, by importing the dataset again or from a copy, or drop it: `hpsearch data check NAME "
    "--repair`, after which the dataset is another one, and a study that has trained on it needs a new name"
)
"""What a user can do about an image that cannot be read."""


def unreadable(files: Sequence[Path]) -> list[Fault]:
    """Return a fault for each file that is missing or cannot be decoded to its end."""
    from PIL import UnidentifiedImageError

    from trainables.data.image_file import open_image

    faults = []
    for file in files:
        try:
            with open_image(file) as image:
                image.load()
        except FileNotFoundError:
            faults.append(Fault(f"this image is missing: {WAY_OUT}", file=str(file)))
        except UnidentifiedImageError:
            faults.append(Fault(f"this file is not an image: {WAY_OUT}", file=str(file)))
        except (OSError, SyntaxError, ValueError) as error:
            reason = f"this image cannot be decoded ({why(error)}): {WAY_OUT}"
            faults.append(Fault(reason, file=str(file)))
    return faults
