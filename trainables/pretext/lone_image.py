"""Finds what BatchNorm cannot normalise in training: one image by itself whose maps are a single pixel."""

from __future__ import annotations

from collections.abc import Sequence

from trainables.pretext.attachment import STAGES, STRIDES
from trainables.pretext.pretext_config import PretextConfig, ViewedTask, viewed_tasks


def lone_image(
    task: PretextConfig, image_px: int, batch: int, strides: Sequence[int] = STRIDES
) -> str | None:
    """Return why a step of `batch` images cannot be normalised, or None; `strides` are those of the maps.

    Perturbed images are normalised apart from clean ones in the branch, and with `norm: split` in the trunk
    too. So are then the clean ones, and beyond the flag wherever the pose is learned from them alone. Of a
    plug-in's task without these settings nothing is known.
    """
    reasons = (_lone_image(each, image_px, batch, strides) for each in viewed_tasks(task))
    return next(filter(None, reasons), None)


def _lone_image(task: ViewedTask, image_px: int, batch: int, strides: Sequence[int]) -> str | None:
    attachment, view = task.attachment(), task.build_view()
    perturbed, clean = view.counts(batch, task.uses)
    poses_are_clean = task.view.poses_are_clean
    flag = STAGES if attachment is None else attachment.flag
    least_px = round(image_px * task.view.sizes.least)
    perturbed_px = (
        [_map_px(least_px, strides, flag if poses_are_clean else STAGES)] if view.norm_split else []
    )
    if attachment is not None:
        stride = attachment.stride or (1 if flag == STAGES else 2)
        perturbed_px.append(-(-_map_px(least_px, strides, flag) // stride))
    alone = view.norm_split or (poses_are_clean and flag < STAGES)
    clean_px = [_map_px(image_px, strides, STAGES)] if alone else []
    for kind, count, sides_px, px in (
        ("perturbed", perturbed * len(task.uses), perturbed_px, least_px),
        ("clean", clean, clean_px, image_px),
    ):
        if count == 1 and 1 in sides_px:
            return (
                f"with a share of {task.view.share:g} one of {batch} images is {kind}, and BatchNorm cannot "
                f"normalise one image by itself whose maps are a single pixel, as at {px} px: take a "
                "larger data.batch, another share, or a larger data.image_px"
            )
    return None


def _map_px(image_px: int, strides: Sequence[int], stage: int) -> int:
    """Return the side of the maps after a stage."""
    return -(-image_px // strides[stage - 1])
