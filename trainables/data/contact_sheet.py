"""A contact sheet of a dataset: sample heads with their axes drawn, and histograms of the angles."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from trainables.base.disk import ensure_folder
from trainables.base.errors import Fault, InputError, nearest, why
from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.image_file import open_image
from trainables.data.pixels import rgb_of
from trainables.pose.angles import ANGLES
from trainables.pose.axes import COLOURS, draw_axes

TILE_PX, CAPTION_PX, GAP_PX, MARGIN_PX = 144, 36, 10, 28
HEADER_PX, HISTOGRAM_PX = 84, 210
COLUMNS = 8
BIN_DEG = 5

PAPER, INK, FAINT = (250, 250, 247), (34, 38, 44), (140, 144, 150)
SPLIT_COLOURS = ((74, 114, 176), (221, 148, 66), (96, 158, 112), (168, 98, 152), (120, 120, 120))


def sheet_size(count: int) -> tuple[int, int]:
    """Return width and height in pixels of a sheet with `count` heads."""
    rows = math.ceil(count / COLUMNS)
    width = 2 * MARGIN_PX + COLUMNS * TILE_PX + (COLUMNS - 1) * GAP_PX
    return width, HEADER_PX + rows * (TILE_PX + CAPTION_PX + GAP_PX) + HISTOGRAM_PX + MARGIN_PX


def contact_sheet(dataset: PreparedDataset, out: Path, split: str | None = None, count: int = 48) -> Path:
    """Write a PNG with `count` heads of a split (all splits where None), and histograms of its angles.

    Heads are spread over the subjects and ordered by yaw: noses turn from the right to the left. Roll is
    drawn as 0 where the dataset has none. Raises `InputError` for an unknown split, a split without an image,
    an image that cannot be read, and an `out` that is not a PNG or cannot be written.
    """
    if out.suffix.lower() != ".png":
        raise InputError(Fault(f"a contact sheet is a PNG: name it {out.stem}.png", file=str(out)))
    if split is not None and split not in dataset.card.splits:
        raise InputError(
            f"dataset {dataset.name!r} has no split {split!r}{nearest(split, dataset.card.splits)}"
        )
    table = dataset.labels()
    if split is not None:
        table = table[table["split"].str.split(" ").map(lambda names: split in names)]
    if table.empty:
        raise InputError(f"dataset {dataset.name!r} holds no image to show")
    shown = _spread(table, count).sort_values("yaw_deg", kind="stable")
    sheet = Image.new("RGB", sheet_size(len(shown)), PAPER)
    _header(sheet, dataset, table, split)
    for number, row in enumerate(shown.to_dict("records")):
        left = MARGIN_PX + (number % COLUMNS) * (TILE_PX + GAP_PX)
        top = HEADER_PX + (number // COLUMNS) * (TILE_PX + CAPTION_PX + GAP_PX)
        pose_deg = [float(row.get(f"{angle}_deg", 0.0)) for angle in ANGLES]
        sheet.paste(_tile(dataset.folder / str(row["file"]), pose_deg), (left, top))
        _caption(sheet, (left, top + TILE_PX + 4), str(row["subject"]), pose_deg[: len(dataset.card.angles)])
    _histograms(sheet, dataset, table)
    ensure_folder(out.parent)
    sheet.save(out)
    return out


def _spread(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return `count` rows of as many subjects as possible, the same ones each time."""
    shuffled = table.sample(frac=1, random_state=0)
    turn = shuffled.groupby("subject").cumcount()
    return shuffled.iloc[np.argsort(turn.to_numpy(), kind="stable")[:count]]


def _tile(file: Path, pose_deg: list[float]) -> Image.Image:
    try:
        with open_image(file) as image:
            tile = rgb_of(image, upright=False).resize((3 * TILE_PX, 3 * TILE_PX), Image.Resampling.BICUBIC)
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(Fault(f"this image cannot be read: {why(error)}", file=str(file))) from None
    draw_axes(tile, pose_deg)  # drawn large, then reduced: smooth lines
    return tile.resize((TILE_PX, TILE_PX), Image.Resampling.BOX)


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _header(sheet: Image.Image, dataset: PreparedDataset, table: pd.DataFrame, split: str | None) -> None:
    draw = ImageDraw.Draw(sheet)
    part = f"split {split}" if split else ", ".join(f"{name} {n}" for name, n in dataset.card.splits.items())
    line = f"{len(table)} images of {table['subject'].nunique()} subjects ({part})  ·  {dataset.card.source}"
    draw.text((MARGIN_PX, 16), dataset.name, INK, _font(24))
    draw.text((MARGIN_PX, 50), line, FAINT, _font(14))
    words = (("left", COLOURS[0]), ("down", COLOURS[1]), ("nose", COLOURS[2]))
    right = sheet.width - MARGIN_PX
    for word, colour in reversed(words):
        right -= round(draw.textlength(word, _font(14)))
        draw.text((right, 24), word, INK, _font(14))
        draw.line([(right - 24, 33), (right - 6, 33)], fill=colour, width=5)
        right -= 42


def _caption(sheet: Image.Image, at: tuple[int, int], subject: str, pose_deg: list[float]) -> None:
    draw = ImageDraw.Draw(sheet)
    angles = "   ".join(f"{name} {value:+.0f}°" for name, value in zip("ypr", pose_deg, strict=False))
    draw.text(at, subject, FAINT, _font(12))
    draw.text((at[0], at[1] + 14), angles, INK, _font(13))


def _histograms(sheet: Image.Image, dataset: PreparedDataset, table: pd.DataFrame) -> None:
    """Draw one histogram per angle, splits stacked in their colours."""
    draw = ImageDraw.Draw(sheet)
    angles = dataset.card.angles
    top, bottom = sheet.height - HISTOGRAM_PX - MARGIN_PX + 46, sheet.height - MARGIN_PX - 22
    width = (sheet.width - 2 * MARGIN_PX - (len(angles) - 1) * 40) // len(angles)
    splits = list(dict.fromkeys(table["split"]))
    _legend(draw, splits, (MARGIN_PX, top - 40))
    for number, angle in enumerate(angles):
        values = [table.loc[table["split"] == name, f"{angle}_deg"].to_numpy() for name in splits]
        _histogram(
            draw, f"{angle}, degrees", values, (MARGIN_PX + number * (width + 40), top, width, bottom - top)
        )


def _legend(draw: ImageDraw.ImageDraw, splits: list[str], at: tuple[int, int]) -> None:
    x, y = at
    for number, name in enumerate(splits):
        colour = SPLIT_COLOURS[number % len(SPLIT_COLOURS)]
        draw.rectangle([x, y + 3, x + 11, y + 14], fill=colour)
        draw.text((x + 17, y), name, INK, _font(13))
        x += 34 + round(draw.textlength(name, _font(13)))


def _histogram(
    draw: ImageDraw.ImageDraw,
    title: str,
    values: list[npt.NDArray[np.floating]],
    box: tuple[int, int, int, int],
) -> None:
    """Draw stacked bars of `BIN_DEG` into `box` (left, top, width, height)."""
    left, top, width, height = box
    everything = np.concatenate(values)
    limit = max(BIN_DEG, math.ceil(float(np.abs(everything).max()) / BIN_DEG) * BIN_DEG)
    edges = np.arange(-limit, limit + BIN_DEG, BIN_DEG)
    counts = np.stack([np.histogram(part, edges)[0] for part in values])
    scale = (height - 20) / max(1, counts.sum(axis=0).max())
    step = width / (len(edges) - 1)
    for column in range(counts.shape[1]):
        base = float(top + height)
        x = left + column * step
        for number, count in enumerate(counts[:, column]):
            if count:
                draw.rectangle(
                    [x, base - count * scale, x + max(1.0, step - 2), base],
                    fill=SPLIT_COLOURS[number % len(SPLIT_COLOURS)],
                )
            base -= count * scale
    draw.line([(left, top + height), (left + width, top + height)], fill=FAINT, width=1)
    for share, text in ((0.0, f"-{limit}"), (0.5, "0"), (1.0, f"+{limit}")):
        length = draw.textlength(text, _font(12))
        draw.text((left + share * (width - length), top + height + 4), text, FAINT, _font(12))
    spread = f"{title}   mean {everything.mean():+.1f}   spread {everything.std():.1f}"
    draw.text((left, top - 14), spread, INK, _font(13))
