"""Vision transformers as trunks: timm's maps and tokens, published weights, refusals with the way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from support.toy import toy_config, toy_session
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from hpsearch.testing import BackboneContract
from trainables.base.atomic import load_state, save_state
from trainables.base.errors import InputError
from trainables.exported import NetworkCard, compare, write_network
from trainables.model.backbones import TimmConfig
from trainables.model.heads import RegressionConfig
from trainables.model.inits.weights import read_trunk
from trainables.model.network import _draw_trunk, build_network
from trainables.training.config import TrainConfig, parse_config

Weights = dict[str, Tensor]

WIDTH, DEPTH = 16, 5
SMALL = {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": 2}
FLAGS = (
    1,
    2,
    3,
    4,
)  # blocks, counted from 0, that the flags are behind: 5/4, 5/2 and 15/4, rounded up, and 5
ANGLES = ("yaw", "pitch", "roll")


class TestVit(BackboneContract):
    @pytest.fixture
    def config(self) -> TimmConfig:
        return TimmConfig(model="test_vit")

    def test_settings_are_read_and_judged_without_torch(self, config: TimmConfig) -> None:
        known = TimmConfig(model="vit_small_patch16_dinov3")  # of others timm is asked, and it needs torch
        super().test_settings_are_read_and_judged_without_torch(known)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Make timm's vision transformers narrow and few-layered; return what makes them."""
    whole = timm.create_model

    def create(model: str, **settings: Any) -> Any:
        return whole(model, **{**SMALL, **settings})

    monkeypatch.setattr(timm, "create_model", create)
    _draw_trunk.cache_clear()
    yield create
    _draw_trunk.cache_clear()


def drawn(shapes: Weights) -> Weights:
    """Return other weights of these shapes, none of which is 0 or 1 by chance of how they start."""
    generator = torch.Generator().manual_seed(1)
    return {name: torch.randn(value.shape, generator=generator) * 0.3 for name, value in shapes.items()}


def renamed(name: str, swaps: dict[str, str]) -> str:
    for mine, theirs in swaps.items():
        name = name.replace(mine, theirs)
    return name


def as_dinov2(weights: Weights) -> dict[str, Any]:
    """Return weights of a model with registers by the names and in the form of facebookresearch/dinov2."""
    theirs = {renamed(name, {"reg_token": "register_tokens"}): value for name, value in weights.items()}
    places = torch.cat(
        [torch.full((1, 1, WIDTH), 0.5), weights["pos_embed"]], dim=1
    )  # with the class token's
    return {**theirs, "pos_embed": places, "mask_token": torch.zeros(1, WIDTH)}


def as_dinov3(weights: Weights, bias: float = 0.0) -> dict[str, Any]:
    """Return weights by the names of facebookresearch/dinov3, whose attention has biases that are all 0."""
    swaps = {"reg_token": "storage_tokens", "gamma_1": "ls1.gamma", "gamma_2": "ls2.gamma"}
    theirs = {renamed(name, swaps): value for name, value in weights.items()}
    for block in range(DEPTH):
        theirs[f"blocks.{block}.attn.qkv.bias"] = torch.full((3 * WIDTH,), bias)
        theirs[f"blocks.{block}.attn.qkv.bias_mask"] = torch.ones(3 * WIDTH)
    return {**theirs, "mask_token": torch.zeros(1, WIDTH), "rope_embed.periods": torch.ones(2)}


def as_farl(weights: Weights) -> dict[str, Any]:
    """Return weights by CLIP's names, beside the tower of texts and the decoder that FaRL's file has."""
    swaps = {
        "patch_embed.proj": "conv1",
        "blocks.": "transformer.resblocks.",
        "norm_pre": "ln_pre",
        "norm1": "ln_1",
        "norm2": "ln_2",
        "norm.": "ln_post.",
        "attn.qkv.": "attn.in_proj_",
        "attn.proj": "attn.out_proj",
        "mlp.fc1": "mlp.c_fc",
        "mlp.fc2": "mlp.c_proj",
    }
    theirs = {f"visual.{renamed(name, swaps)}": value for name, value in weights.items()}
    theirs["visual.class_embedding"] = theirs.pop("visual.cls_token")[0, 0]
    theirs["visual.positional_embedding"] = theirs.pop("visual.pos_embed")[0]
    theirs["visual.proj"] = torch.ones(WIDTH, 8)
    decoder = ("mask_token", "ln_lm.weight", "lm_head.bias", "lm_transformer.resblocks.0.ln_1.weight")
    beside = {f"visual.{name}": torch.ones(WIDTH) for name in decoder}
    texts = {"logit_scale": torch.tensor(1.0), "transformer.resblocks.0.ln_1.weight": torch.ones(8)}
    return {"state_dict": {**theirs, **beside, **texts}, "epoch": 64}


PUBLISHED: dict[str, Callable[[Weights], dict[str, Any]]] = {
    "vit_small_patch14_reg4_dinov2": as_dinov2,
    "vit_small_patch16_dinov3": as_dinov3,
    "vit_base_patch16_clip_quickgelu_224": as_farl,
    "deit_tiny_patch16_224": dict,  # timm's own names
}


@pytest.mark.parametrize("model", PUBLISHED)
def test_published_weights_give_the_maps_that_timm_gives_with_the_same_file(
    model: str, small: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "published.pth"
    own = drawn(small(model, num_classes=0).state_dict())
    torch.save(PUBLISHED[model](own), file)
    where = {"file": str(file), "num_classes": -1}  # which makes timm leave the classifier out
    how = {"pretrained": True, "num_classes": 0, "dynamic_img_size": True}
    theirs = small(model, pretrained_cfg_overlay=where, **how).eval()
    backbone = TimmConfig(model=model)
    trunk = backbone.build().eval()
    trunk.load_state_dict(read_trunk(file, backbone))
    px = trunk.strides[0]
    images = torch.randn(2, 3, 3 * px, 2 * px)
    with torch.no_grad():
        last, maps = theirs.forward_intermediates(images, indices=list(FLAGS))
        tokens = last[:, theirs.num_prefix_tokens :]
        found = trunk(images)
    for mine, other in zip(found[:3], maps[:3], strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-5)
    torch.testing.assert_close(found[3], tokens.transpose(1, 2).unflatten(2, (3, 2)), rtol=0, atol=1e-5)
    assert tokens.std() > 0.1 and maps[0].std() > 0.1


def refusal(model: str, weights: dict[str, Any], file: Path) -> str:
    torch.save(weights, file)
    with pytest.raises(InputError) as error:
        read_trunk(file, TimmConfig(model=model))
    return str(error.value)


def test_weights_of_another_network_are_refused_with_what_differs(
    small: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "wrong.pth"
    dinov3 = drawn(small("vit_small_patch16_dinov3", num_classes=0).state_dict())
    biased = refusal("vit_small_patch16_dinov3", as_dinov3(dinov3, bias=0.1), file)
    assert "has biases" in biased and "take vit_small_patch16_dinov3_qkvb" in biased
    registers = refusal("deit_tiny_patch16_224", as_dinov3(dinov3), file)
    assert "it has no " in registers and "; it has blocks.0.attn.qkv.bias_mask" in registers
    patches = refusal("vit_small_patch16_224", small("vit_small_patch32_224").state_dict(), file)
    assert "trained with patches of 32 px, and those of vit_small_patch16_224 have 16" in patches
    less = small("deit_tiny_patch16_224").state_dict()
    del less["blocks.3.norm1.bias"]
    assert "it has no blocks.3.norm1.bias" in refusal("deit_tiny_patch16_224", less, file)
    assert "timm cannot take these" in refusal("deit_tiny_patch16_224", {"pos_embed": b"bytes"}, file)
    no_bias = {"storage_tokens": torch.ones(1), "blocks.0.attn.qkv.bias": b"bytes"}
    assert "timm cannot take these" in refusal("vit_small_patch16_dinov3", no_bias, file)
    assert "has no blocks.0" in refusal(
        "deit_tiny_patch16_224", {"model": {"cls_token": torch.ones(1)}}, file
    )


def test_positions_of_another_size_are_resampled_and_a_networks_own_weights_stay(
    small: Callable[..., Any], tmp_path: Path
) -> None:
    larger = small("vit_small_patch16_384").state_dict()
    backbone = TimmConfig(model="vit_small_patch16_224")
    save_file(larger, tmp_path / "model.safetensors")
    found = read_trunk(tmp_path / "model.safetensors", backbone)
    assert found["pos_embed"].shape == (1, 1 + 14**2, WIDTH) and larger["pos_embed"].shape[1] == 1 + 24**2
    trained = build_network(backbone, RegressionConfig(), ANGLES, dropout=0.0, seed=1)
    torch.save(trained.state_dict(), tmp_path / "best.pt")
    again = read_trunk(tmp_path / "best.pt", backbone)
    assert all(torch.equal(value, again[name]) for name, value in trained.trunk.state_dict().items())


def test_parameters_up_to_a_flag_are_those_that_its_map_depends_on(small: Callable[..., Any]) -> None:
    trunk = TimmConfig(model="vit_small_patch14_reg4_dinov2").build()
    images = torch.randn(1, 3, 28, 28)
    for stage in (1, 2, 3, 4):
        trunk.zero_grad(set_to_none=True)
        torch.autograd.backward(trunk(images, stages=stage)[-1].square().sum())
        reached = {name for name, value in trunk.named_parameters() if value.grad is not None}
        shared = set(trunk.parameters_up_to(stage))
        assert reached == {name for name, value in trunk.named_parameters() if value in shared}


@pytest.mark.usefixtures("one_registry")
def test_an_exported_vision_transformer_is_the_trained_one_for_any_batch(
    small: Callable[..., Any], tmp_path: Path
) -> None:
    backbone = TimmConfig(model="deit_tiny_patch16_224")
    network = build_network(backbone, RegressionConfig(), ANGLES, dropout=0.0, seed=1).eval()
    network.load_state_dict(drawn(network.state_dict()))
    card = NetworkCard(backbone=backbone, head=RegressionConfig(), angles=ANGLES, image_px=48)
    write_network(tmp_path, network, card)
    images = np.random.default_rng(0).integers(0, 256, (17, 3, 48, 48), np.uint8)  # in batches of 16 and 1
    found = compare(tmp_path, network, images)
    assert found.allowed, found


class OnDeviceAlone(TorchDispatchMode):
    """Raises where an operation has a tensor of the CPU: a GPU waits for what is sent to it."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        assert not isinstance(made, Tensor) or made.device.type == "meta", func
        return made


def test_positions_are_computed_where_the_images_are(small: Callable[..., Any]) -> None:
    trunk = TimmConfig(model="vit_small_patch16_rope_ape_224").build().to("meta")
    images = torch.empty(2, 3, 32, 32, device="meta")
    with OnDeviceAlone():
        assert trunk(images)[-1].shape == (2, WIDTH, 2, 2)


def vit_config(model: str = "deit_tiny_patch16_224", **settings: Any) -> TrainConfig | str:
    """Return a config on 32 px images, or what is wrong with it."""
    tree = toy_config().model_dump(mode="json")
    tree |= {"network": {"backbone": {"timm": {"model": model}}}, "optimizer": "adamw"}
    data = {**tree["data"], **settings.pop("data", {})}
    found = parse_config({**tree, **settings, "data": data})
    return found if isinstance(found, TrainConfig) else " ".join(str(fault) for _, fault in found)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"data": {"image_px": 40}}, "40 px are no multiple of that: take data.image_px: 32 or 48"),
        ({"model": "vit_small_patch14_dinov2"}, "patches of 14 px, and 32 px .* take data.image_px: 42,"),
        ({"optimizer": "sgd"}, "take optimizer: adamw"),
        ({"pretext": {"puzzling": {"view": {"multi_scale": {"scales": [0.75, 1.0]}}}}}, "copies of 24 px"),
        ({"pretext": {"puzzling": {"view": {"multi_scale": {"scales": [[0.5, 1]]}}}}}, "no ranges"),
        (
            {"pretext": {"rotation": {"view": {"two": {"share": 0.06}}}}},
            "BatchNorm cannot normalise one image",
        ),
        ({"model": "vit_tiny_r_s16_p8_224"}, "no maps at strides .* is no plain vision transformer"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(settings: dict[str, Any], reason: str) -> None:
    found = vit_config(**settings)
    assert isinstance(found, str)
    assert re.search(reason, found), found


def test_scales_that_the_patch_divides_and_flags_of_larger_maps_are_taken() -> None:
    scaled = vit_config(
        data={"batch": 16}, pretext={"puzzling": {"view": {"multi_scale": {"scales": [0.5, 1.0]}}}}
    )
    assert isinstance(scaled, TrainConfig)


def test_a_network_without_batchnorm_forwards_no_image_again_for_its_statistics() -> None:
    found = vit_config(average="ema", epochs=2)
    assert isinstance(found, TrainConfig) and found.norm_images(1000, 1) == 0
    assert toy_config(average="ema", epochs=2).norm_images(1000, 1) == 320


def test_a_run_with_a_helper_and_an_average_resumes_to_the_bit(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "network": {"backbone": {"timm": {"model": "test_vit"}}, "dropout": 0.2},
        "optimizer": "adamw",
        "average": "ema",
        "epochs": 3,
        "head": "rot6d",
        "pretext": {"several": {"puzzling": {"flag": 2}, "inpainting": {"flag": 1, "blocks": 2}, "byol": {}}},
    }
    whole, first, second = (toy_session(images=16, **settings) for _ in range(3))
    expected = [whole.run_epoch() for _ in range(3)]
    assert [first.run_epoch().validation for _ in range(2)] == [each.validation for each in expected[:2]]
    save_state({**first.state_dict(), "best_weights": first.best_weights()}, tmp_path / "state.pt")
    second.load_state_dict(load_state(tmp_path / "state.pt"))
    last = second.run_epoch()
    assert (last.validation, last.training.losses) == (expected[2].validation, expected[2].training.losses)
    assert all(torch.equal(value, whole.weights()[name]) for name, value in second.weights().items())
