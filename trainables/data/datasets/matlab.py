"""The `.mat` files of 300W-LP and AFLW2000, which hold the same parameters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainables.data.datasets.raw import RawItem, file_size


def pairs(folder: Path, below: str, name: str) -> Iterator[RawItem]:
    """Yield the jpg + mat pairs of a folder by name; `below` and `name` go before their names.

    A file without its partner is yielded too: reading it fails with the name of what is missing.
    """
    files = [file for file in folder.iterdir() if file.suffix in (".jpg", ".mat")]
    # macOS writes ._NAME beside each file that it copies to another file system: no image
    sizes = {file.name: file_size(file) for file in files if not file.name.startswith("._")}
    for stem in sorted({file[:-4] for file in sizes}):
        size = sizes.get(f"{stem}.jpg", 0) + sizes.get(f"{stem}.mat", 0)
        yield RawItem(file=f"{below}{stem}.jpg", name=f"{name}{stem}", size=size)


def read_mat(file: Path, *keys: str) -> dict[str, npt.NDArray[np.float64]]:
    """Return the named arrays of a `.mat` file.

    Raises `ValueError` for a key that is missing or not an array of numbers and for a file of MATLAB 7.3,
    `OSError` for a missing file, and whatever scipy raises for a broken one.
    """
    from scipy.io import loadmat, whosmat

    try:
        found = loadmat(file, variable_names=keys)
    except NotImplementedError:  # HDF5, in which arrays are transposed
        raise ValueError(f"{file.name} is of MATLAB 7.3: save it with the option -v7") from None
    arrays = {}
    for key in keys:
        if key not in found:
            there = ", ".join(name for name, *_ in whosmat(file)) or "nothing"
            raise ValueError(f"{file.name} holds no {key}, but {there}")
        if found[key].dtype.kind not in "fiu":
            raise ValueError(f"{key} of {file.name} is not an array of numbers but {found[key].dtype}")
        arrays[key] = np.asarray(found[key], np.float64)
    return arrays


def pose_deg_of(pose_para: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return yaw, pitch and roll in degrees of `Pose_Para` [1, 7]: pitch, yaw, roll in radians, tx, ty, tz,
    scale.

    Both datasets use this project's convention; only order and unit differ.
    """
    if pose_para.size < 3:
        raise ValueError(f"Pose_Para holds {pose_para.size} numbers, not 7")
    pitch, yaw, roll = np.degrees(pose_para.ravel()[:3])
    return float(yaw), float(pitch), float(roll)


def points_of(points: npt.NDArray[np.float64], key: str) -> npt.NDArray[np.float64]:
    """Return landmarks [2 or 3, N], also of [N, 2 or 3]. Raises `ValueError` for another shape."""
    if points.ndim == 2 and points.shape[0] > 3 and points.shape[1] in (2, 3):
        points = points.T
    if points.ndim != 2 or points.shape[0] not in (2, 3) or points.shape[1] < 2:
        raise ValueError(f"{key} has the shape {points.shape}, not 2 or 3 rows of landmarks")
    return points
