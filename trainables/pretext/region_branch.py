"""The module of a branch that classifies regions."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from trainables.losses.kinds import RegionReduction
from trainables.losses.losses import region_cross_entropy
from trainables.pretext.branch import Seen
from trainables.pretext.fork import Fork


@dataclass(frozen=True)
class RegionAnswers:
    """What the branch says of a step: logits [N, R, C], beside the labels int64 [N, R]."""

    logits: Tensor
    labels: Tensor


class RegionBranch(nn.Module):
    """A block, then a linear classifier for each region: one layer gives all, which equals one for each."""

    def __init__(
        self,
        fork: Fork,
        name: str,
        *,
        regions: int,
        classes: int,
        dropout: float,
        reduction: RegionReduction,
    ) -> None:
        super().__init__()
        neck = fork.neck()
        self.stage, self.name, self.reduction = fork.stage, name, reduction
        self.regions, self.classes = regions, classes
        self.block, self.pool = neck.block, neck.pool
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(neck.features, regions * classes)

    def forward(self, seen: Seen) -> RegionAnswers:
        """Return the answers for the maps after its stage."""
        features = self.pool(self.block(seen.maps[self.stage - 1])).flatten(1)
        logits = self.linear(self.dropout(features)).view(-1, self.regions, self.classes)
        return RegionAnswers(logits, seen.labels[self.name])

    def losses(self, answers: RegionAnswers) -> dict[str, Tensor]:
        """Return the cross-entropy [] of the regions together."""
        return {self.name: region_cross_entropy(answers.logits, answers.labels, self.reduction)}

    def measure(self, answers: RegionAnswers) -> dict[str, Tensor]:
        """Return the share [] of right answers."""
        return {f"{self.name}_accuracy": (answers.logits.argmax(dim=-1) == answers.labels).float().mean()}

    def after_step(self, trunk: nn.Module, progress: float) -> None:
        """Change nothing: the branch has no state."""
