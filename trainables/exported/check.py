"""Compares an exported network with the trained one on the same images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.exported.folder import ONNX, read_network
from trainables.exported.onnx_file import OnnxNetwork
from trainables.model.network import HeadPoseNetwork
from trainables.pose.angles import ANGLES
from trainables.pose.geometry import geodesic_deg

TOLERANCE_DEG = 1e-3
"""Largest difference allowed: a hundredth of a typical difference between networks, and twice the largest
float32 noise seen: 4e-4, of a ResNet-50 on images unlike those that it was trained on."""

BATCH = 16

Images = npt.NDArray[np.uint8]
Poses = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Differences:
    """The largest difference of any image's pose from the trained network's, in degrees."""

    safetensors_deg: float
    onnx_deg: float

    @property
    def allowed(self) -> bool:
        """Whether both are within `TOLERANCE_DEG`; NaN is not."""
        return self.safetensors_deg <= TOLERANCE_DEG and self.onnx_deg <= TOLERANCE_DEG


def compare(folder: Path, trained: HeadPoseNetwork, images: Images) -> Differences:
    """Load the network in `folder` and compare its poses with the trained one's on images [N, 3, H, W].

    The trained network gets them as in training: scaled to 0..1, then normalised.
    """
    exported, _ = read_network(folder)
    onnx = OnnxNetwork(folder / ONNX, threads=torch.get_num_threads())
    expected = _in_batches(lambda batch: trained_poses(trained, batch), images)
    return Differences(
        safetensors_deg=_largest(expected, _in_batches(lambda batch: _poses(exported, batch), images)),
        onnx_deg=_largest(expected, _in_batches(onnx.poses_deg, images)),
    )


@torch.inference_mode()
def trained_poses(network: HeadPoseNetwork, images: Images) -> Poses:
    """Return the poses [N, A] of a network as `Session.evaluate` has them, on the CPU."""
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    normalised = (torch.from_numpy(images).float() / 255 - mean) / std
    supervised = network.supervised().eval()
    poses: Poses = supervised.head.decode(supervised(normalised).pose_raw).numpy()
    return poses


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
