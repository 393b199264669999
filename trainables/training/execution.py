"""How a network computes on its device: memory layout and precision, the same in training and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from trainables.base.errors import InputError
from trainables.training.config import HALF, Precision

NetworkT = TypeVar("NetworkT", bound=nn.Module)

DTYPES: dict[Precision, torch.dtype] = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    "fp32": torch.float32,
}
AMPERE, VOLTA = (8, 0), (7, 0)
"""Compute capabilities: the first with fast bf16, and the first with tensor cores."""


@dataclass(frozen=True)
class Execution:
    """A device, and the type that the network computes in there where that is safe (autocast).

    On a GPU weights and images are laid out channels last, which its convolutions are fastest on.
    """

    device: torch.device
    dtype: torch.dtype

    @classmethod
    def of(cls, device: torch.device, precision: Precision) -> Execution:
        """Resolve `auto` for a device. Raises `InputError` for half precision on a CPU.

        Convolutions of an fp32 run on a GPU take TF32 (10 bits of mantissa, sums in fp32), torch's default;
        matrix products, small in these networks, do not.
        """
        if precision in HALF and device.type != "cuda":
            raise InputError(f"precision: {precision!r} needs a GPU; 'auto' takes what a device is fast at")
        return cls(device, DTYPES[_of_device(device) if precision == "auto" else precision])

    @property
    def mixed(self) -> bool:
        """Whether half precision is mixed in."""
        return self.dtype != torch.float32

    @property
    def scales_loss(self) -> bool:
        """Whether gradients would vanish without it: fp16 has fewer exponents than fp32, bf16 as many."""
        return self.dtype == torch.float16

    @property
    def memory_format(self) -> torch.memory_format:
        """The layout of weights and images."""
        return torch.channels_last if self.device.type == "cuda" else torch.contiguous_format

    def place_network(self, network: NetworkT) -> NetworkT:
        """Move a network to the device, in place, and return it."""
        return network.to(device=self.device, memory_format=self.memory_format)  # type: ignore[call-overload,no-any-return]

    def place_images(self, images: Tensor) -> Tensor:
        """Return images [B, 3, H, W] as the network takes them."""
        return images.to(self.device).contiguous(memory_format=self.memory_format)

    def autocast(self) -> torch.autocast:
        """Return the context in which the network computes."""
        half = self.dtype if self.mixed else None  # a disabled autocast takes no fp32
        return torch.autocast(self.device.type, dtype=half, enabled=self.mixed)


def _of_device(device: torch.device) -> Precision:
    """Return what a device is fast at."""
    if device.type != "cuda":
        return "fp32"
    capability = torch.cuda.get_device_capability(device)
    return "bf16" if capability >= AMPERE else "fp16" if capability >= VOLTA else "fp32"
