"""The face crops: black rims, crops enlarged from few pixels, and splits that were cropped differently."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trainables.data.checks.finding import Finding, View, Weight, some

MUCH_RIM = 0.35
"""Share of a crop that is black, beyond which the face is small in it."""

OTHER_RIM = 0.1
OTHER_SIZE = 2.0
"""Ratio of the faces' sizes in the source images of two splits: one of them is blurred."""

LEAST_IMAGES = 8

Doubles = npt.NDArray[np.float64]


def crops(view: View) -> Iterator[Finding]:
    """Yield what is to be said of the crops."""
    rims = np.array([look.rim for look in view.looks])
    much = (rims > MUCH_RIM) & np.array([not look.fault for look in view.looks])
    if much.any():
        files = view.table["file"][much]
        yield Finding(
            Weight.WARNING,
            f"{much.sum()} crops are black by more than {MUCH_RIM:.0%}: the face box reaches beyond the "
            f"image, and the face is small in it: {some(files)}",
            tuple((file,) for file in files),
        )
    if "box_left_px" not in view.table:
        return
    sides = (view.table["box_right_px"] - view.table["box_left_px"]).to_numpy(np.float64)
    yield from _enlarged(view, sides)
    yield from _unlike(view, rims, sides)


def _enlarged(view: View, sides: Doubles) -> Iterator[Finding]:
    stored_px = view.dataset.card.details.get("image_px")
    if stored_px and (few := int((sides < stored_px / 2).sum())):
        yield Finding(
            Weight.NOTE,
            f"{few} crops were enlarged more than twice, from {sides.min():g} pixels at least to "
            f"{stored_px}: they are blurred, and errors on them are larger",
        )


def _unlike(view: View, rims: Doubles, sides: Doubles) -> Iterator[Finding]:
    for one, other in view.compared:
        rows = [view.splits[name].index.to_numpy() for name in (one, other)]
        if min(map(len, rows)) < LEAST_IMAGES:
            continue
        sizes = [(float(np.median(sides[each])), name) for each, name in zip(rows, (one, other), strict=True)]
        small, large = sorted(sizes)
        if large[0] > OTHER_SIZE * small[0] > 0:
            yield Finding(
                Weight.WARNING,
                f"the faces of {small[1]} are {small[0]:.0f} pixels wide in their images and those of "
                f"{large[1]} {large[0]:.0f}: a network trained on sharp faces errs on blurred ones",
            )
        black = [float(np.median(rims[each])) for each in rows]
        if abs(black[0] - black[1]) > OTHER_RIM:
            yield Finding(
                Weight.WARNING,
                f"crops are cut differently: {black[0]:.0%} of those of {one} are black rim and "
                f"{black[1]:.0%} of {other}. A face of another size in its crop swings all angles: "
                "cut both alike",
            )
