"""Initial weights: taken whole, from whoever trained them, or refused with what is wrong."""

from __future__ import annotations

import re
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from support.toy import ANGLES, blobs, toy_config
from torch import Tensor, nn
from torchvision.models import get_model_weights

from trainables.base.errors import InputError
from trainables.data.memory_loader import MemoryLoader
from trainables.data.sources import TrainSource
from trainables.model.backbones import BACKBONES, ResNet18Config
from trainables.model.heads import BinsConfig
from trainables.model.inits import INITS, InitRequest
from trainables.model.inits.imagenet import ImageNetConfig
from trainables.model.network import build_network
from trainables.pretext import PuzzlingConfig
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session, load_trunk
from trainables.training.config import TrainConfig, parse_config

SOURCE = TrainSource(dataset="blobs")


def resolved(init: Any, store: Path, backbone: str = "resnet10") -> Path:
    request = InitRequest(BACKBONES[backbone](), 32, SOURCE)
    trunk = init.trunk(request, datasets=store / "none", store=store / "kept")
    assert isinstance(trunk, Path) and trunk.is_relative_to(store / "kept")
    return trunk


def trained(backbone: str = "resnet10") -> dict[str, Tensor]:
    """Return the weights of a supervised network whose running statistics have moved too."""
    network = build_network(BACKBONES[backbone](), BinsConfig(), ANGLES, dropout=0.0, seed=5)
    network(torch.randn(4, 3, 32, 32))
    return network.state_dict()


def trunk_in(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("trunk."): v for name, v in weights.items() if name.startswith("trunk.")}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_random_weights_have_no_file() -> None:
    config = toy_config()
    assert config.init.trunk(config.init_request, datasets=Path("none"), store=Path("none")) is None


@pytest.mark.parametrize("kind", ["network", "safetensors", "trunk", "torch 1.5"])
def test_a_file_s_trunk_is_taken_whatever_it_lies_in(tmp_path: Path, kind: str) -> None:
    weights, path = trained(), tmp_path / "best.pt"
    if kind == "network":
        torch.save(weights, path)
    elif kind == "safetensors":
        path = tmp_path / "model.safetensors"
        save_file({name: value.contiguous() for name, value in weights.items()}, path)
    elif kind == "trunk":
        torch.save(trunk_in(weights), path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=False)
    kept = resolved(INITS["file"](path=str(path)), tmp_path)
    assert_same(load_trunk(kept), trunk_in(weights))
    path.write_bytes(path.read_bytes())
    assert resolved(INITS["file"](path=str(path)), tmp_path) == kept


def test_a_classifier_s_weights_from_before_batch_counters_are_a_trunk(tmp_path: Path) -> None:
    weights = {n: v for n, v in ResNet18Config().build().state_dict().items() if "num_batches" not in n}
    torch.save({**weights, "fc.weight": torch.ones(9, 512), "fc.bias": torch.ones(9)}, tmp_path / "r18.pth")
    kept = load_trunk(resolved(INITS["file"](path=str(tmp_path / "r18.pth")), tmp_path, "resnet18"))
    ResNet18Config().build().load_state_dict(kept)
    assert {name: kept[name] for name in weights}.keys() == weights.keys()


def test_weights_of_another_backbone_are_refused_with_what_differs(tmp_path: Path) -> None:
    torch.save(trained("resnet18"), tmp_path / "best.pt")
    with pytest.raises(
        InputError, match=r"best.pt: not the trunk of a resnet10: it has layer1.1.*and \d+ more"
    ):
        resolved(INITS["file"](path=str(tmp_path / "best.pt")), tmp_path)
    with pytest.raises(InputError, match=r"resnet50: it has no .*; it has in another shape layer1"):
        resolved(INITS["file"](path=str(tmp_path / "best.pt")), tmp_path, "resnet50")
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize("damage", ["missing", "cut", "code", "tensor", "text"])
def test_a_file_without_weights_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "best.pt"
    if damage == "cut":
        torch.save(trained(), path)
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "code":
        torch.save({"trunk.conv1": nn.Linear(2, 2)}, path)
    elif damage == "tensor":
        torch.save(torch.ones(3), path)
    elif damage == "text":
        path.write_text("weights")
    with pytest.raises(InputError, match=r"best.pt: (no weights can be read here|holds no tensors)"):
        resolved(INITS["file"](path=str(path)), tmp_path)


def _quantised(value: torch.Tensor) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(value, 0.1, 0, torch.qint8)


KINDS: dict[str, Callable[[torch.Tensor], Any]] = {
    "int8": lambda value: value.to(torch.int8),
    "complex64": lambda value: value.to(torch.complex64),
    "float8_e4m3fn": lambda value: value.to(torch.float8_e4m3fn),
    "bool": lambda value: value > 0,
    "not dense": lambda value: value.to_sparse(),
    "not dense (sparse_csr)": lambda value: value.flatten(1).to_sparse_csr(),
    "meta": lambda value: value.to("meta"),
    "quantised": _quantised,
    "a list": lambda value: value.tolist(),
    "a NoneType": lambda value: None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_torch_holds_and_no_network_is_refused_by_its_kind(tmp_path: Path, kind: str) -> None:
    weights: dict[str, Any] = dict(trained())
    weights["trunk.conv1.weight"] = KINDS[kind](weights["trunk.conv1.weight"])
    torch.save(weights, tmp_path / "best.pt")
    with pytest.raises(
        InputError, match=rf"best.pt: holds .*{re.escape(kind)}.* in conv1.weight: take weights"
    ):
        resolved(INITS["file"](path=str(tmp_path / "best.pt")), tmp_path)


def _recompressed(file: Path, how: int) -> None:
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    content = bytearray(file.read_bytes())
    content[60:120] = bytes(60)  # and damaged within what is packed
    file.write_bytes(content)


@pytest.mark.parametrize("how", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED, 99])
def test_an_archive_of_another_program_is_a_sentence(tmp_path: Path, how: int) -> None:
    path = tmp_path / "best.pt"
    torch.save({"trunk.conv1.weight": torch.randn(64, 3, 7, 7)}, path)
    if how == 99:  # a way of packing that nobody knows
        content = path.read_bytes()
        at = content.rindex(b"PK\x01\x02")
        path.write_bytes(content[: at + 10] + b"\x63\x00" + content[at + 12 :])
    else:
        _recompressed(path, how)
    with pytest.raises(
        InputError, match=r"best.pt: no weights can be read here: this file (was compressed|is damaged)"
    ):
        resolved(INITS["file"](path=str(path)), tmp_path)


@pytest.mark.parametrize(
    "held", [{1: torch.ones(2)}, {b"x": torch.ones(2)}, {("a", 1): torch.ones(2)}, [1, 2], 7]
)
def test_names_that_are_no_text_are_a_sentence(tmp_path: Path, held: Any) -> None:
    torch.save(held, tmp_path / "best.pt")
    with pytest.raises(InputError, match=r"best.pt: holds no tensors by name"):
        resolved(INITS["file"](path=str(tmp_path / "best.pt")), tmp_path)


def test_the_advice_to_run_a_file_s_code_is_not_passed_on(tmp_path: Path) -> None:
    old = {"_use_new_zipfile_serialization": False}
    for held, name in ((nn.Linear(2, 2), "new"), (nn.Linear(2, 2), "old"), (Path("x"), "path")):
        torch.save({"trunk.conv1.weight": held}, tmp_path / f"{name}.pt", **(old if name == "old" else {}))
        with pytest.raises(InputError, match="only tensors and plain values are read") as caught:
            resolved(INITS["file"](path=str(tmp_path / f"{name}.pt")), tmp_path)
        said = str(caught.value)
        assert "weights_only" not in said and "trust" not in said and len(said.splitlines()) == 1
        assert "asks for" in said, "what it wanted is named"


@given(st.binary(max_size=300), st.integers(0, 2**16))
@example(noise=b"\x00\x00\x00\x02", at=1534)  # an archive on several disks, as its end says
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_a_sentence(tmp_path: Path, noise: bytes, at: int) -> None:
    for suffix in (".pt", ".safetensors"):
        path = tmp_path / f"noise{suffix}"
        if suffix == ".pt":
            torch.save({"conv1.weight": torch.ones(8)}, path)
        else:
            save_file({"conv1.weight": torch.ones(8)}, path)
        content = bytearray(path.read_bytes())
        at %= len(content)
        content[at : at + len(noise)] = noise
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            resolved(INITS["file"](path=str(path)), tmp_path)
        assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    weights = trained()
    weights["trunk.conv1.weight"][3, 1, 0, 0] = value
    torch.save(weights, tmp_path / "best.pt")
    with pytest.raises(InputError, match=r"best.pt: values that are not finite .* in conv1.weight: take"):
        resolved(INITS["file"](path=str(tmp_path / "best.pt")), tmp_path)
    assert not (tmp_path / "kept").exists()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server of the files in `tmp_path/served`, which says nothing."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    (tmp_path / "served").mkdir()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served")))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


def test_imagenet_weights_are_fetched_once(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "served" / "made.pth"
    torch.save(ResNet18Config().build().state_dict(), made)
    digest = sha256(made.read_bytes()).hexdigest()[:8]
    name = made.rename(made.with_name(f"resnet18-{digest}.pth")).name
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(ResNet18Config, "imagenet_url", f"{server}/{name}")
    kept = resolved(ImageNetConfig(), tmp_path, "resnet18")
    assert kept.parent.name.startswith("imagenet-resnet18-")
    (tmp_path / "served" / name).unlink()
    assert resolved(ImageNetConfig(), tmp_path, "resnet18") == kept
    assert [path.name for path in (tmp_path / "cache").rglob("*.pth")] == [name]
    local = ImageNetConfig(file=str(tmp_path / "cache/hub/checkpoints" / name))
    assert_same(load_trunk(resolved(local, tmp_path, "resnet18")), load_trunk(kept))


def test_without_a_network_the_file_to_bring_and_its_place_are_named(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    place = f"put it at {tmp_path}/cache/hub/checkpoints/resnet18-00000000.pth"
    for host in (server, "http://127.0.0.1:9"):  # has no such file; nobody listens
        monkeypatch.setattr(ResNet18Config, "imagenet_url", f"{host}/resnet18-00000000.pth")
        with pytest.raises(InputError, match=place):
            resolved(ImageNetConfig(), tmp_path, "resnet18")
    (tmp_path / "served" / "resnet18-00000000.pth").write_bytes(b"a proxy's page")
    monkeypatch.setattr(ResNet18Config, "imagenet_url", f"{server}/resnet18-00000000.pth")
    with pytest.raises(InputError, match=f"another file.*{place}"):
        resolved(ImageNetConfig(), tmp_path, "resnet18")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


@pytest.mark.parametrize("backbone", ["resnet18", "resnet34", "resnet50"])
def test_torchvision_has_weights_of_its_backbones(backbone: str) -> None:
    assert BACKBONES[backbone]().imagenet_url == get_model_weights(backbone)["IMAGENET1K_V1"].url


DATA = {"train": {"dataset": "blobs"}, "image_px": 32}


@pytest.mark.parametrize(
    ("init", "wrong"),
    [
        ("imagenet", "there are no ImageNet weights of 'resnet10'"),
        (
            {"ssl": {"pretext": "none"}},
            "'none' is unknown.*valid: .*puzzling_rotation, rotation",
        ),
        ({"ssl": {"pretext": {"rotation": {"flag": 2}}}}, "flag: a pretraining learns no pose"),
        ({"ssl": {"pretext": {"puzzling": {"grid": 5}}}}, "a grid of 5 cuts 32 px into tiles below 8 px"),
        ({"file": {}}, "this key is required"),
    ],
)
def test_what_no_network_can_start_from_is_refused_with_the_file(init: Any, wrong: str) -> None:
    found = parse_config({"data": DATA, "network": {"backbone": "resnet10"}, "init": init})
    assert isinstance(found, list) and len(found) == 1
    [(path, fault)] = found
    assert path[0] == "init"
    assert re.search(wrong, fault.message), fault.message


def test_a_pretraining_never_sees_the_test_set() -> None:
    data = {**DATA, "test": [{"name": "faces", "dataset": "faces", "subjects": ["a"]}]}
    for seen, wrong in (
        ({"dataset": "faces", "split": "test"}, "test set 'faces' is also the pretraining's"),
        ({"dataset": "faces", "split": "test", "subjects": ["b"]}, None),
        ({"dataset": "faces", "split": "train"}, None),
        (None, None),
    ):
        found = parse_config({"data": data, "init": {"ssl": {"data": seen}}})
        assert isinstance(found, TrainConfig) == (wrong is None)
        assert wrong is None or (isinstance(found, list) and wrong in found[0][1].message)


@pytest.mark.parametrize("name", sorted(INITS))
def test_every_source_survives_being_written_and_read(name: str) -> None:
    settings = {"file": {"path": "best.pt"}}.get(name, {})
    config = toy_config(init={name: settings}, network={"backbone": "resnet18"})
    assert TrainConfig.model_validate(config.model_dump(mode="json")) == config
    assert hash((config.init, config.init_request))


def test_a_network_starts_from_the_trunk_and_draws_the_rest_as_ever() -> None:
    trunk = trunk_in(trained())
    config = toy_config(pretext=PuzzlingConfig())
    loader = MemoryLoader(*blobs(8, 32), batch=8, shuffle=True)
    plain, started = (
        build_session(
            config,
            train=loader,
            validation=loader,
            labels=HeadPoseConfig().labels,
            device=torch.device("cpu"),
            trunk=weights,
        ).network
        for weights in (None, trunk)
    )
    assert_same(started.trunk.state_dict(), trunk)
    assert_same(started.head.state_dict(), plain.head.state_dict())
    assert_same(started.branches.state_dict(), plain.branches.state_dict())
