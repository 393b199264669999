"""Compares an exported network with the trained one on the same images."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainables.data.normalization import IMAGENET, Normalization
from trainables.exported.folder import ONNX, read_network
from trainables.exported.onnx_file import OnnxNetwork
from trainables.model.network import HeadPoseNetwork
from trainables.target import Target
from trainables.target.metric import Unit

MARGIN = 4.0
"""How many times the trained network's own rounding error the exported one may differ from it. In 36 sound
exports (three ResNets, three heads, images of noise and flat ones) it was at most 1.7 times."""

LEAST = 1e-6
"""Allowed even where the trained network's own rounding error is nothing: the last digit of some degrees."""

BATCH = 16

Images = npt.NDArray[np.uint8]
Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Differences:
    """The largest difference of any image's labels from the trained network's, in their `unit`.

    What is allowed follows from the network: nearly all of the difference is the rounding of the trunk in
    float32, a few millionths of the raw outputs, and a head turns that into labels by a factor of its own
    (1 for `regression`, about 57 for `rot6d`).
    """

    safetensors: float
    onnx: float
    allowed_gap: float
    unit: Unit
    same_weights: bool
    """Whether the safetensors hold the trained weights to the bit."""

    @property
    def allowed(self) -> bool:
        """Whether the weights are the same and both differences small enough; NaN is not."""
        gaps = (self.safetensors, self.onnx)
        return self.same_weights and all(gap <= self.allowed_gap for gap in gaps)


def compare(
    folder: Path, trained: HeadPoseNetwork, images: Images, normalization: Normalization = IMAGENET
) -> Differences:
    """Load the network in `folder` and compare its predictions with the trained one's on images [N, 3, H, W].

    The trained network gets them as in training: scaled to 0..1, then normalised. Computed in float64 too, it
    shows how much float32 rounds.
    """
    exported, card = read_network(folder)
    target = card.target.build(card.labels)
    onnx = OnnxNetwork(folder / ONNX, threads=torch.get_num_threads())
    single, double = trained.supervised().eval(), copy.deepcopy(trained.supervised()).double().eval()
    decode = single.head.decode
    expected = _in_batches(lambda batch: trained_predictions(single, decode, batch, normalization), images)
    exact = _in_batches(lambda batch: trained_predictions(double, decode, batch, normalization), images)
    rounding = _largest(target, exact, expected)
    return Differences(
        safetensors=_largest(
            target, expected, _in_batches(lambda batch: _predictions(exported, batch), images)
        ),
        onnx=_largest(target, expected, _in_batches(onnx.predict, images)),
        allowed_gap=MARGIN * rounding + LEAST,
        unit=card.target.metrics[0].unit,
        same_weights=_same(single.state_dict(), exported.network.state_dict()),
    )


@torch.inference_mode()
def trained_predictions(
    network: HeadPoseNetwork,
    decode: Callable[[Tensor], Tensor],
    images: Images,
    normalization: Normalization,
) -> Values:
    """Return the labels [N, L] as `Session.evaluate` has them, in the precision of the network."""
    dtype = next(network.parameters()).dtype
    scale = (normalization.mean, normalization.std)
    mean, std = (torch.tensor(values, dtype=dtype).view(1, 3, 1, 1) for values in scale)
    normalised = (torch.from_numpy(images).to(dtype) / 255 - mean) / std
    values: Values = decode(network(normalised).pose_raw).numpy()
    return values


def _same(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> bool:
    return weights.keys() == others.keys() and all(
        torch.equal(weights[name], others[name]) for name in weights
    )


@torch.inference_mode()
def _predictions(network: torch.nn.Module, images: Images) -> Values:
    values: Values = network(torch.from_numpy(images)).numpy()
    return values


def _in_batches(predict: Callable[[Images], Values], images: Images) -> Values:
    return np.concatenate([predict(images[at : at + BATCH]) for at in range(0, len(images), BATCH)])


def _largest(target: Target, expected: Values, got: Values) -> float:
    """Return how far apart the predictions of an image are at most."""
    return float(target.apart(expected, got).max())
