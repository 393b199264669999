"""Any of timm's models with feature maps at strides 4, 8, 16 and 32."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from trainables.base.errors import Fault, InputError
from trainables.base.schema import Config
from trainables.model.backbones.timm_models import TIMM_MODELS

if TYPE_CHECKING:
    from trainables.model.backbones.trunk import Trunk

MISSING = "this backbone needs the package timm: pip install 'hpsearch[timm]'"


class TimmConfig(Config):
    """A model of the package timm; flag f is behind its last map at stride 4, 8, 16 or 32."""

    model: str = Field("mobilenetv4_conv_small", pattern=r"^[a-z0-9_]+$")
    """Its name in timm, without the part behind the dot that names weights: any model with four such maps, as
    MobileNets, EfficientNets, ConvNeXts, RepViTs, RepVGGs, FastViTs and StarNets have."""

    @property
    def trunk_values(self) -> int:
        """Numbers in the trunk's state; of a model that timm alone knows it is asked."""
        if known := TIMM_MODELS.get(self.model):
            return known.values
        from trainables.model.backbones.timm_trunk import facts_of

        return facts_of(self.model)[0]

    @property
    def imagenet_url(self) -> None:
        """Return None: timm's weights lie on its hub, see `hub_weights`."""

    @property
    def layer_norm(self) -> bool:
        """Whether it normalises by LayerNorm, and needs an optimizer that scales each weight's step."""
        if known := TIMM_MODELS.get(self.model):
            return known.layer_norm
        from trainables.model.backbones.timm_trunk import facts_of

        return facts_of(self.model)[1]

    @property
    def licence(self) -> str:
        """The licence of timm's weights, which may be narrower than that of its code."""
        if known := TIMM_MODELS.get(self.model):
            return known.licence
        from trainables.model.backbones.timm_trunk import licence_of

        return licence_of(self.model)

    def incompatibility(self, image_px: int) -> str | None:
        """Return that timm is not installed or why the model does not fit, or None."""
        if find_spec("timm") is None:
            return MISSING
        if self.model in TIMM_MODELS:
            return None
        from trainables.model.backbones.timm_trunk import misfit

        return misfit(self.model, image_px)

    def hub_weights(self) -> Path:
        """Return the file of weights trained on ImageNet, downloaded once. Raises `InputError`."""
        from trainables.model.backbones.timm_trunk import fetch_weights

        try:
            return fetch_weights(self.model)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            rule = f"the weights of {self.model} cannot be had ({reason}): name a file in init.imagenet.file"
            raise InputError(Fault(rule, "init.imagenet")) from None

    def build(self) -> Trunk:
        """Make the trunk. Raises `InputError` where timm is not installed."""
        if find_spec("timm") is None:
            raise InputError(Fault(MISSING, "network.backbone"))
        from trainables.model.backbones.timm_trunk import timm_trunk

        return timm_trunk(self.model)
