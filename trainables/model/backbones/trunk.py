"""The trunk of a network: a stem and four stages, whose feature maps a head and branches take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from trainables.pretext.attachment import STAGES


class Trunk(nn.Module):
    """A stem, then four stages; `channels` are those of the feature maps after each stage.

    The modules run in the order given, those of the stem before the stages. Their names are those of the
    weights in files (`layer1.0.conv1.weight`). Raises `ValueError` for another number of stages.
    """

    def __init__(
        self, stem: Mapping[str, nn.Module], stages: Mapping[str, nn.Module], channels: Sequence[int]
    ) -> None:
        super().__init__()
        if len(stages) != STAGES or len(channels) != STAGES:
            raise ValueError(f"a trunk has {STAGES} stages, got {len(stages)} with {len(channels)} channels")
        self._stem, self._stages = tuple(stem), tuple(stages)
        self.channels = tuple(channels)
        for name, module in {**stem, **stages}.items():
            self.add_module(name, module)

    def forward(
        self, images: Tensor, *, stages: int = STAGES, leaving: int = 0, after: int = 0
    ) -> list[Tensor]:
        """Return the feature maps after stages 1 to `stages` of images [B, 3, H, W], [B, C, h, w] each.

        The first `leaving` images go no further than stage `after`: later maps have B - leaving rows.
        """
        x = images
        for name in self._stem:
            x = getattr(self, name)(x)
        maps = []
        for number, name in enumerate(self._stages[:stages], start=1):
            x = getattr(self, name)(x[leaving:] if leaving and number == after + 1 else x)
            maps.append(x)
        return maps

    def parameters_up_to(self, stage: int) -> list[nn.Parameter]:
        """Return the parameters of the stem and of the stages 1 to `stage`."""
        modules = (getattr(self, name) for name in (*self._stem, *self._stages[:stage]))
        return [parameter for module in modules for parameter in module.parameters()]
