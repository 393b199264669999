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

from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.exported.folder import ONNX, read_network
from trainables.exported.onnx_file import OnnxNetwork
from trainables.model.network import HeadPoseNetwork
from trainables.pose.angles import ANGLES
from trainables.pose.geometry import geodesic_deg

MARGIN = 4.0
"""How many times the trained network's own rounding error the exported one may differ from it. In 36 sound
exports (three ResNets, three heads, images of noise and flat ones) it was at most 1.7 times."""

LEAST_DEG = 1e-6
"""Allowed even where the trained network's own rounding error is nothing: the last digit of some degrees."""

BATCH = 16

Images = npt.NDArray[np.uint8]
Poses = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Differences:
    """The largest difference of any image's pose from the trained network's, in degrees.

    What is allowed follows from the network: nearly all of the difference is the rounding of the trunk in
    float32, a few millionths of the raw outputs, and a head turns that into degrees by a factor of its own
    (1 for `regression`, about 57 for `rot6d`).
    """

    safetensors_deg: float
    onnx_deg: float
    allowed_deg: float
    same_weights: bool
    """Whether the safetensors hold the trained weights to the bit."""

    @property
    def allowed(self) -> bool:
        """Whether the weights are the same and both differences small enough; NaN is not."""
        gaps = (self.safetensors_deg, self.onnx_deg)
        return self.same_weights and all(gap <= self.allowed_deg for gap in gaps)


def compare(folder: Path, trained: HeadPoseNetwork, images: Images) -> Differences:
    """Load the network in `folder` and compare its poses with the trained one's on images [N, 3, H, W].

    The trained network gets them as in training: scaled to 0..1, then normalised. Computed in float64 too, it
    shows how much float32 rounds.
    """
    exported, _ = read_network(folder)
    onnx = OnnxNetwork(folder / ONNX, threads=torch.get_num_threads())
    single, double = trained.supervised().eval(), copy.deepcopy(trained.supervised()).double().eval()
    decode = single.head.decode
    expected = _in_batches(lambda batch: trained_poses(single, decode, batch), images)
    rounding_deg = _largest(_in_batches(lambda batch: trained_poses(double, decode, batch), images), expected)
    return Differences(
        safetensors_deg=_largest(expected, _in_batches(lambda batch: _poses(exported, batch), images)),
        onnx_deg=_largest(expected, _in_batches(onnx.poses_deg, images)),
        allowed_deg=MARGIN * rounding_deg + LEAST_DEG,
        same_weights=_same(single.state_dict(), exported.network.state_dict()),
    )


@torch.inference_mode()
def trained_poses(network: HeadPoseNetwork, decode: Callable[[Tensor], Tensor], images: Images) -> Poses:
    """Return the poses [N, A] as `Session.evaluate` has them; raw outputs in the precision of the network."""
    dtype = next(network.parameters()).dtype
    mean, std = (
        torch.tensor(values, dtype=dtype).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD)
    )
    normalised = (torch.from_numpy(images).to(dtype) / 255 - mean) / std
    poses: Poses = decode(network(normalised).pose_raw).numpy()
    return poses


def _same(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> bool:
    return weights.keys() == others.keys() and all(
        torch.equal(weights[name], others[name]) for name in weights
    )


@torch.inference_mode()
def _poses(network: torch.nn.Module, images: Images) -> Poses:
    poses: Poses = network(torch.from_numpy(images)).numpy()
    return poses


def _in_batches(poses: Callable[[Images], Poses], images: Images) -> Poses:
    return np.concatenate([poses(images[at : at + BATCH]) for at in range(0, len(images), BATCH)])


def _largest(expected: Poses, got: Poses) -> float:
    """Return the largest difference of an angle, or of the rotation where that is smaller.

    Near a yaw of 90 degrees pitch and roll of almost the same rotation differ by any amount (gimbal lock).
    """
    apart = np.abs(expected.astype(np.float64) - got).max(axis=1)
    if expected.shape[1] == len(ANGLES):
        apart = np.minimum(apart, geodesic_deg(expected, got))
    return float(apart.max())
