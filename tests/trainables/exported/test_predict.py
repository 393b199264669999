"""Predicting: what the network sees of an image, and the message for a broken one."""

from __future__ import annotations

import csv
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from support.poses import target
from torch import Tensor, nn

from trainables.base.errors import InputError
from trainables.data.images import SIDE_PX, drawn
from trainables.exported import NetworkCard
from trainables.exported.predict import BATCH, PoseModel, predict_files, render
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.target import HeadPoseConfig

PX = 32


class MeanColours(nn.Module):
    """Answers the mean red, green and blue of what it sees: tells which pixels reached it."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def forward(self, image: Tensor) -> Tensor:
        assert image.dtype == torch.uint8 and image.shape[1:] == (3, PX, PX)
        self.batches.append(len(image))
        return image.float().mean(dim=(2, 3))

    def outputs(self, image: Tensor) -> tuple[Tensor, ...]:
        return (self(image),)


class CertainColours(MeanColours):
    """Says too how uncertain it is: the less red, the more."""

    def outputs(self, image: Tensor) -> tuple[Tensor, ...]:
        colours = self(image)
        return colours, -colours[:, 0]


def model(angles: tuple[str, ...] = ("yaw", "pitch", "roll")) -> PoseModel:
    card = NetworkCard(backbone=ResNet10Config(), head=RegressionConfig(), angles=angles, image_px=PX)
    return PoseModel(MeanColours(), card)


def noise(height: int = PX, width: int = PX, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_one_image_is_the_same_as_array_file_and_pil_image(tmp_path: Path) -> None:
    pixels = noise()
    path = tmp_path / "face.png"
    Image.fromarray(pixels).save(path)
    expected = pixels.mean(axis=(0, 1))[None]
    for given in (pixels, pixels[None], [pixels], path, str(path), [path], Image.fromarray(pixels)):
        poses = model().predict(given)
        assert poses.shape == (1, 3) and poses.dtype == np.float32
        np.testing.assert_allclose(poses, expected, atol=1e-3)


def test_many_images_keep_their_order_and_come_in_batches() -> None:
    images = np.stack([noise(seed=seed) for seed in range(2 * BATCH + 3)])
    network = model()
    np.testing.assert_allclose(network.predict(images), images.mean(axis=(1, 2)), atol=1e-3)
    np.testing.assert_allclose(network.predict(iter(images)), images.mean(axis=(1, 2)), atol=1e-3)
    assert network._network.batches == [BATCH, BATCH, 3] * 2
    assert network.predict([]).shape == (0, 3)


def test_the_middle_square_is_seen() -> None:
    wide = np.zeros((40, 100, 3), np.uint8)
    wide[:, 30:70] = (10, 20, 30)
    tall = np.ascontiguousarray(wide.transpose(1, 0, 2))
    np.testing.assert_allclose(model().predict([wide, tall]), [[10, 20, 30]] * 2, atol=0.5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_an_image_upright(tmp_path: Path, orientation: int) -> None:
    """An image stored on its side, whose middle square differs from that of the upright one."""
    upright = Image.fromarray(noise(40, 64))
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    stored.save(path, exif=exif)
    seen: list[Tensor] = []
    network = model()
    network._network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    network.predict([path, upright])
    assert torch.equal(seen[0][0], seen[0][1])


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK", "YCbCr"])
def test_other_kinds_of_images_are_made_rgb(mode: str) -> None:
    image = Image.new("RGB", (PX, PX), (255, 255, 255)).convert(mode)
    np.testing.assert_allclose(model().predict(image), [[255, 255, 255]], atol=1)


def test_every_broken_image_is_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    good, text, cut, deep = (tmp_path / name for name in ("good.png", "text.jpg", "cut.jpg", "deep.png"))
    Image.fromarray(noise()).save(good)
    text.write_text("not an image")
    Image.fromarray(noise(200, 200)).save(cut)
    cut.write_bytes(cut.read_bytes()[:4000])
    Image.fromarray(noise()[..., 0].astype(np.uint16)).save(deep)  # 8 bits in 16
    tiny = tmp_path / "tiny.png"
    Image.fromarray(noise(4, 50)).save(tiny)
    broken = {
        text: "not an image",
        tmp_path / "gone.png": "no such file",
        cut: "truncated",
        tmp_path: "a folder",
        deep: "8 bits per channel",
        tiny: "4 px",
    }
    files = [good] * BATCH + [*broken, good]
    with pytest.raises(InputError) as caught:
        predict_files(model(), files, tmp_path / "out")
    assert [fault.file for fault in caught.value.faults] == [str(path) for path in broken]
    for fault, reason in zip(caught.value.faults, broken.values(), strict=True):
        assert reason in fault.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_pose_that_is_no_number_is_refused_with_its_image(tmp_path: Path, value: float) -> None:
    class Broken(MeanColours):
        def forward(self, image: Tensor) -> Tensor:
            poses = super().forward(image)
            return torch.where(poses > 250, value, poses)

    white, grey = tmp_path / "white.png", tmp_path / "grey.png"
    for file, level in ((white, 255), (grey, 90)):
        Image.new("RGB", (PX, PX), (level, 90, 90)).save(file)
    broken = PoseModel(Broken(), model().card)
    with pytest.raises(InputError, match=r"white.png: the network's output is not a number"):
        predict_files(broken, [grey, white], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert np.isfinite(broken.predict([grey])).all()


@pytest.mark.parametrize("side", [9_000, 13_000, 60_000])
def test_a_giant_image_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    """A file of a kilobyte; decoded it would be up to fourteen gigabytes."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [ihdr, b"IDAT" + zlib.compress(bytes(1000)), b"IEND"]
    parts = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    giant = tmp_path / "giant.png"
    giant.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    Image.fromarray(noise()).save(tmp_path / "good.png")
    with pytest.raises(InputError, match=r"giant\.png: .*more than 64 megapixels: crop the face") as caught:
        predict_files(model(), [tmp_path / "good.png", giant], tmp_path / "out")
    assert len(caught.value.faults) == 1


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_any_damage_to_a_file_is_a_fault_with_its_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    network = model()
    for form in ("png", "jpeg", "gif", "webp", "tiff", "bmp"):
        whole = io.BytesIO()
        Image.fromarray(noise(24, 24)).save(whole, form)
        for number in range(25):
            content = bytearray(whole.getvalue())
            for place in rng.integers(0, min(len(content), 120), 3):
                content[place] = rng.integers(0, 256)
            path = tmp_path / f"{number}.{form}"
            path.write_bytes(content)
            try:
                assert network.predict(path).shape == (1, 3)
            except InputError as error:
                assert [fault.file for fault in error.faults] == [str(path)]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((PX, PX, 3), np.float32),
        np.zeros((PX, PX), np.uint8),
        np.zeros((2, 3, PX, PX), np.uint8),
        np.zeros((0, PX, 3), np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_arrays_that_are_not_images_are_refused(array: np.ndarray) -> None:
    with pytest.raises(InputError, match="RGB uint8"):
        model().predict(array)


def test_files_of_one_name_get_images_of_their_own_and_stay_as_they_are(tmp_path: Path) -> None:
    files = [tmp_path / "a" / "face.png", tmp_path / "b" / "face.png", tmp_path / "b" / "face.jpg"]
    for seed, file in enumerate(files):
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(seed=seed)).save(file)
    before = [file.read_bytes() for file in files]
    predictions = predict_files(model(), files, tmp_path / "b")
    written = [prediction.drawn for prediction in predictions]
    assert [path.name for path in written] == ["face_pose.png", "face_pose_2.png", "face_pose_3.png"]
    assert [Image.open(path).size for path in written] == [(SIDE_PX[0], SIDE_PX[0])] * 3
    assert [file.read_bytes() for file in files] == before


def test_axes_are_drawn_along_the_pose() -> None:
    """Blue, the nose, lies left of the middle for a positive yaw and above it for a positive pitch."""
    grey = Image.new("RGB", (300, 400), (128, 128, 128))

    def nose(pose_deg: list[float]) -> tuple[float, float]:
        pixels = np.asarray(drawn(grey, target(), pose_deg)).astype(int)
        assert pixels.shape == (300, 300, 3)
        blue = np.argwhere((pixels[..., 2] > 200) & (pixels[..., 0] < 100))
        return tuple(blue.mean(axis=0) - 150)

    assert nose([60, 0, 0])[1] < -20
    assert nose([-60, 0, 0])[1] > 20
    assert nose([0, 45, 0])[0] < -20


def test_what_is_printed_is_what_was_predicted(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in ("first", "second")]
    for seed, file in enumerate(files):
        Image.fromarray(noise(seed=seed)).save(file)
    predictions = predict_files(model(), files, tmp_path / "out")
    poses = model().predict(files)
    rows = list(csv.DictReader(io.StringIO(render(predictions, "csv"))))
    assert [row["file"] for row in rows] == [str(file) for file in files]
    for kept in (rows, json.loads(render(predictions, "json"))):
        values = [[float(row[f"{angle}_deg"]) for angle in ("yaw", "pitch", "roll")] for row in kept]
        np.testing.assert_allclose(values, poses, rtol=1e-6)
    head, first, _ = render(predictions, "table").splitlines()
    assert head.split() == ["yaw", "pitch", "roll"]
    assert first.split()[:2] == [str(files[0]), f"{poses[0, 0]:+.1f}°"]
    assert len(head) == first.index("°", first.rindex("°")) + 1  # titles stand above the last digit
    assert model().entropies(files) is None


def test_what_a_network_says_of_its_certainty_is_printed_and_returned(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in ("first", "second")]
    for seed, file in enumerate(files):
        Image.fromarray(noise(seed=seed)).save(file)
    certain = PoseModel(CertainColours(), model().card)
    expected = -model().predict(files)[:, 0]
    np.testing.assert_array_equal(certain.entropies(files), expected)
    np.testing.assert_array_equal(certain.predict(files), model().predict(files))
    predictions = predict_files(certain, files, tmp_path / "out")
    for form in ("csv", "json"):
        rows = (
            json.loads(render(predictions, form))
            if form == "json"
            else csv.DictReader(io.StringIO(render(predictions, form)))
        )
        np.testing.assert_allclose([float(row["entropy_nats"]) for row in rows], expected, rtol=1e-6)
    head, first, _ = render(predictions, "table").splitlines()
    assert head.split() == ["yaw", "pitch", "roll", "entropy"]
    assert f"{expected[0]:.2f}" in first and head.index("entropy") + len("entropy") == first.index(
        f"{expected[0]:.2f}"
    ) + len(f"{expected[0]:.2f}")


def test_a_drawn_image_is_named_by_the_output_without_its_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(noise(seed=0)).save(tmp_path / "face.png")
    network = model()
    monkeypatch.setattr(HeadPoseConfig, "output", "gaze_deg")
    (prediction,) = predict_files(network, [tmp_path / "face.png"], tmp_path)
    assert prediction.drawn == tmp_path / "face_gaze.png"
