"""Initial weights from a file that holds a trunk or a supervised network."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from trainables.base.schema import Config
from trainables.model.backbones import Backbone
from trainables.model.inits.request import InitRequest


class FileConfig(Config):
    """The trunk in a file, or that of a supervised network in it (`best.pt`, `model.safetensors`)."""

    path: str = Field(min_length=1)
    """The file: torch's `.pt` or `.pth` with tensors alone, or `.safetensors`. Of vision
    transformers also the published files of DINOv2, DINOv3, CLIP and FaRL."""

    @property
    def is_random(self) -> bool:
        """Return False."""
        return False

    @property
    def pretraining(self) -> None:
        """Return None: nothing is trained first."""

    @property
    def files(self) -> tuple[str, ...]:
        """The file, whose content belongs to what a trial means."""
        return (self.path,)

    def incompatibility(self, backbone: Backbone, image_px: int) -> None:
        """Return None: only reading the file shows what it holds."""

    def check(self, request: InitRequest, *, datasets: Path) -> None:
        """Read the file. Raises `InputError` listing what of it is not of this backbone."""
        from trainables.model.inits.weights import read_trunk

        read_trunk(Path(self.path).expanduser(), request.backbone)

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> Path:
        """Return the trunk of the file. Raises `InputError` as `check` does."""
        from trainables.model.inits.weights import keep_trunk

        return keep_trunk(Path(self.path).expanduser(), request.backbone, "file", store)
