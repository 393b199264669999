"""Initial weights from supervised training on ImageNet, as torchvision publishes them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from urllib.request import urlopen

from pydantic import Field

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config
from trainables.model.backbones import Backbone, HubBackbone, title
from trainables.model.inits.request import InitRequest

TIMEOUT_S = 30.0
"""How long a server may be silent."""


class ImageNetConfig(Config):
    """Weights trained with labels on ImageNet, downloaded once: torchvision's `IMAGENET1K_V1`, or timm's.

    Of a `timm` backbone they come from its hub, and may be under a licence of their own. They are those that
    timm names first: of DINOv2 and DINOv3 trained on other images, without labels. [paper 4.2]
    """

    file: str | None = Field(None, min_length=1)
    """A local file to use instead, for machines without internet; null: torch's cache, else a download."""

    @property
    def is_random(self) -> bool:
        """Return False."""
        return False

    @property
    def pretraining(self) -> None:
        """Return None: nothing is trained first."""

    @property
    def files(self) -> tuple[str, ...]:
        """The file where one is named."""
        return () if self.file is None else (self.file,)

    def incompatibility(self, backbone: Backbone, image_px: int) -> str | None:
        """Return that there are no weights of this backbone, or None."""
        if self.file is not None or backbone.imagenet_url is not None or isinstance(backbone, HubBackbone):
            return None
        return (
            f"there are no ImageNet weights of {title(backbone)!r}: take resnet18, resnet34 or "
            "resnet50, or name a file of your own (init.imagenet.file)"
        )

    def check(self, request: InitRequest, *, datasets: Path) -> None:
        """Read the file where one is named. Raises `InputError` as `FileConfig.check` does."""
        if self.file is not None:
            from trainables.model.inits.weights import read_trunk

            read_trunk(Path(self.file).expanduser(), request.backbone)

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> Path:
        """Return the trunk. Raises `InputError` naming the file to bring where it cannot be fetched."""
        from trainables.model.inits.weights import keep_trunk

        url = request.backbone.imagenet_url
        if self.file is not None:
            file = Path(self.file).expanduser()
        elif url is not None:
            file = _cached(url)
        elif isinstance(request.backbone, HubBackbone):
            file = request.backbone.hub_weights()
        else:
            raise InputError(Fault(str(self.incompatibility(request.backbone, request.image_px)), "init"))
        return keep_trunk(
            file, request.backbone, f"imagenet-{title(request.backbone).replace(' ', '-')}", store
        )


def _cached(url: str) -> Path:
    """Return the file in torch's cache, fetched first where it is not there."""
    import torch

    name = url.rpartition("/")[2]
    file = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not file.is_file():
        try:
            _fetch(url, file)
        except OSError as error:
            raise InputError(
                f"init.imagenet: {name} cannot be fetched ({error}). Bring it from {url} and put it at "
                f"{file}, or name it in init.imagenet.file"
            ) from None
    return file


def _fetch(url: str, file: Path) -> None:
    """Fetch a file that bears the first digits of its SHA-256 in its name; it is whole or not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}.unfinished")
    try:
        with urlopen(url, timeout=TIMEOUT_S) as answer, unfinished.open("wb") as out:  # noqa: S310  ours: https
            shutil.copyfileobj(answer, out)
        with unfinished.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if not digest.startswith(file.stem.rpartition("-")[2]):
            raise OSError(f"the server sent another file: its SHA-256 is {digest[:12]}...")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
