"""Labels of turned and mirrored images against renderings of the same head in those poses."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps
from support.plain_heads import apart, plain_head

from trainables.pose.geometry import mirrored, turned_in_image

POSES = [(60.0, 20.0, 0.0), (-40.0, 30.0, 20.0), (70.0, -30.0, -20.0)]


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("clockwise_deg", [20.0, -35.0])
def test_a_turned_image_shows_the_head_in_the_turned_pose(
    pose: tuple[float, float, float], clockwise_deg: float
) -> None:
    turned = plain_head(pose, 96).rotate(-clockwise_deg, Image.Resampling.BILINEAR)  # PIL's is anticlockwise
    label = turned_in_image(np.array(pose), clockwise_deg)
    yaw, pitch, roll = pose
    rolled = (yaw, pitch, roll + clockwise_deg)
    assert apart(turned, plain_head(label, 96)) < 0.2 * apart(turned, plain_head(rolled, 96))


@pytest.mark.parametrize("pose", POSES)
def test_a_mirrored_image_shows_the_head_in_the_mirrored_pose(pose: tuple[float, float, float]) -> None:
    flipped = ImageOps.mirror(plain_head(pose, 96))
    assert apart(flipped, plain_head(mirrored(np.array(pose)), 96)) < 0.1 * apart(
        flipped, plain_head(pose, 96)
    )
