"""The angles of a head pose as their table has them: unit, reach, outliers, columns that say nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trainables.data.checks.finding import Finding, View, Weight, some
from trainables.pose.angles import ANGLES

HANDFUL = 8
"""With fewer images a distribution says nothing."""

RADIANS = 3.2
BINS_DEG = 99.0
"""Where HopeNet's bins end."""

GIMBAL_DEG = 80.0
"""From here to 100 degrees of yaw, pitch and roll are one turn in two numbers."""

PROFILE_DEG = 60.0
FAR = 3.0
"""Interquartile ranges beyond the quartiles, for a distribution without tails."""

FARTHER = 0.75
"""Widths of the middle 98 % beyond it, for one with tails: 5.8 deviations of a normal distribution."""

LEAST_RANGE_DEG = 2.0
MORE = 1.5
"""How many times as much as yaw the pitch may vary before the columns look swapped."""

Doubles = npt.NDArray[np.float64]


def angles(view: View) -> Iterator[Finding]:
    """Yield what is to be said of the angles of a head pose; nothing where the labels are others."""
    if not all(view.has(angle) for angle in ANGLES[:2]) or len(view.table) < HANDFUL:
        return
    there = [angle for angle in ANGLES if view.has(angle)]
    values = np.stack(
        [view.values(angle).to_numpy(np.float64) for angle in there], axis=1, dtype=np.float64
    )  # [N, A]
    if not np.isfinite(values).any(axis=0).all():  # a fault of its own
        return
    yield from _radians(values)
    for place, angle in enumerate(there):
        yield from _constant(angle, values[:, place])
        yield from _outliers(view, angle, values[:, place])
    yield from _swapped(values)
    yield from _reach(values)
    yield from _few_profiles(view)


def _radians(values: Doubles) -> Iterator[Finding]:
    largest = np.nanmax(np.abs(values))
    if 0 < largest < RADIANS:
        text = (
            f"the largest angle is {largest:g} degrees: these look like radians. Import with --unit radians"
        )
        yield Finding(Weight.WARNING, text)


def _constant(angle: str, values: Doubles) -> Iterator[Finding]:
    if np.ptp(values) == 0:
        yield Finding(
            Weight.WARNING,
            f"{angle} is {values[0] + 0:g} in all images: a column that was never filled in? Import without "
            "it if it may be left out, which roll may; a network learns nothing from it, and the mean error "
            "is too small",
        )


def _outliers(view: View, angle: str, values: Doubles) -> Iterator[Finding]:
    low, high = np.nanpercentile(values, (25, 75))
    far = _beyond(values, low, high, FAR)
    if len(values) >= 100:
        first, last = np.nanpercentile(values, (1, 99))
        far &= _beyond(values, first, last, FARTHER)
    if 0 < far.sum() <= max(1, len(values) // 100):
        files = view.table["file"][far]
        yield Finding(
            Weight.WARNING,
            f"{angle} lies far outside the rest in {far.sum()} images, up to "
            f"{values[far][np.abs(values[far]).argmax()]:g} (half of them are between {low:.0f} and "
            f"{high:.0f}): {some(files)}",
            tuple((file,) for file in files),
        )


def _beyond(values: Doubles, low: float, high: float, times: float) -> npt.NDArray[np.bool_]:
    reach = times * max(high - low, LEAST_RANGE_DEG)
    return (values < low - reach) | (values > high + reach)


def _swapped(values: Doubles) -> Iterator[Finding]:
    yaw, pitch = values[:, 0].std(), values[:, 1].std()
    if pitch > MORE * yaw > 0:
        yield Finding(
            Weight.WARNING,
            f"pitch varies more than yaw ({pitch:.0f} degrees against {yaw:.0f}), and heads turn more than "
            "they nod: are the two columns swapped? `hpsearch data show` draws the axes",
        )


def _reach(values: Doubles) -> Iterator[Finding]:
    beyond = int((np.abs(values) > BINS_DEG).any(axis=1).sum())
    if beyond:
        yield Finding(
            Weight.NOTE,
            f"{beyond} images have an angle beyond {BINS_DEG:g} degrees, where HopeNet's bins end: the head "
            "`bins` takes them for its last bin (overflow_bins gives them one of their own); rot6d and "
            "regression have no such end",
        )
    yaw = np.abs(values[:, 0])
    if back := int((yaw > 90).sum()):
        yield Finding(
            Weight.NOTE,
            f"{back} images have a yaw beyond 90 degrees: each such pose has two names, and an error of "
            "angles compares the names. Judge by geodesic_deg, and train the head rot6d",
        )
    gimbal = int(((yaw > GIMBAL_DEG) & (yaw < 180 - GIMBAL_DEG)).sum())
    if gimbal and values.shape[1] == len(ANGLES):
        yield Finding(
            Weight.NOTE,
            f"{gimbal} images have a yaw of {GIMBAL_DEG:g} to {180 - GIMBAL_DEG:g} degrees, where pitch and "
            "roll are one turn written as two numbers: their errors there say little, geodesic_deg does",
        )


def _few_profiles(view: View) -> Iterator[Finding]:
    yaw = np.abs(view.values("yaw").to_numpy())
    shares = {name: (yaw[rows.index] > PROFILE_DEG).mean() for name, rows in view.splits.items()}
    if "train" not in shares or shares["train"] >= 0.01 or len(view.splits["train"]) < 100:
        return
    others = {name: share for name, share in shares.items() if share > 0.05}
    text = (
        f"{shares['train']:.1%} of the training images show a yaw beyond {PROFILE_DEG:g} degrees: a network "
        "reads profiles as less turned than they are"
    )
    if others:
        more = ", ".join(f"{share:.0%} of {name}" for name, share in others.items())
        yield Finding(Weight.WARNING, f"{text}, and they are {more}")
    else:
        yield Finding(Weight.NOTE, text)
