"""Initial weights from a file: a trunk, or a whole supervised network whose trunk is taken."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from trainables.inits.init import Wanted
from trainables.inits.weights import keep_trunk
from trainables.network import Backbone
from trainables.schema import Config


class FileConfig(Config):
    """A trunk by path, or a supervised network (`best.pt`, `model.safetensors`) whose trunk is taken."""

    path: str = Field(min_length=1)
    """The file: torch's `.pt` or `.pth` with tensors alone, or `.safetensors`."""

    def misfit(self, backbone: Backbone, image_px: int) -> None:
        """Return None: only the file itself can tell."""

    def trunk(self, wanted: Wanted, *, datasets: Path, store: Path) -> Path:
        """Return the trunk of the file. Raises `BadInput` listing what of it is not of this backbone."""
        return keep_trunk(Path(self.path).expanduser(), wanted.backbone, "file", store)
