"""How a network computes on its device: memory layout and precision, the same in training and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from trainables.base.errors import InputError
from trainables.training.config import Precision

NetworkT = TypeVar("NetworkT", bound=nn.Module)


@dataclass(frozen=True)
class Execution:
    """A device, and whether the network computes in fp16 there where that is safe (autocast).

    On a GPU weights and images are laid out channels last, which its convolutions are fastest on.
    """

    device: torch.device
    mixed: bool

    @classmethod
    def of(cls, device: torch.device, precision: Precision) -> Execution:
        """Resolve `auto`: `mixed` on a GPU, `fp32` on a CPU. Raises `InputError` for `mixed` on a CPU."""
        on_gpu = device.type == "cuda"
        if precision == "mixed" and not on_gpu:
            raise InputError("precision: 'mixed' needs a GPU; 'auto' takes it where there is one")
        return cls(device, on_gpu and precision != "fp32")

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
        return torch.autocast(self.device.type, dtype=torch.float16, enabled=self.mixed)
