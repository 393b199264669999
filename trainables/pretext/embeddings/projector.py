"""From feature maps to an embedding, and how far the embeddings of a batch are from being all the same."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.pretext.fork import Fork


def perceptron(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    """Return two linear layers with BatchNorm and a ReLU between them."""
    return nn.Sequential(
        nn.Linear(inputs, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, outputs)
    )


class Projector(nn.Module):
    """A branch's block, a pool, and two linear layers: from maps [B, C, H, W] to embeddings [B, features].

    With `norm` the embeddings are normalised over the batch, as SimSiam's are.
    """

    def __init__(self, fork: Fork, *, hidden: int, features: int, norm: bool = False) -> None:
        super().__init__()
        neck = fork.neck()
        self.block, self.pool = neck.block, neck.pool
        self.layers = perceptron(neck.features, hidden, features)
        self.norm = nn.BatchNorm1d(features, affine=False) if norm else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Return the embeddings [B, features]."""
        embedded: Tensor = self.norm(self.layers(self.pool(self.block(maps)).flatten(1)))
        return embedded


def spread(embedded: Tensor) -> Tensor:
    """Return the spread [] of embeddings [B, D]: sqrt(D) times the mean standard deviation of a feature of
    embeddings of length 1 [Chen and He 2021, figure 2].

    It is 1 where they point in all directions alike, and 0 where all are the same: they have collapsed.
    """
    unit = F.normalize(embedded.float())
    return math.sqrt(embedded.shape[1]) * unit.std(dim=0, correction=0).mean()


def other_view(rows: Tensor) -> Tensor:
    """Return rows [2N, D] of two views, the one changed for the other."""
    return torch.cat(rows.chunk(2)[::-1])
