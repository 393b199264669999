"""What is known of timm's models without importing timm: a trunk's size and the licence of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class TimmModel:
    """A model that fits: the numbers in its trunk's state, the licence of timm's weights, its norm."""

    values: int
    licence: str = "apache-2.0"
    layer_norm: bool = False


TIMM_MODELS: Mapping[str, TimmModel] = MappingProxyType(
    {
        "convnext_atto": TimmModel(3_373_880, layer_norm=True),
        "convnext_femto": TimmModel(4_832_016, layer_norm=True),
        "convnext_nano": TimmModel(14_951_280, layer_norm=True),
        "convnext_pico": TimmModel(8_531_648, layer_norm=True),
        "convnext_tiny": TimmModel(27_818_592, layer_norm=True),
        "convnextv2_atto": TimmModel(3_386_760, "cc-by-nc-4.0", layer_norm=True),
        "convnextv2_femto": TimmModel(4_847_472, "cc-by-nc-4.0", layer_norm=True),
        "convnextv2_nano": TimmModel(14_981_520, "cc-by-nc-4.0", layer_norm=True),
        "edgenext_small": TimmModel(5_281_224, "mit", layer_norm=True),
        "edgenext_x_small": TimmModel(2_143_420, "mit", layer_norm=True),
        "edgenext_xx_small": TimmModel(1_157_880, "mit", layer_norm=True),
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
    }
)
"""Any other model of timm works too; of it timm is asked, which takes seconds."""
