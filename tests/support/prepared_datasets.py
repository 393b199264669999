"""Small prepared datasets with planted properties."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from support.raw_layouts import photo

from trainables.data.datasets.prepared import PreparedDataset, write_labels

Picture = Callable[[int], Image.Image]
"""Makes the image of a row."""


def prepared(
    folder: Path,
    splits: Sequence[str],
    *,
    image: Picture = lambda row: photo(row, (48, 48)),
    box_px: Sequence[int] | int = 48,
    details: dict[str, Any] | None = None,
    subjects: Sequence[str] | None = None,
    **angles: Sequence[float],
) -> PreparedDataset:
    """Write a prepared dataset with one row per split; angles that are not given are spread like a head's."""
    (folder / "images").mkdir(parents=True)
    count = len(splits)
    generator = np.random.default_rng(1)
    poses = {"yaw": generator.uniform(-50, 50, count), "pitch": generator.uniform(-20, 20, count)}
    poses["roll"] = generator.uniform(-15, 15, count)
    for row in range(count):
        image(row).save(folder / "images" / f"{row}.png")
    sides = np.broadcast_to(box_px, count)
    table = pd.DataFrame(
        {
            "file": [f"images/{row}.png" for row in range(count)],
            "subject": subjects or [f"s{row}" for row in range(count)],
            "split": splits,
            **{f"{name}_deg": np.asarray(values, float) for name, values in {**poses, **angles}.items()},
            "box_left_px": 0,
            "box_top_px": 0,
            "box_right_px": sides,
            "box_bottom_px": sides,
        }
    )
    return write_labels(folder, table, source="made up", details=details)
