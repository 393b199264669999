"""A branch that embeds both views alike, and compares the two with a loss that keeps them from collapsing."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from trainables.pretext.branch import Seen
from trainables.pretext.embeddings.collapse import spread_name
from trainables.pretext.embeddings.projector import Projector, spread
from trainables.pretext.fork import Fork


class PairBranch(nn.Module):
    """A projector; `loss` takes the embeddings [N, D] of one view and of the other, in fp32."""

    def __init__(
        self, fork: Fork, name: str, *, hidden: int, features: int, loss: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.stage, self.name, self.loss = fork.stage, name, loss
        self.projector = Projector(fork, hidden=hidden, features=features)

    def forward(self, seen: Seen) -> Tensor:
        """Return the embeddings [2N, D] of both views."""
        embedded: Tensor = self.projector(seen.maps[self.stage - 1])
        return embedded

    def losses(self, embedded: Tensor) -> dict[str, Tensor]:
        """Return the loss of one view beside the other."""
        one, other = embedded.float().chunk(2)
        return {self.name: self.loss(one, other)}

    def measure(self, embedded: Tensor) -> dict[str, Tensor]:
        """Return the spread of the embeddings."""
        return {spread_name(self.name): spread(embedded)}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Change nothing: the branch has no state."""
