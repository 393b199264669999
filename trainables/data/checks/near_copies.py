"""Images of compared splits that are almost the same: neighbouring frames of a video, the same photo twice.

Each image has a perceptual hash of 64 bits: whether its brightness rises from each of 8 x 8 places to the
next one on the right [dHash]. Pairs whose hashes differ in few bits are compared pixel by pixel, as 16 x 17
grey values: by their correlation, which brightness and contrast do not change.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trainables.data.checks.finding import Finding, View, Weight, some
from trainables.data.datasets.image_looks import thumbs_of

FEW_BITS = 10
"""Of 64: copies that were scaled, brightened or compressed again differ in fewer."""

ALIKE = 0.97
"""Least correlation of two grey images that are almost the same: that of copies is 0.97 and more, that of the
most similar heads of two people, among a thousand rendered ones, 0.88."""

RISE = 3
"""Of 255: a smaller step is the noise of the compression, and no bit."""

ROWS_AT_ONCE = 64
"""Rows that are compared with all others at a time: with a hundred thousand, 60 MB of differences."""


def near_copies(view: View) -> Iterator[Finding]:
    """Yield the pairs of compared splits that hold almost the same images."""
    thumbs = thumbs_of(view.looks)
    hashes, seen = _hashes(thumbs), np.array([bool(look.thumb) and not look.fault for look in view.looks])
    files, digests = view.table["file"].to_numpy(), [look.digest for look in view.looks]
    for one, other in view.compared:
        first, second = (view.splits[name].index.to_numpy() for name in (one, other))
        first, second = first[seen[first]], second[seen[second]]
        pairs = [
            (str(files[a]), str(files[b]))
            for a, b in _alike(thumbs, hashes, first, second)
            if digests[a] != digests[b]
        ]
        if pairs:
            images = len({pair[1] for pair in pairs})
            yield Finding(
                Weight.WARNING,
                f"{images} images of {other} are almost the same as one of {one}, such as neighbouring "
                f"frames of a video: the error on them is too small. Give them to one split: "
                f"{some(' ~ '.join(pair) for pair in pairs)}",
                tuple(pairs),
            )


def _hashes(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return the perceptual hashes [N] of grey images [N, 16, 17]."""
    rows = thumbs.reshape(len(thumbs), 8, 2, -1).astype(np.int16).sum(axis=2)  # [N, 8, 17]
    places = rows[:, :, :-1].reshape(len(thumbs), 8, 8, 2).sum(axis=3)  # [N, 8, 8]
    following = rows[:, :, 1:].reshape(len(thumbs), 8, 8, 2).sum(axis=3)
    bits = np.packbits((following - places > 4 * RISE).reshape(len(thumbs), 64), axis=1)
    return np.ascontiguousarray(bits).view(np.uint64)[:, 0]


def _alike(
    thumbs: npt.NDArray[np.uint8],
    hashes: npt.NDArray[np.uint64],
    first: npt.NDArray[np.intp],
    second: npt.NDArray[np.intp],
) -> Iterator[tuple[int, int]]:
    """Yield for each row of `second` its most similar row of `first`, where it is almost the same."""
    for start in range(0, len(second) if len(first) else 0, ROWS_AT_ONCE):
        rows = second[start : start + ROWS_AT_ONCE]
        apart = np.bitwise_count(hashes[rows][:, None] ^ hashes[first][None])  # [rows, first]
        for row, bits in zip(rows, apart, strict=True):
            near = first[np.flatnonzero(bits <= FEW_BITS)]
            if len(near):
                alike = _correlation(thumbs[near], thumbs[row])
                if alike.max() >= ALIKE:
                    yield int(near[alike.argmax()]), int(row)


def _correlation(many: npt.NDArray[np.uint8], one: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the correlation [N] of grey images [N, 16, 17] with one [16, 17]."""
    flat, other = many.reshape(len(many), -1).astype(np.float64), one.ravel().astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    other -= other.mean()
    lengths = np.linalg.norm(flat, axis=1) * np.linalg.norm(other)
    found: npt.NDArray[np.float64] = flat @ other / np.maximum(lengths, 1e-9)
    return found
