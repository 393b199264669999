"""What is known of timm's models without importing timm: a trunk's size, its norm, its weights' licence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Norm = Literal["batch", "layer", "both", "none"]
"""Whether a trunk normalises by BatchNorm, by LayerNorm or another norm of each image, or by both."""

LEAST_PX = 32
"""Least side of images that a network takes."""


@dataclass(frozen=True)
class TimmModel:
    """A model that fits: the numbers in its trunk's state, the licence of timm's weights, its norm.

    `patch_px` is the side of a vision transformer's patches; None for all others.
    """

    values: int
    licence: str = "apache-2.0"
    norm: Norm = "batch"
    patch_px: int | None = None


def uncut(model: str, patch_px: int, image_px: int) -> str:
    """Return that images of this side cannot be cut into a model's patches, and the sides that can."""
    below = image_px // patch_px * patch_px
    sides = " or ".join(str(px) for px in (below, below + patch_px) if px >= LEAST_PX)
    return (
        f"{model} cuts images into patches of {patch_px} px, and {image_px} px are no multiple of that: take "
        f"data.image_px: {sides}, or a model with other patches"
    )


TIMM_MODELS: Mapping[str, TimmModel] = MappingProxyType(
    {
        "convnext_atto": TimmModel(3_373_880, norm="layer"),
        "convnext_femto": TimmModel(4_832_016, norm="layer"),
        "convnext_nano": TimmModel(14_951_280, norm="layer"),
        "convnext_pico": TimmModel(8_531_648, norm="layer"),
        "convnext_tiny": TimmModel(27_818_592, norm="layer"),
        "convnextv2_atto": TimmModel(3_386_760, "cc-by-nc-4.0", norm="layer"),
        "convnextv2_femto": TimmModel(4_847_472, "cc-by-nc-4.0", norm="layer"),
        "convnextv2_nano": TimmModel(14_981_520, "cc-by-nc-4.0", norm="layer"),
        "deit3_small_patch16_224": TimmModel(21_674_496, norm="layer", patch_px=16),
        "deit_small_patch16_224": TimmModel(21_665_664, norm="layer", patch_px=16),
        "deit_tiny_patch16_224": TimmModel(5_524_416, norm="layer", patch_px=16),
        "edgenext_small": TimmModel(5_281_224, "mit", norm="layer"),
        "edgenext_x_small": TimmModel(2_143_420, "mit", norm="layer"),
        "edgenext_xx_small": TimmModel(1_157_880, "mit", norm="layer"),
        "efficientnet_b0": TimmModel(3_634_892),
        "efficientnet_lite0": TimmModel(2_998_352),
        "efficientvit_b0": TimmModel(685_945),
        "efficientvit_b1": TimmModel(4_654_306),
        "fastvit_sa12": TimmModel(10_440_776, "fastvit-license"),
        "fastvit_t8": TimmModel(3_196_196, "fastvit-license"),
        "ghostnet_100": TimmModel(959_539),
        "hgnetv2_b0": TimmModel(1_862_710),
        "mobilenetv3_large_100": TimmModel(2_996_398),
        "mobilenetv3_small_100": TimmModel(939_154),
        "mobilenetv4_conv_medium": TimmModel(7_268_572),
        "mobilenetv4_conv_small": TimmModel(1_284_237),
        "mobileone_s0": TimmModel(4_356_690, "mobileone-license"),
        "mobileone_s1": TimmModel(3_612_643, "mobileone-license"),
        "regnetx_004": TimmModel(4_809_255, "mit"),
        "regnety_004": TimmModel(3_930_349, "bsd-3-clause"),
        "repvgg_a0": TimmModel(7_851_677, "mit"),
        "repvgg_a1": TimmModel(12_841_149, "mit"),
        "repvgg_b0": TimmModel(14_572_239, "mit"),
        "repvit_m0_9": TimmModel(4_764_890),
        "repvit_m1_0": TimmModel(6_457_934),
        "resnet18": TimmModel(11_186_132),
        "resnet34": TimmModel(21_301_732),
        "resnet50": TimmModel(23_561_205),
        "resnext50_32x4d": TimmModel(23_048_181),
        "starnet_s1": TimmModel(2_682_555),
        "starnet_s4": TimmModel(7_238_707),
        "vit_base_patch14_dinov2": TimmModel(86_579_712, norm="layer", patch_px=14),
        "vit_base_patch14_reg4_dinov2": TimmModel(86_582_016, norm="layer", patch_px=14),
        "vit_base_patch16_224": TimmModel(85_798_656, norm="layer", patch_px=16),
        "vit_base_patch16_clip_quickgelu_224": TimmModel(85_799_424, "cc-by-nc-4.0", "layer", 16),
        "vit_base_patch16_dinov3": TimmModel(85_641_216, "dinov3-license", "layer", 16),
        "vit_small_patch14_dinov2": TimmModel(22_056_192, norm="layer", patch_px=14),
        "vit_small_patch14_reg4_dinov2": TimmModel(22_057_344, norm="layer", patch_px=14),
        "vit_small_patch16_224": TimmModel(21_665_664, norm="layer", patch_px=16),
        "vit_small_patch16_dinov3": TimmModel(21_586_944, "dinov3-license", "layer", 16),
        "vit_tiny_patch16_224": TimmModel(5_524_416, norm="layer", patch_px=16),
    }
)
"""Any other model of timm works too; of it timm is asked, which takes seconds."""
