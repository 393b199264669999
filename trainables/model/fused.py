"""Merges what a network needs in training alone: parallel convolutions and the norms behind them.

RepVGG, MobileOne, RepViT and FastViT are trained with several branches in place of each convolution that is
left of them.
"""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn

NetworkT = TypeVar("NetworkT", bound=nn.Module)

WAYS = ("fuse", "reparameterize", "switch_to_deploy")
"""Methods of modules that do it, as timm calls them: the first returns a module, the others change theirs."""


def fused(network: NetworkT) -> NetworkT:
    """Return a network to evaluate that computes the same with fewer operations; itself where it cannot."""
    if not any(hasattr(module, way) for module in network.modules() for way in WAYS):
        return network
    merged = copy.deepcopy(network).eval()
    _fuse(merged)
    return merged


def _fuse(parent: nn.Module) -> None:
    for name, module in parent.named_children():
        child: Any = module
        if hasattr(child, "fuse"):
            setattr(parent, name, child.fuse())
        elif hasattr(child, "reparameterize"):
            child.reparameterize()
        elif hasattr(child, "switch_to_deploy"):
            child.switch_to_deploy()
        _fuse(child)
