"""The picture of a check: images that show its findings, where the heads turn, and histograms of labels."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from trainables.base.errors import InputError
from trainables.data.checks.finding import Finding
from trainables.data.contact_sheet import (
    CAPTION_PX,
    COLUMNS,
    FAINT,
    GAP_PX,
    HISTOGRAM_PX,
    INK,
    MARGIN_PX,
    PAPER,
    SPLIT_COLOURS,
    TILE_PX,
    font,
    histograms,
    sheet_size,
    tile,
)
from trainables.data.datasets.check import Check
from trainables.data.datasets.prepared import PreparedDataset

NAME = "check.png"
HEADER_PX, TEXT_PX, MAP_PX = 60, 18, 260
LINE = 165
"""Characters of a line across the sheet."""

GIMBAL = (252, 232, 226)


def check_picture(dataset: PreparedDataset, check: Check, out: Path) -> Path:
    """Write a PNG about a checked dataset to `out`; return it. Raises `OSError` where it cannot be written.

    Each finding with images has a row of them: copies side by side, others one by one.
    """
    shown = [finding for finding in check.findings if finding.files]
    texts = [textwrap.wrap(f"{each.weight.value}: {each.text}", LINE)[:3] for each in shown]
    heights = [len(text) * TEXT_PX + TILE_PX + CAPTION_PX for text in texts]
    labels = [spread.label for spread in check.spreads]
    columns = [label.column for label in labels]
    known = dataset.labels()
    known = known[np.isfinite(known[columns].to_numpy(float)).all(axis=1)]
    poses = {"yaw_deg", "pitch_deg"} <= {*columns} and len(known) > 0
    map_px = MAP_PX if poses else 0
    width = sheet_size(COLUMNS)[0]
    sheet = Image.new("RGB", (width, HEADER_PX + sum(heights) + map_px + HISTOGRAM_PX + MARGIN_PX), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN_PX, 16), f"{dataset.name}: {check.images} images, {len(shown)} findings", INK, font(24))
    top = HEADER_PX
    for finding, text, height in zip(shown, texts, heights, strict=True):
        for line in text:
            draw.text((MARGIN_PX, top), line, INK, font(13))
            top += TEXT_PX
        _row(sheet, dataset.folder, finding, top)
        top += height - len(text) * TEXT_PX
    if poses:
        _map(draw, known, (MARGIN_PX, top, width - 2 * MARGIN_PX, map_px - 40))
    if labels and len(known):
        histograms(sheet, labels, known)
    sheet.save(out)
    return out


def _row(sheet: Image.Image, folder: Path, finding: Finding, top: int) -> None:
    """Draw the first images of a finding; those of one group stand close together."""
    left, right = MARGIN_PX, sheet.width - MARGIN_PX
    draw = ImageDraw.Draw(sheet)
    for group in finding.files:
        if left + len(group) * TILE_PX > right:
            return
        for file in group:
            _place(sheet, folder / file, (left, top))
            name = "/".join(Path(file).with_suffix("").parts[-2:])
            draw.text((left, top + TILE_PX + 2), name[-22:], FAINT, font(12))
            left += TILE_PX
        left += GAP_PX


def _place(sheet: Image.Image, file: Path, at: tuple[int, int]) -> None:
    try:
        sheet.paste(tile(file, None), at)
    except InputError:  # what cannot be read is a finding of its own
        ImageDraw.Draw(sheet).rectangle([*at, at[0] + TILE_PX - 1, at[1] + TILE_PX - 1], outline=FAINT)


def _map(draw: ImageDraw.ImageDraw, table: pd.DataFrame, box: tuple[int, int, int, int]) -> None:
    """Draw each image as a dot at its yaw and pitch; where yaw and roll are hard to tell apart is shaded."""
    left, top, width, height = box
    yaw, pitch = (np.clip(table[f"{name}_deg"].to_numpy(float), -180, 180) for name in ("yaw", "pitch"))
    low, high = min(-100.0, float(yaw.min())), max(100.0, float(yaw.max()))
    reach = max(60.0, float(np.abs(pitch).max()))

    def x_px(degrees: float) -> float:
        return left + (degrees - low) / (high - low) * width

    for side in (-90, 90):
        draw.rectangle([x_px(side - 10), top, x_px(side + 10), top + height], fill=GIMBAL)
        draw.text((x_px(side - 10) + 4, top + height / 2), "gimbal", FAINT, font(12))
    splits = list(dict.fromkeys(table["split"]))
    colours = [SPLIT_COLOURS[splits.index(split) % len(SPLIT_COLOURS)] for split in table["split"]]
    for place in _some(len(table)):
        x, y = x_px(yaw[place]), top + height / 2 - pitch[place] / reach * height / 2
        draw.rectangle([x - 1, y - 1, x + 1, y + 1], fill=colours[place])
    draw.rectangle([left, top, left + width, top + height], outline=FAINT)
    _axis(draw, (left, top, width, height), (low, high), reach)


def _axis(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    yaw: tuple[float, float],
    pitch: float,
) -> None:
    left, top, width, height = box
    for share in (0.0, 0.5, 1.0):
        text = f"yaw {yaw[0] + share * (yaw[1] - yaw[0]):+.0f}"
        length = draw.textlength(text, font(12))
        draw.text((left + share * (width - length), top + height + 3), text, FAINT, font(12))
    draw.text((left + 4, top + 2), f"pitch {pitch:+.0f}", FAINT, font(12))
    draw.text((left + 4, top + height - 18), f"pitch {-pitch:+.0f}", FAINT, font(12))


def _some(count: int, most: int = 20_000) -> Sequence[int]:
    """Return the places of at most `most` of `count` images, the same ones each time."""
    return [int(place) for place in np.random.default_rng(0).permutation(count)[:most]]
