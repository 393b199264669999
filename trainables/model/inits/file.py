"""Initial weights from a file: a trunk, or a whole supervised network whose trunk is taken."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from trainables.base.schema import Config
from trainables.model.backbones import Backbone
from trainables.model.inits.request import InitRequest


class FileConfig(Config):
    """A trunk by path, or a supervised network (`best.pt`, `model.safetensors`) whose trunk is taken."""

    path: str = Field(min_length=1)
    """The file: torch's `.pt` or `.pth` with tensors alone, or `.safetensors`."""

    def incompatibility(self, backbone: Backbone, image_px: int) -> None:
        """Return None: only the file itself can tell."""

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> Path:
        """Return the trunk of the file. Raises `InputError` listing what of it is not of this backbone."""
        from trainables.model.inits.weights import keep_trunk

        return keep_trunk(Path(self.path).expanduser(), request.backbone, "file", store)
