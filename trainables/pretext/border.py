"""What becomes of an image whose side is no multiple of a grid of tiles."""

from __future__ import annotations

from typing import Literal

Border = Literal["fill", "keep", "resample"]
"""The rim is filled, or kept; or there is none, since the image is resampled."""
