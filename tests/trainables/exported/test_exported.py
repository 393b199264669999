"""An exported network: the trained one to the last digits, in both files, and nothing but numbers."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from ruamel.yaml import YAML
from safetensors.torch import load_file, save_file
from support.toy import ANGLES, toy_session

from trainables.base.errors import InputError
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.exported import (
    CARD,
    ONNX,
    README,
    WEIGHTS,
    Differences,
    NetworkCard,
    compare,
    read_network,
    seal,
    write_network,
)
from trainables.exported.onnx_file import OnnxNetwork
from trainables.model.backbones import Backbone, ResNet10Config, ResNet50Config
from trainables.model.heads import BinsConfig, FisherConfig, HeadConfig, RegressionConfig, Rot6dConfig
from trainables.model.network import HeadPoseNetwork, build_network
from trainables.pose import matrix_fisher
from trainables.pretext import PuzzlingConfig, PuzzlingRotationConfig
from trainables.target.head_pose_metrics import DEGREES

PX = 32

TOLERANCE_DEG = 1e-4
"""Above the rounding of float32 in the networks of these tests."""

CASES: dict[str, tuple[Backbone, HeadConfig, tuple[str, ...]]] = {
    "center": (ResNet10Config(), BinsConfig(bin_deg=1, decode="center"), ANGLES[:2]),
    "regression": (ResNet10Config(), RegressionConfig(), ANGLES),
    "rot6d": (ResNet10Config(), Rot6dConfig(), ANGLES),
    "fisher": (ResNet10Config(), FisherConfig(), ANGLES),
    "left_edge": (ResNet50Config(), BinsConfig(), ANGLES),
}

Made = tuple[Path, HeadPoseNetwork, tuple[str, ...]]


def random_images(count: int, px: int = PX, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, px, px), np.uint8)


def normalised(images: np.ndarray) -> np.ndarray:
    mean, std = (np.array(values).reshape(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (images / 255 - mean) / std


def warmed(network: HeadPoseNetwork) -> HeadPoseNetwork:
    """Give the batch norms the statistics of images: without them values grow from layer to layer."""
    network.train()
    with torch.no_grad():
        for seed in range(8):
            network(torch.tensor(normalised(random_images(16, seed=seed)), dtype=torch.float32))
    return network.eval()


def write(folder: Path, network: HeadPoseNetwork, head: HeadConfig, **settings: Any) -> Path:
    folder.mkdir()
    card = NetworkCard(
        head=head, **({"backbone": ResNet10Config(), "angles": ANGLES, "image_px": PX} | settings)
    )
    write_network(folder, network, card)
    return folder


@pytest.fixture(scope="module", autouse=True)
def shallow(one_registry: None) -> Iterator[None]:
    """Give ResNet50 one block per stage: the same operations, a third of them to export."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResNet50Config, "blocks", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Made]:
    """Return what exports one of the cases, each once."""

    @cache
    def export(case: str) -> Made:
        backbone, head, angles = CASES[case]
        network = warmed(build_network(backbone, head, angles, dropout=0.4, seed=1))
        folder = tmp_path_factory.mktemp("exported") / case
        return write(folder, network, head, backbone=backbone, angles=angles), network, angles

    return export


@pytest.fixture(params=list(CASES))
def made(request: pytest.FixtureRequest, exports: Callable[[str], Made]) -> Made:
    return exports(request.param)


@pytest.fixture
def small(exports: Callable[[str], Made]) -> tuple[Path, HeadPoseNetwork]:
    return exports("regression")[:2]


@pytest.fixture
def copied(small: tuple[Path, HeadPoseNetwork], tmp_path: Path) -> Path:
    for name in (CARD, WEIGHTS, ONNX):
        (tmp_path / name).write_bytes((small[0] / name).read_bytes())
    return tmp_path


def test_both_files_say_what_the_network_says_in_double_precision(made: Made) -> None:
    folder, network, angles = made
    images = random_images(20, seed=99)
    double = copy.deepcopy(network).double()
    with torch.inference_mode():
        raw = double(torch.tensor(normalised(images))).pose_raw
        truth = double.head.decode(raw.float()).numpy() if raw.ndim == 2 else decoded(double, raw)
        read, card = read_network(folder)
        from_weights = read(torch.from_numpy(images)).numpy()
    from_onnx = OnnxNetwork(folder / ONNX).predict(images)
    assert card.angles == angles and truth.shape == (20, len(angles))
    assert truth.std(axis=0).min() > 0.01  # poses that do not all agree
    np.testing.assert_allclose(from_weights, truth, rtol=0, atol=TOLERANCE_DEG)
    np.testing.assert_allclose(from_onnx, truth, rtol=0, atol=TOLERANCE_DEG)
    assert compare(folder, network, images).allowed


@pytest.mark.parametrize("made", ["fisher"], indirect=True)
def test_both_files_say_how_certain_the_network_is_where_its_head_does(made: Made) -> None:
    (folder, network, _), images = made, random_images(20, seed=99)
    assert read_network(folder)[1].outputs == ("pose_deg", "entropy_nats")
    with torch.inference_mode():
        raw = copy.deepcopy(network).double()(torch.tensor(normalised(images))).pose_raw
        truth = matrix_fisher.entropy(matrix_fisher.concentrations(raw.view(-1, 3, 3))).numpy()
        read = read_network(folder)[0].outputs(torch.from_numpy(images))[1].numpy()
    session = onnxruntime.InferenceSession(folder / ONNX)
    assert [output.name for output in session.get_outputs()] == ["pose_deg", "entropy_nats"]
    assert truth.std() > 1e-3 and (truth < 0).all()
    for found in (read, session.run(["entropy_nats"], {"image": images})[0]):
        assert found.shape == (20,) and found.dtype == np.float32
        np.testing.assert_allclose(found, truth, rtol=1e-3)


def test_profiles_at_gimbal_lock_are_compared_as_rotations(
    exports: Callable[[str], Made], tmp_path: Path
) -> None:
    network, bias = copy.deepcopy(exports("rot6d")[1]), torch.tensor([0.0, 0, -1, 0, 1, 0])  # a yaw of 90 deg
    network.head.linear.bias.data.copy_(bias)
    for name in (CARD, WEIGHTS, ONNX):
        (tmp_path / name).write_bytes((exports("rot6d")[0] / name).read_bytes())
    save_file({**load_file(tmp_path / WEIGHTS), "head.linear.bias": bias}, tmp_path / WEIGHTS)
    change_onnx(tmp_path / ONNX, "head.linear.bias", lambda values: bias.numpy())
    seal(tmp_path, read_card(tmp_path))
    images = random_images(50, seed=5)
    yaw_deg = np.abs(OnnxNetwork(tmp_path / ONNX).predict(images)[:, 0])
    assert yaw_deg.min() < 90 < yaw_deg.max() and np.abs(yaw_deg - 90).min() < 5
    assert compare(tmp_path, network, images).allowed
    with torch.no_grad():
        network.head.linear.bias[0] += 1e-3
    assert not compare(tmp_path, network, images).allowed


def change_onnx(file: Path, weight: str, to: Callable[[np.ndarray], np.ndarray]) -> None:
    """Replace the values of a weight, by its name in the network."""
    model = onnx.load(file)
    (tensor,) = (tensor for tensor in model.graph.initializer if tensor.name == f"network.{weight}")
    tensor.CopyFrom(onnx.numpy_helper.from_array(to(onnx.numpy_helper.to_array(tensor)), tensor.name))
    file.write_bytes(model.SerializeToString())


def decoded(network: HeadPoseNetwork, logits: torch.Tensor) -> np.ndarray:
    """Return the expectation over bins, written out in double precision."""
    shares = np.exp(logits.numpy() - logits.numpy().max(axis=-1, keepdims=True))
    values: np.ndarray = network.head.values_deg.double().numpy()
    return (shares / shares.sum(axis=-1, keepdims=True) * values).sum(axis=-1)


def test_onnx_takes_any_batch_and_an_image_s_pose_does_not_depend_on_it(made: Made) -> None:
    folder, _, angles = made
    images, network = random_images(7), OnnxNetwork(folder / ONNX)
    whole = network.predict(images)
    assert whole.shape == (7, len(angles)) and whole.dtype == np.float32
    single = np.concatenate([network.predict(images[i : i + 1]) for i in range(7)])
    np.testing.assert_allclose(single, whole, rtol=0, atol=TOLERANCE_DEG)


def test_weights_are_read_back_to_the_bit(made: Made) -> None:
    folder, network, _ = made
    read = read_network(folder)[0].network.state_dict()
    assert list(read) == list(network.state_dict())
    assert all(torch.equal(read[name], value) for name, value in network.state_dict().items())


def test_files_hold_no_path_of_this_machine(made: Made) -> None:
    content = (made[0] / ONNX).read_bytes()
    assert b"stack_trace" not in content
    assert str(Path(__file__).parents[3]).encode() not in content
    assert str(Path(torch.__file__).parent).encode() not in content


def test_hmtl_exports_the_bytes_of_sl_and_begins_with_its_weights(
    small: tuple[Path, HeadPoseNetwork], tmp_path: Path
) -> None:
    task = PuzzlingConfig()
    untrained = build_network(
        ResNet10Config(),
        RegressionConfig(),
        ANGLES,
        dropout=0.4,
        seed=1,
        branches=task.build().branches,
        attachment=task.attachment(),
    )
    of_sl = small[1].state_dict()
    begun = warmed(untrained).supervised().state_dict()
    assert list(begun) == list(of_sl) and all(torch.equal(begun[name], of_sl[name]) for name in of_sl)

    session = toy_session(pretext=PuzzlingRotationConfig(flag=3), head=RegressionConfig())
    session.run_epoch()
    hmtl = session.network
    hmtl.supervised().load_state_dict(of_sl)  # what it exports is its own but for the values of the weights
    folder = write(tmp_path / "hmtl", hmtl.supervised(), RegressionConfig())
    for name in (ONNX, WEIGHTS, CARD):
        assert (folder / name).read_bytes() == (small[0] / name).read_bytes(), name
    values = [sum(each.numel() for each in weights.values()) for weights in (hmtl.state_dict(), of_sl)]
    assert values[0] > values[1]
    assert compare(folder, hmtl, random_images(9)).allowed  # the whole network, branches and all


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_another_weight_is_noticed(small: tuple[Path, HeadPoseNetwork], copied: Path, value: float) -> None:
    weights = load_file(copied / WEIGHTS)
    weights["head.linear.bias"][1] += value
    save_file(weights, copied / WEIGHTS)
    without_checksums(copied)
    differences = compare(copied, small[1], random_images(5))
    assert not differences.allowed and not differences.same_weights
    assert differences.onnx <= differences.allowed_gap < TOLERANCE_DEG


@pytest.mark.parametrize("name", ["trunk.conv1.weight", "trunk.layer2.0.conv1.weight", "head.linear.weight"])
def test_an_onnx_file_with_one_weight_changed_by_a_percent_is_refused(
    small: tuple[Path, HeadPoseNetwork], copied: Path, name: str
) -> None:
    images = random_images(20, seed=3)
    assert compare(copied, small[1], images).allowed
    change_onnx(
        copied / ONNX,
        name,
        lambda values: np.where(np.abs(values) == np.abs(values).max(), values * np.float32(1.01), values),
    )
    with pytest.raises(InputError, match=f"{ONNX}: not as it was exported"):
        read_network(copied)
    seal(copied, read_card(copied))  # as if it had been written so
    wrong = compare(copied, small[1], images)
    assert not wrong.allowed and wrong.same_weights
    assert wrong.safetensors <= wrong.allowed_gap < wrong.onnx


@pytest.mark.parametrize("gaps", [(0.0, float("nan")), (float("nan"), 0.0), (0.0, 2e-5)])
def test_neither_nan_nor_a_larger_difference_is_allowed(gaps: tuple[float, float]) -> None:
    assert Differences(0.0, 0.0, 1e-5, same_weights=True, unit=DEGREES).allowed
    assert not Differences(0.0, 0.0, 1e-5, same_weights=False, unit=DEGREES).allowed
    assert not Differences(*gaps, 1e-5, same_weights=True, unit=DEGREES).allowed
    assert not Differences(0.0, 0.0, float("nan"), same_weights=True, unit=DEGREES).allowed


def without_checksums(folder: Path) -> None:
    """Make the card that of an older version."""
    text = (folder / CARD).read_text()
    old = re.sub(r"sha256:\n(  .*\n)+", "", text)
    assert old != text
    (folder / CARD).write_text(old)


def read_card(folder: Path) -> NetworkCard:
    return NetworkCard.model_validate(YAML(typ="safe").load(folder / CARD))


@pytest.mark.parametrize("name", [WEIGHTS, ONNX, README, CARD])
def test_a_change_of_any_file_is_found(copied: Path, name: str) -> None:
    (copied / README).write_text("how good it is: 3.1 degrees\n")
    card = read_card(copied)
    seal(copied, card.model_copy(update={"provenance": {"validation_mae_deg": 3.1}}))
    assert read_network(copied)[1].sha256.keys() == {WEIGHTS, ONNX, README, CARD, "settings"}
    if name in (README, CARD):
        (copied / name).write_text((copied / name).read_text().replace("3.1", "2.1"))
    else:
        content = bytearray((copied / name).read_bytes())
        content[-100] ^= 1
        (copied / name).write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: not as it was exported"):
        read_network(copied)


def test_an_export_needs_its_card_and_weights_alone(copied: Path) -> None:
    (copied / ONNX).unlink()
    read_network(copied)


@pytest.mark.parametrize("kind", [torch.int8, torch.complex64, torch.float8_e4m3fn, torch.bool])
def test_weights_of_another_kind_are_refused(copied: Path, kind: torch.dtype) -> None:
    weights = load_file(copied / WEIGHTS)
    weights["head.linear.bias"] = weights["head.linear.bias"].to(kind)
    save_file(weights, copied / WEIGHTS)
    without_checksums(copied)
    with pytest.raises(InputError, match=rf"{WEIGHTS}: holds \w+ in head.linear.bias: take weights"):
        read_network(copied)


def test_an_export_of_before_the_checksums_is_read(copied: Path) -> None:
    images = torch.from_numpy(random_images(2))
    expected = read_network(copied)[0](images)
    without_checksums(copied)
    assert torch.equal(read_network(copied)[0](images), expected)


def test_a_flipped_bit_of_the_weights_or_the_settings_is_found(copied: Path) -> None:
    content = bytearray((copied / WEIGHTS).read_bytes())
    content[-1000] ^= 1
    (copied / WEIGHTS).write_bytes(content)
    with pytest.raises(InputError, match=rf"{WEIGHTS}: not as it was exported: its SHA-256"):
        read_network(copied)
    content[-1000] ^= 1
    (copied / WEIGHTS).write_bytes(content)
    text = (copied / CARD).read_text()
    assert "0.485" in text
    (copied / CARD).write_text(text.replace("0.485", "0.487", 1))
    with pytest.raises(InputError, match=rf"{CARD}: not as it was exported: its SHA-256"):
        read_network(copied)
    (copied / CARD).write_text(text + "# a remark\n")
    read_network(copied)


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


def test_code_in_the_weights_is_never_run(copied: Path) -> None:
    marker = copied / "ran"
    (copied / WEIGHTS).write_bytes(pickle.dumps(Bomb(marker)))
    with pytest.raises(InputError, match="not a safetensors file, or damaged"):
        read_network(copied)
    torch.save(Bomb(marker), copied / WEIGHTS)
    with pytest.raises(InputError, match="not a safetensors file, or damaged"):
        read_network(copied)
    (copied / CARD).write_text(f"angles: !!python/object/apply:os.mkdir ['{marker}']\n")
    with pytest.raises(InputError, match="tags are not used here"):
        read_network(copied)
    assert not marker.exists()


def test_a_cut_file_is_named(copied: Path) -> None:
    content = (copied / WEIGHTS).read_bytes()
    (copied / WEIGHTS).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=f"{WEIGHTS}: not a safetensors file, or damaged"):
        read_network(copied)


def test_a_folder_without_a_network_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"config.yaml and model.safetensors missing.*hpsearch export"):
        read_network(tmp_path)
    with pytest.raises(InputError, match="no exported network here"):
        read_network(tmp_path / "nowhere")


def test_all_faults_of_a_card_are_named_with_their_lines(copied: Path) -> None:
    text = (copied / CARD).read_text()
    (copied / CARD).write_text(text.replace("resnet10", "resnet11", 1).replace("image_px: 32", "image_px: 3"))
    with pytest.raises(InputError) as caught:
        read_network(copied)
    assert [(fault.where, fault.line is not None) for fault in caught.value.faults] == [
        ("backbone", True),
        ("image_px", True),
    ]


def test_weights_of_another_network_are_refused(copied: Path) -> None:
    text = (copied / CARD).read_text()
    (copied / CARD).write_text(text.replace("resnet10", "resnet18", 1))
    with pytest.raises(InputError, match=r"weights of another network than config.yaml describes: .*layer1"):
        read_network(copied)
