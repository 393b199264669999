"""A contact sheet of a dataset: sample images with their labels drawn, and histograms of the labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
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
from trainables.target import TARGETS, Label, Mark, TargetConfig

TILE_PX, CAPTION_PX, GAP_PX, MARGIN_PX = 144, 36, 10, 28
HEADER_PX, HISTOGRAM_PX = 84, 210
COLUMNS = 8
BINS = 36
"""Bars of a histogram, about."""

PAPER, INK, FAINT = (250, 250, 247), (34, 38, 44), (140, 144, 150)
SPLIT_COLOURS = ((74, 114, 176), (221, 148, 66), (96, 158, 112), (168, 98, 152), (120, 120, 120))


def sheet_size(count: int) -> tuple[int, int]:
    """Return width and height in pixels of a sheet with `count` heads."""
    rows = math.ceil(count / COLUMNS)
    width = 2 * MARGIN_PX + COLUMNS * TILE_PX + (COLUMNS - 1) * GAP_PX
    return width, HEADER_PX + rows * (TILE_PX + CAPTION_PX + GAP_PX) + HISTOGRAM_PX + MARGIN_PX


def contact_sheet(dataset: PreparedDataset, out: Path, split: str | None = None, count: int = 48) -> Path:
    """Write a PNG with `count` images of a split (all splits where None), and histograms of its labels.

    They are those of the first target that it has labels of. Images are spread over the subjects and ordered
    by the first label: noses turn from the right to the left. Raises `InputError` for an unknown split, a
    split without an image, an image that cannot be read, and an `out` that is not a PNG or cannot be written.
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
    config = _target_of(dataset)
    labels = dataset.labels_of(config)
    target = config.build(labels)
    shown = _spread(table, count).sort_values(labels[0].column, kind="stable")
    sheet = Image.new("RGB", sheet_size(len(shown)), PAPER)
    _header(sheet, dataset, table, split, config.legend)
    for number, row in enumerate(shown.to_dict("records")):
        left = MARGIN_PX + (number % COLUMNS) * (TILE_PX + GAP_PX)
        top = HEADER_PX + (number // COLUMNS) * (TILE_PX + CAPTION_PX + GAP_PX)
        values = [float(row[label.column]) for label in labels]
        draw = partial(target.draw, values=values) if config.legend else None
        sheet.paste(tile(dataset.folder / str(row["file"]), draw), (left, top))
        _caption(sheet, (left, top + TILE_PX + 4), str(row["subject"]), labels, values)
    histograms(sheet, labels, table)
    ensure_folder(out.parent)
    sheet.save(out)
    return out


def _target_of(dataset: PreparedDataset) -> TargetConfig:
    """Return the first target that a dataset has labels of. Raises `InputError` where there is none."""
    targets = [row() for row in TARGETS.values()]
    found = [one for one in targets if one.labels[0].column in dataset.label_columns]
    if not found:
        raise InputError(f"dataset {dataset.name!r} has no labels of any target: {', '.join(TARGETS)}")
    return found[0]


def _spread(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return `count` rows of as many subjects as possible, the same ones each time."""
    shuffled = table.sample(frac=1, random_state=0)
    turn = shuffled.groupby("subject").cumcount()
    return shuffled.iloc[np.argsort(turn.to_numpy(), kind="stable")[:count]]


def tile(file: Path, draw: Callable[[Image.Image], None] | None) -> Image.Image:
    """Return an image at the size of a sheet, drawn on where `draw` is given.

    Raises `InputError` where it cannot be read.
    """
    try:
        with open_image(file) as image:
            tile = rgb_of(image, upright=False).resize((3 * TILE_PX, 3 * TILE_PX), Image.Resampling.BICUBIC)
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(Fault(f"this image cannot be read: {why(error)}", file=str(file))) from None
    if draw is not None:
        draw(tile)  # drawn large, then reduced: smooth lines
    return tile.resize((TILE_PX, TILE_PX), Image.Resampling.BOX)


def font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Return the font of sheets at a size in pixels."""
    return ImageFont.load_default(size)


def _header(
    sheet: Image.Image,
    dataset: PreparedDataset,
    table: pd.DataFrame,
    split: str | None,
    legend: Sequence[Mark],
) -> None:
    draw = ImageDraw.Draw(sheet)
    part = f"split {split}" if split else ", ".join(f"{name} {n}" for name, n in dataset.card.splits.items())
    line = f"{len(table)} images of {table['subject'].nunique()} subjects ({part})  ·  {dataset.card.source}"
    draw.text((MARGIN_PX, 16), dataset.name, INK, font(24))
    draw.text((MARGIN_PX, 50), line, FAINT, font(14))
    right = sheet.width - MARGIN_PX
    for mark in reversed(legend):
        right -= round(draw.textlength(mark.name, font(14)))
        draw.text((right, 24), mark.name, INK, font(14))
        draw.line([(right - 24, 33), (right - 6, 33)], fill=mark.colour, width=5)
        right -= 42


def _caption(
    sheet: Image.Image, at: tuple[int, int], subject: str, labels: Sequence[Label], values: Sequence[float]
) -> None:
    draw = ImageDraw.Draw(sheet)
    words = (f"{label.name[0]} {label.shown(value)}" for label, value in zip(labels, values, strict=True))
    draw.text(at, subject, FAINT, font(12))
    draw.text((at[0], at[1] + 14), "   ".join(words), INK, font(13))


def histograms(sheet: Image.Image, labels: Sequence[Label], table: pd.DataFrame) -> None:
    """Draw one histogram per label at the foot of a sheet, splits stacked in their colours."""
    draw = ImageDraw.Draw(sheet)
    top, bottom = sheet.height - HISTOGRAM_PX - MARGIN_PX + 46, sheet.height - MARGIN_PX - 22
    width = (sheet.width - 2 * MARGIN_PX - (len(labels) - 1) * 40) // len(labels)
    splits = list(dict.fromkeys(table["split"]))
    _legend(draw, splits, (MARGIN_PX, top - 40))
    for number, label in enumerate(labels):
        values = [table.loc[table["split"] == name, label.column].to_numpy() for name in splits]
        _histogram(draw, label, values, (MARGIN_PX + number * (width + 40), top, width, bottom - top))


def _legend(draw: ImageDraw.ImageDraw, splits: list[str], at: tuple[int, int]) -> None:
    x, y = at
    for number, name in enumerate(splits):
        colour = SPLIT_COLOURS[number % len(SPLIT_COLOURS)]
        draw.rectangle([x, y + 3, x + 11, y + 14], fill=colour)
        draw.text((x + 17, y), name, INK, font(13))
        x += 34 + round(draw.textlength(name, font(13)))


def _histogram(
    draw: ImageDraw.ImageDraw,
    label: Label,
    values: list[npt.NDArray[np.floating]],
    box: tuple[int, int, int, int],
) -> None:
    """Draw stacked bars into `box` (left, top, width, height)."""
    left, top, width, height = box
    everything = np.concatenate(values)
    span = np.ptp([*everything, 0.0]) * (2 if label.low < 0 else 1)
    step_of_values = max(1, round(span / BINS))
    limit = max(1, math.ceil(float(np.abs(everything).max()) / step_of_values)) * step_of_values
    first = -limit if label.low < 0 else 0
    edges = np.arange(first, limit + step_of_values, step_of_values)
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
    sign = "+" if first else ""
    for share, text in ((0.0, f"{first}"), (0.5, f"{(first + limit) / 2:g}"), (1.0, f"{sign}{limit}")):
        length = draw.textlength(text, font(12))
        draw.text((left + share * (width - length), top + height + 4), text, FAINT, font(12))
    spread = (
        f"{label.name}, {label.unit.name}   mean {everything.mean():+.1f}   spread {everything.std():.1f}"
    )
    draw.text((left, top - 14), spread, INK, font(13))
