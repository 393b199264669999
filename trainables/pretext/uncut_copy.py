"""Finds what a vision transformer cannot cut into its patches: copies of other sizes."""

from __future__ import annotations

from trainables.pretext.pretext_config import PretextConfig, viewed_tasks


def uncut_copy(task: PretextConfig, image_px: int, patch_px: int) -> str | None:
    """Return why some copy of the images has no whole number of patches, or None.

    Of a plug-in's task without these settings nothing is known.
    """
    sides = (side for each in viewed_tasks(task) for side in each.view.sizes.sides_px(image_px))
    uncut = [side for side in sides if side % patch_px]
    if not uncut:
        return None
    return (
        f"a scale of the view makes copies of {uncut[0]} px, no multiple of {patch_px} px, the side of the "
        f"backbone's patches: take scales of {image_px} px that make some, no ranges, or another backbone"
    )
