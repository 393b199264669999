"""Trunks of timm's models [Wightman 2019], of which importing timm alone takes a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from trainables.model.backbones.timm_models import Norm, TimmModel, uncut
from trainables.model.backbones.trunk import Trunk
from trainables.model.backbones.vit_trunk import VitTrunk
from trainables.pretext.attachment import STRIDES

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
CLASSIFIERS = ("head.", "head_dist.", "attn_pool.")
"""Beginnings of names that a vision transformer's weights have beside the trunk."""

OF_VALUES = frozenset(
    {
        *(Tensor.uniform_, Tensor.normal_, Tensor.fill_, Tensor.zero_),
        *(Tensor.erfinv_, Tensor.mul_, Tensor.add_, Tensor.clamp_),
    }
)
"""What draws weights in place."""

NOR = ", and is no plain vision transformer"


def timm_trunk(model: str) -> Trunk | VitTrunk:
    """Make the trunk with random weights, under timm's names.

    A stage ends with the last map of its stride, that of a plain vision transformer with a quarter of its
    blocks. Raises `ValueError` for any other model without maps at strides 4, 8, 16 and 32.
    """
    import timm

    with _shapes_alone():
        whole = timm.create_model(model)
    if _is_plain_vit(whole):
        vit = timm.create_model(model, num_classes=0, dynamic_img_size=True)
        return VitTrunk(vit, beside=CLASSIFIERS)
    maps = timm.create_model(model, features_only=True)
    parts = _parts(maps, whole)
    ends, channels = _ends(maps)
    stages: list[dict[str, nn.Module]] = [{}]
    for name, module in parts.items():
        if len(stages) > len(STRIDES):
            break
        stages[-1][name] = module
        if name == ends[len(stages) - 1]:
            stages.append({})
    trunk = Trunk({}, stages[: len(STRIDES)], channels)
    kept = trunk.state_dict().keys()
    trunk.beside = tuple(name for name in whole.state_dict() if name not in kept)
    return trunk


def _is_plain_vit(model: nn.Module) -> bool:
    """Return whether a model is patches, positions and equal blocks, without convolutions before them."""
    from timm.layers.patch_embed import PatchEmbed
    from timm.models.eva import Eva
    from timm.models.vision_transformer import VisionTransformer

    return isinstance(model, VisionTransformer | Eva) and type(model.patch_embed) is PatchEmbed


def misfit(model: str, image_px: int) -> str | None:
    """Return why a model has no trunk of images of this side, or None."""
    import timm

    if not timm.is_model(model):
        near = timm.list_models(f"*{model}*")[:5]
        others = f"; similar: {', '.join(near)}" if near else ""
        return f"timm {timm.__version__} has no model {model!r}{others}"
    try:
        trunk = _on_meta(model)
        if isinstance(trunk, VitTrunk):
            return None if image_px % trunk.strides[0] == 0 else uncut(model, trunk.strides[0], image_px)
        with torch.device("meta"), torch.no_grad():
            found = trunk(torch.empty(1, 3, image_px, image_px))
        sides = [-(-image_px // stride) for stride in STRIDES]
        shapes = [(channels, side, side) for channels, side in zip(trunk.channels, sides, strict=True)]
        fit = [each.shape[1:] for each in found] == shapes
    except (ValueError, RuntimeError, AssertionError, AttributeError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        return f"{model} gives no maps at strides 4, 8, 16 and 32 of images of {image_px} px ({first}){NOR}"
    return (
        None
        if fit
        else f"{model} gives maps of another form than [B, C, H, W] at strides 4, 8, 16 and 32{NOR}"
    )


@lru_cache(maxsize=64)
def _on_meta(model: str) -> Trunk | VitTrunk:
    """Make the trunk with shapes and no values, to look at; that takes 0.1 s."""
    with _shapes_alone():
        return timm_trunk(model).eval()


@contextmanager
def _shapes_alone() -> Iterator[None]:
    """Build without values, and draw none: drawing nothing takes most of the time of a ConvNeXt or a ViT."""
    with torch.device("meta"), _Undrawn():
        yield


class _Undrawn(TorchFunctionMode):
    """Leaves out what changes values alone."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return args[0] if func in OF_VALUES else func(*args, **(kwargs or {}))


def facts_of(model: str) -> TimmModel:
    """Return what is to be known of a model. Raises `ValueError` as `timm_trunk` does."""
    trunk = _on_meta(model)
    is_vit = isinstance(trunk, VitTrunk)
    batch = any(isinstance(module, BATCH_NORMS) for module in trunk.modules())
    layer = is_vit or any(isinstance(module, nn.LayerNorm) for module in trunk.modules())
    norm: Norm = "both" if batch and layer else "layer" if layer else "batch" if batch else "none"
    values = sum(value.numel() for value in trunk.state_dict().values())
    return TimmModel(values, licence_of(model), norm, trunk.strides[0] if is_vit else None)


def fetch_weights(model: str) -> Path:
    """Return the file of a model's weights from timm's hub, downloaded once.

    Raises `OSError` or `ValueError` where there are none or they cannot be had.
    """
    import timm
    from huggingface_hub import hf_hub_download

    hub = timm.get_pretrained_cfg_value(model, "hf_hub_id")
    if not hub:
        raise ValueError(f"timm has no weights of {model}")
    return Path(hf_hub_download(hub, "model.safetensors"))


def licence_of(model: str) -> str:
    """Return the licence of a model's weights on timm's hub, as timm states it."""
    import timm

    return timm.get_pretrained_cfg_value(model, "license") or "not stated"


def _ends(maps: Any) -> tuple[list[str], list[int]]:
    """Return the last module of each stage by its name, and the channels of its maps."""
    found = {info["reduction"]: info for info in maps.feature_info.get_dicts()}
    if missing := [stride for stride in STRIDES if stride not in found]:
        raise ValueError(f"no map at stride {missing[0]}")
    return [found[s]["module"] for s in STRIDES], [found[s]["num_chs"] for s in STRIDES]


def _parts(maps: nn.Module, whole: nn.Module) -> dict[str, nn.Module]:
    """Return the modules that run one after another, by their names in the whole model.

    timm flattens nested ones for its maps: `stages.0` is `stages_0` there.
    """
    names = {name.replace(".", "_"): name for name, _ in whole.named_modules()}
    parts: dict[str, nn.Module] = {}
    for name, module in maps.named_children():
        if name == "blocks":  # of EfficientNets and MobileNets, which are not flattened
            parts |= {f"{name}.{number}": block for number, block in module.named_children()}
        else:
            parts[names.get(name, name)] = module
    return parts
