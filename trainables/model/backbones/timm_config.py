"""Any of timm's models with feature maps at strides 4, 8, 16 and 32, and its plain vision transformers."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config
from trainables.model.backbones.timm_models import TIMM_MODELS, TimmModel, uncut

if TYPE_CHECKING:
    from trainables.model.backbones.trunk import Trunk
    from trainables.model.backbones.vit_trunk import VitTrunk

MISSING = "this backbone needs the package timm: pip install 'hpsearch[timm]'"


class TimmConfig(Config):
    """A model of the package timm; flag f is behind its last map at stride 4, 8, 16 or 32.

    Of a vision transformer it is behind a quarter, half, three quarters or the last of its blocks.
    """

    model: str = Field("mobilenetv4_conv_small", pattern=r"^[a-z0-9_]+$")
    """Its name in timm, without the part behind the dot that names weights: any model with four such maps, as
    MobileNets, EfficientNets, ConvNeXts, RepViTs, RepVGGs, FastViTs and StarNets have, or a plain vision
    transformer (`vit_*`, `deit*`, DINOv2's and DINOv3's)."""

    @property
    def _facts(self) -> TimmModel:
        """What is known of the model; of one that timm alone knows it is asked."""
        if known := TIMM_MODELS.get(self.model):
            return known
        from trainables.model.backbones.timm_trunk import facts_of

        return facts_of(self.model)

    @property
    def trunk_values(self) -> int:
        """Numbers in the trunk's state."""
        return self._facts.values

    @property
    def imagenet_url(self) -> None:
        """Return None: timm's weights lie on its hub, see `hub_weights`."""

    @property
    def layer_norm(self) -> bool:
        """Whether it normalises by LayerNorm, and needs an optimizer that scales each weight's step."""
        return self._facts.norm in ("layer", "both")

    @property
    def batch_norm(self) -> bool:
        """Whether it normalises by BatchNorm."""
        return self._facts.norm in ("batch", "both")

    @property
    def patch_px(self) -> int | None:
        """The side of a vision transformer's patches, pixels; None for all others."""
        return self._facts.patch_px

    @property
    def licence(self) -> str:
        """The licence of timm's weights, which may be narrower than that of its code."""
        return self._facts.licence

    def incompatibility(self, image_px: int) -> str | None:
        """Return that timm is not installed or why the model does not fit, or None."""
        if find_spec("timm") is None:
            return MISSING
        if known := TIMM_MODELS.get(self.model):
            fits = known.patch_px is None or image_px % known.patch_px == 0
            return None if fits else uncut(self.model, known.patch_px or 1, image_px)
        from trainables.model.backbones.timm_trunk import misfit

        return misfit(self.model, image_px)

    def translated(self, weights: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the weights of a file by timm's names, of which those of vision transformers have several.

        Raises `ValueError` for weights of another network.
        """
        if self.patch_px is None:
            return weights
        from trainables.model.backbones.vit_weights import translated

        return translated(self.model, weights)

    def hub_weights(self) -> Path:
        """Return the file of weights trained on ImageNet, downloaded once. Raises `InputError`."""
        from trainables.model.backbones.timm_trunk import fetch_weights

        try:
            return fetch_weights(self.model)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            rule = f"the weights of {self.model} cannot be had ({reason}): name a file in init.imagenet.file"
            raise InputError(Fault(rule, "init.imagenet")) from None

    def build(self) -> Trunk | VitTrunk:
        """Make the trunk. Raises `InputError` where timm is not installed."""
        if find_spec("timm") is None:
            raise InputError(Fault(MISSING, "network.backbone"))
        from trainables.model.backbones.timm_trunk import timm_trunk

        return timm_trunk(self.model)
