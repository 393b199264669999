"""`LookTaskConfig`: the settings of tasks that show an image in another look, with the same pose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from trainables.pretext.task_config import TaskConfig

if TYPE_CHECKING:
    from trainables.pretext.appearance import Appearance


class LookTaskConfig(TaskConfig):
    """How far a view's look may be from its image's."""

    colour: float = Field(0.4, ge=0.0, le=1.0)
    """How far a view's colours are from the image's: each channel's gain and shift, at most."""
    blur_px: float = Field(2.0, ge=0.0, le=8.0)
    """Largest sigma of a view's blur, in pixels of a 224 px image."""
    cutout: float = Field(0.3, ge=0.0, le=0.8)
    """Largest side of the square of a view that is blanked, as a share of the image's."""
    zoom: float = Field(0.2, ge=0.0, le=0.5)
    """Largest share of the side that is cut off around the centre of a view."""

    def appearance(self) -> Appearance:
        """Return what makes the views."""
        from trainables.pretext.appearance import Appearance

        return Appearance(self.colour, self.blur_px, self.cutout, self.zoom)
