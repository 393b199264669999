"""The trunk of a plain vision transformer [Dosovitskiy et al. 2021]: four stages of equally many blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from trainables.pretext.attachment import STAGES


class VitTrunk(nn.Module):
    """Patches, positions and blocks of one of timm's models, under timm's names; `model` is used up.

    Stages 1 to 4 end behind a quarter, half, three quarters and the last of the blocks, each rounded up. All
    maps are [B, D, H / patch, W / patch]: the tokens of the patches. The last map is behind the final norm.
    Tokens of no patch (class, distillation, registers) take part in all blocks and are in no map: the pose is
    read from the mean of the patches, as from the mean of any other backbone's last map. Not all of these
    models have a class token, those of DINO are trained to be the same for other crops of an image, and so a
    helper at flag 4 learns from what the pose is read from.

    `beside` are the beginnings of the names of other weights in files of the model: a classifier's. Raises
    `ValueError` for a model with fewer blocks than stages.
    """

    def __init__(self, model: Any, *, beside: Sequence[str]) -> None:
        super().__init__()
        depth, patch_px = len(model.blocks), model.patch_embed.patch_size[0]
        if depth < STAGES:
            raise ValueError(f"a trunk has {STAGES} stages, got {depth} blocks")
        self.channels, self.strides = (model.embed_dim,) * STAGES, (patch_px,) * STAGES
        self.beside = tuple(beside)
        self._ends = tuple(-(-depth * stage // STAGES) for stage in range(STAGES + 1))  # of blocks
        self._places_patches_alone: bool = model.no_embed_class
        self._turns_by_block: bool = getattr(model, "rope_mixed", False)
        self.patch_embed, self.norm_pre, self.blocks = model.patch_embed, model.norm_pre, model.blocks
        self.norm, self.fc_norm = model.norm, model.fc_norm  # one does nothing: before or behind timm's pool
        self.rope = getattr(model, "rope", None)
        self.pos_embed, self.cls_token, self.reg_token = model.pos_embed, model.cls_token, model.reg_token
        self.dist_token = getattr(model, "dist_token", None)

    def forward(
        self, images: Tensor, *, stages: int = STAGES, leaving: int = 0, after: int = 0
    ) -> list[Tensor]:
        """Return the feature maps after stages 1 to `stages` of images [B, 3, H, W], as `Trunk` does.

        The patch divides H and W.
        """
        tokens, grid = self._embedded(images)
        turns = self._turns(grid, images.device)
        maps = []
        for stage in range(1, stages + 1):
            tokens = tokens[leaving:] if leaving and stage == after + 1 else tokens
            for number in range(self._ends[stage - 1], self._ends[stage]):
                tokens = self.blocks[number](tokens, **turns[number] if turns else {})
            tokens = self.fc_norm(self.norm(tokens)) if stage == STAGES else tokens
            patches = tokens[:, -grid[0] * grid[1] :]
            maps.append(patches.transpose(1, 2).unflatten(2, grid))  # [B, D, h, w], laid out channels last
        return maps

    def parameters_up_to(self, stage: int) -> list[nn.Parameter]:
        """Return the parameters of all that is before the blocks and of the stages 1 to `stage`."""
        later = [*self.blocks[self._ends[stage] :]]
        if stage < STAGES:
            later += [self.norm, self.fc_norm]
        left_out = {parameter for module in later for parameter in module.parameters()}
        return [parameter for parameter in self.parameters() if parameter not in left_out]

    def _embedded(self, images: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Return all tokens [B, N, D] before the first block, those of patches last, and their grid."""
        patches = self.patch_embed(images)  # [B, h, w, D]
        grid = int(patches.shape[1]), int(patches.shape[2])
        others = [each for each in (self.cls_token, self.dist_token, self.reg_token) if each is not None]
        tokens = [*(each.expand(images.shape[0], -1, -1) for each in others), patches.flatten(1, 2)]
        if self.pos_embed is not None and self._places_patches_alone:
            tokens[-1] = tokens[-1] + self._positions(grid, 0)
        embedded = torch.cat(tokens, dim=1)
        if self.pos_embed is not None and not self._places_patches_alone:
            embedded = embedded + self._positions(grid, embedded.shape[1] - grid[0] * grid[1])
        return self.norm_pre(embedded), grid

    def _positions(self, grid: tuple[int, int], others: int) -> Tensor:
        """Return the positions' embeddings [1, N, D] for a grid of patches, resampled from the model's own.

        The weights keep the model's grid, so that one file fits images of all sizes, as do copies of a batch.
        """
        from timm.layers.pos_embed import resample_abs_pos_embed

        own = self.patch_embed.grid_size
        resampled: Tensor = resample_abs_pos_embed(
            self.pos_embed, new_size=list(grid), old_size=own, num_prefix_tokens=others
        )
        return resampled

    def _turns(self, grid: tuple[int, int], device: torch.device) -> list[dict[str, Tensor]]:
        """Return what each block turns queries and keys by, where it does [Su et al. 2021]; else nothing."""
        if self.rope is None:
            return []
        with device:  # timm computes places on the CPU else, for which a GPU would be waited
            turns = self.rope.get_embed(shape=list(grid))
        return [{"rope": turns[n] if self._turns_by_block else turns} for n in range(len(self.blocks))]
