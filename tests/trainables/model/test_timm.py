"""timm's models as trunks: torchvision's ResNet to the digit, known sizes, weights as timm publishes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import timm
import torch
from safetensors.torch import save_file
from support.toy import toy_config, toy_session
from torch import nn
from torch.optim.swa_utils import update_bn
from torchvision.models import resnet18

from hpsearch.testing.backbones import BackboneContract
from trainables.base.errors import InputError
from trainables.exported import ONNX, NetworkCard, compare, write_network
from trainables.model.backbones import BACKBONES, NormalisedBackbone, PatchBackbone, TimmConfig, title
from trainables.model.backbones import timm_config as module
from trainables.model.backbones.timm_models import TIMM_MODELS
from trainables.model.backbones.timm_trunk import facts_of, misfit
from trainables.model.fused import fused
from trainables.model.heads import RegressionConfig
from trainables.model.inits import INITS, InitRequest
from trainables.model.inits.weights import read_trunk
from trainables.model.network import HeadPoseNetwork, build_network, trunk_on_meta
from trainables.optim.optimizers import AdamWConfig
from trainables.training.config import TrainConfig, parse_config

TRAIN = toy_config().data.train


@pytest.mark.parametrize(
    "config", [TimmConfig(model=name) for name in ("convnext_atto", "repvgg_a0")], ids=title
)
class TestTimm(BackboneContract):
    pass


def test_its_resnet18_with_torchvisions_weights_gives_torchvisions_maps() -> None:
    ours, theirs = BACKBONES["resnet18"]().build().eval(), TimmConfig(model="resnet18").build().eval()
    weights = resnet18().state_dict()
    trunk = {name: value for name, value in weights.items() if not name.startswith("fc.")}
    ours.load_state_dict(trunk)
    theirs.load_state_dict(trunk)
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        pairs = list(zip(ours(images), theirs(images), strict=True))
    assert len(pairs) == 4
    for one, other in pairs:
        torch.testing.assert_close(one, other)
    assert ours.beside == ("fc.",) and set(theirs.beside) == {"fc.weight", "fc.bias"}


@pytest.mark.parametrize("model", sorted(TIMM_MODELS))
def test_what_is_known_of_a_model_is_what_timm_says(model: str) -> None:
    known = TIMM_MODELS[model]
    assert known == facts_of(model)
    assert misfit(model, 4 * (known.patch_px or 16)) is None


def test_models_without_four_such_maps_are_refused_with_the_reason() -> None:
    reasons = {
        "levit_128s": "no maps at strides 4, 8, 16 and 32",
        "selecsls84": "no maps at strides 4, 8, 16 and 32",  # a list of maps for each
        "swin_tiny_patch4_window7_224": "maps of another form",
        "mobilenetv4_conv_smal": "no model 'mobilenetv4_conv_smal'; similar: mobilenetv4_conv_small",
    }
    for model, reason in reasons.items():
        found = TimmConfig(model=model).incompatibility(224)
        assert found is not None and reason in found
    assert TimmConfig(model="regnety_002").incompatibility(64) is None  # not in the table


def test_without_timm_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert "pip install 'hpsearch[timm]'" in str(TimmConfig().incompatibility(64))
    with pytest.raises(InputError, match="timm"):
        TimmConfig().build()


@pytest.mark.parametrize("model", ["convnext_atto", "mobilenetv4_conv_small"])
def test_weights_as_timm_publishes_them_are_read_without_their_classifier(model: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    published, backbone = timm.create_model(model), TimmConfig(model=model)
    file = tmp_path / "model.safetensors"
    save_file(published.state_dict(), file)
    trunk = read_trunk(file, backbone)
    assert trunk.keys() == trunk_on_meta(backbone).state_dict().keys()
    assert all(torch.equal(value, published.state_dict()[name]) for name, value in trunk.items())
    built = backbone.build().eval()
    built.load_state_dict(trunk)
    images = torch.randn(1, 3, 64, 64)
    maps = timm.create_model(model, features_only=True)
    maps.load_state_dict(_renamed(published.state_dict(), maps.state_dict().keys()))
    with torch.no_grad():
        for one, other in zip(built(images), maps.eval()(images)[-4:], strict=True):
            torch.testing.assert_close(one, other)
    with pytest.raises(InputError, match="not the trunk of a timm convnext_femto"):
        read_trunk(file, TimmConfig(model="convnext_femto"))


def _renamed(weights: dict[str, torch.Tensor], names: object) -> dict[str, torch.Tensor]:
    """Return weights by timm's names of feature maps, in which nested modules are flattened."""
    flat = {
        name.replace("stages.", "stages_").replace("stem.", "stem_"): each for name, each in weights.items()
    }
    return {name: flat[name] if name in flat else weights[name] for name in names}  # type: ignore[attr-defined]


def test_weights_come_from_the_hub_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = TimmConfig(model="convnext_atto")
    file = tmp_path / "hub.safetensors"
    save_file(timm.create_model("convnext_atto").state_dict(), file)
    asked: list[tuple[str, str]] = []

    def download(repository: str, name: str) -> str:
        asked.append((repository, name))
        return str(file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    init, request = INITS["imagenet"](), InitRequest(backbone, 64, TRAIN)
    assert init.incompatibility(backbone, 64) is None
    kept = init.trunk(request, datasets=tmp_path, store=tmp_path / "store")
    assert asked == [("timm/convnext_atto.d2_in1k", "model.safetensors")]
    assert kept.parent.name.startswith("imagenet-timm-convnext_atto-")

    def offline(repository: str, name: str) -> str:
        raise OSError("no network")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
    with pytest.raises(
        InputError, match=r"cannot be had \(no network\): name a file in init\.imagenet\.file"
    ):
        init.trunk(request, datasets=tmp_path, store=tmp_path / "store")


def test_the_licence_of_weights_that_are_fetched_is_known_and_of_others_not() -> None:
    network = {"backbone": {"timm": {"model": "convnextv2_atto"}}}
    config = toy_config(optimizer="adamw").model_dump(mode="json")
    fetched, random = (
        parse_config({**config, "network": network, "init": init}) for init in ("imagenet", "random")
    )
    assert isinstance(fetched, TrainConfig) and isinstance(random, TrainConfig)
    assert fetched.weights_licence == "timm convnextv2_atto: cc-by-nc-4.0"
    assert random.weights_licence is None


def normed(model: str) -> HeadPoseNetwork:
    """Return a network whose norms have the statistics of images: else its poses would hardly differ."""
    network = build_network(
        TimmConfig(model=model), RegressionConfig(), ("yaw", "pitch", "roll"), dropout=0.0, seed=1
    )
    with torch.no_grad():
        network.head.linear.weight.mul_(30)  # to degrees
    update_bn([torch.randn(32, 3, 64, 64, generator=torch.Generator().manual_seed(2))], network)
    return network.eval()


@pytest.mark.parametrize("model", ["repvgg_a0", "repvit_m0_9"])
def test_merging_parallel_convolutions_leaves_the_poses_and_fewer_operations(model: str) -> None:
    network, images = normed(model), torch.randn(8, 3, 64, 64)
    with torch.no_grad():
        expected = network(images).pose_raw
        merged = fused(network)
        assert expected.std(dim=0).min() > 0.5
        torch.testing.assert_close(merged(images).pose_raw, expected, rtol=0, atol=2e-3)
        assert torch.equal(network(images).pose_raw, expected)  # it is a copy
    assert len(list(merged.modules())) < 0.8 * len(list(network.modules()))


def test_a_network_without_parallel_convolutions_stays_itself() -> None:
    plain = build_network(BACKBONES["resnet10"](), RegressionConfig(), ("yaw",), dropout=0.0, seed=1)
    assert fused(plain) is plain


@pytest.mark.usefixtures("one_registry")
def test_an_exported_network_with_merged_convolutions_is_the_trained_one(tmp_path: Path) -> None:
    network = normed("mobileone_s0")
    card = NetworkCard(
        backbone=TimmConfig(model="mobileone_s0"),
        head=RegressionConfig(),
        angles=("yaw", "pitch", "roll"),
        image_px=64,
    )
    write_network(tmp_path, network, card)
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 64, 64), np.uint8)
    found = compare(tmp_path, network, images)
    assert found.allowed, found
    graph = onnx.load(tmp_path / ONNX).graph
    convolutions = sum(node.op_type == "Conv" for node in graph.node)
    assert convolutions < 0.5 * sum(isinstance(module, nn.Conv2d) for module in network.modules())


def test_layernorm_is_refused_with_plain_gradient_steps_and_adamw_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def faults(model: str, optimizer: str) -> str:
        tree = toy_config().model_dump(mode="json")
        tree |= {"network": {"backbone": {"timm": {"model": model}}}, "optimizer": optimizer}
        found = parse_config(tree)
        return "" if isinstance(found, TrainConfig) else " ".join(str(fault) for _, fault in found)

    assert "convnext_atto normalises by LayerNorm" in faults("convnext_atto", "sgd")
    assert "take optimizer: adamw" in faults("convnext_atto", "sgd")
    assert faults("convnext_atto", "adamw") == faults("repvgg_a0", "sgd") == ""
    monkeypatch.setattr(AdamWConfig, "adapts_steps", False)
    assert "convnext_atto normalises by LayerNorm" in faults("convnext_atto", "adamw"), "whatever its name"


def test_its_answers_are_of_the_documented_types() -> None:
    normalised: NormalisedBackbone = TimmConfig(model="convnext_atto")  # mypy compares them
    patched: PatchBackbone = TimmConfig(model="vit_tiny_patch16_224")
    assert (normalised.layer_norm, normalised.batch_norm, patched.patch_px) == (True, False, 16)


def test_a_helper_forks_off_and_a_run_is_repeated_to_the_digit() -> None:
    settings = {"optimizer": "adamw", "pretext": {"puzzling": {"flag": 2, "view": "two"}}, "epochs": 2}
    network = {"backbone": {"timm": {"model": "mobilenetv4_conv_small"}}}
    first, second = (toy_session(network=network, **settings) for _ in range(2))
    assert first.run_epoch().training.losses == second.run_epoch().training.losses
    shared = sum(each.numel() for each in first.network.shared_parameters())
    assert 0 < shared < sum(each.numel() for each in first.network.trunk.parameters()) / 2
