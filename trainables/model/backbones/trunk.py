"""The trunk of a network: a stem and four stages, whose feature maps a head and branches take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from trainables.pretext.attachment import STAGES, STRIDES

Modules = Mapping[str, nn.Module]


class Trunk(nn.Module):
    """A stem, then four stages; `channels` and `strides` are those of the feature maps after each stage.

    The modules run in the order given, those of the stem before the stages; a stage is one module by its
    name, or several. Their names are those of the weights in files (`layer1`, `blocks.0`). `beside` are the
    beginnings of the names of other weights in such files: a classifier's. Raises `ValueError` for another
    number of stages.
    """

    strides = STRIDES

    def __init__(
        self,
        stem: Modules,
        stages: Modules | Sequence[Modules],
        channels: Sequence[int],
        *,
        beside: Sequence[str] = ("fc.",),
    ) -> None:
        super().__init__()
        each = [{name: stages[name]} for name in stages] if isinstance(stages, Mapping) else stages
        if len(each) != STAGES or len(channels) != STAGES:
            raise ValueError(f"a trunk has {STAGES} stages, got {len(each)} with {len(channels)} channels")
        self._stem, self._stages = tuple(stem), tuple(tuple(stage) for stage in each)
        self.channels, self.beside = tuple(channels), tuple(beside)
        for part in (stem, *each):
            for name, module in part.items():
                self._add(name, module)

    def forward(
        self, images: Tensor, *, stages: int = STAGES, leaving: int = 0, after: int = 0
    ) -> list[Tensor]:
        """Return the feature maps after stages 1 to `stages` of images [B, 3, H, W], [B, C, h, w] each.

        The first `leaving` images go no further than stage `after`; later maps have B - `leaving` rows.
        """
        x = self._run(self._stem, images)
        maps = []
        for number, names in enumerate(self._stages[:stages], start=1):
            x = self._run(names, x[leaving:] if leaving and number == after + 1 else x)
            maps.append(x)
        return maps

    def parameters_up_to(self, stage: int) -> list[nn.Parameter]:
        """Return the parameters of the stem and of the stages 1 to `stage`."""
        names = (*self._stem, *(name for names in self._stages[:stage] for name in names))
        return [parameter for name in names for parameter in self.get_submodule(name).parameters()]

    def _run(self, names: Sequence[str], x: Tensor) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x

    def _add(self, name: str, module: nn.Module) -> None:
        """Add a module under its dotted name."""
        *folders, last = name.split(".")
        parent: nn.Module = self
        for folder in folders:
            if folder not in dict(parent.named_children()):
                parent.add_module(folder, nn.Module())
            parent = parent.get_submodule(folder)
        parent.add_module(last, module)
