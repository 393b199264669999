"""Weights of vision transformers as they are published, by the names that timm's models have."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

WITHIN = ("model", "state_dict")
"""Where the weights lie in a file that holds more, such as FaRL's."""

DECODERS = ("lm_transformer.", "ln_lm.", "lm_head.", "mask_token")
"""What FaRL's image tower was trained with beside itself: it painted masked patches [Zheng et al. 2022]."""

PATCHES = ("patch_embed.proj.weight", "visual.conv1.weight")
"""Ends of the names that the kernels of patches have."""

FILTERS: Mapping[str, Mapping[str, Any]] = {
    "timm.models.vision_transformer": {"adapt_layer_scale": True},  # as DeiT III names it
    "timm.models.eva": {},
}
"""The modules of timm with a filter of such files, and what it is told."""


def translated(model: str, weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights of a file by timm's names; positions of another grid are resampled.

    It knows what timm does: timm's own files, those of DINOv2 and DINOv3 as published, CLIP's with an image
    tower under `visual.`, of which FaRL is one. Raises `ValueError` for weights of other patches or with
    biases that the model has not, and where timm cannot take them.
    """
    import timm

    with torch.device("meta"):
        target: Any = timm.create_model(model, num_classes=0)
    for key in WITHIN:
        weights = weights[key] if isinstance(weights.get(key), Mapping) else weights
    own = {name: value for name, value in weights.items() if not _is_decoder(name)}
    patch_px = target.patch_embed.patch_size[0]
    for name, value in own.items():
        if name.endswith(PATCHES) and isinstance(value, Tensor) and value.shape[-1] != patch_px:
            raise ValueError(
                f"trained with patches of {value.shape[-1]} px, and those of {model} have {patch_px}"
            )
    try:
        return _filtered(target, _without_biases(model, target, own) if "storage_tokens" in own else own)
    except Exception as error:  # noqa: BLE001  a stranger's file may hold anything by these names
        lines = str(error).splitlines() or [type(error).__name__]
        raise ValueError(f"timm cannot take these as weights of {model}: {lines[0]}") from None


def _is_decoder(name: str) -> bool:
    _, tower, part = name.rpartition("visual.")
    return bool(tower) and part.startswith(DECODERS)


def _without_biases(model: str, target: Any, weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return DINOv3's weights without the biases of attention, where the model has none and they are 0.

    timm has two models of each size, of which one has them (`_qkvb`); it would leave them out unseen.
    """
    if getattr(target.blocks[0].attn, "q_bias", None) is not None:
        return dict(weights)
    biases = {name: value for name, value in weights.items() if name.endswith("qkv.bias")}
    for value in biases.values():
        queries, _, values = value.chunk(3)  # those of the keys are masked there
        if queries.any() or values.any():
            raise ValueError(f"its attention has biases, and {model} has none: take {model}_qkvb")
    return {name: value for name, value in weights.items() if name not in biases}


def _filtered(target: Any, weights: dict[str, Any]) -> dict[str, Any]:
    module = importlib.import_module(
        next(each.__module__ for each in type(target).__mro__ if each.__module__ in FILTERS)
    )
    return dict(module.checkpoint_filter_fn(weights, target, **FILTERS[module.__name__]))
