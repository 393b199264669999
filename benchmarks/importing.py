"""How fast each raw format is imported, and how much memory that takes.

    python benchmarks/importing.py rate            images/s of each format on two workers
    python benchmarks/importing.py memory          peak memory for 2,000 and for 20,000 pairs of 300W-LP

Raw files are made up: a few different ones of each format, in the sizes of the real ones, hard-linked to the
count. Nothing else should run on the machine; the load before each run is printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from trainables.data.datasets.importers import IMPORTERS
from trainables.data.datasets.importing import import_dataset

DIFFERENT = 40
"""Different raw files of a format; the others are links to them."""


def photo(seed: int, size: tuple[int, int]) -> Image.Image:
    """Return a picture with about the detail of a photograph: coarse shapes and some grain."""
    random = np.random.default_rng(seed)
    shapes = Image.fromarray(random.integers(0, 256, (24, 24, 3), np.uint8))
    smooth = np.asarray(shapes.resize(size, Image.Resampling.BICUBIC), np.float32)
    grain = random.normal(0, 6, (size[1], size[0], 1))
    return Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8))


def linked(count: int, names: Callable[[int], tuple[Path, ...]]) -> None:
    """Link the files of the first `DIFFERENT` numbers to those of all others."""
    for number in range(DIFFERENT, count):
        for made, link in zip(names(number % DIFFERENT), names(number), strict=True):
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(made, link)


def write_mats(raw: Path, count: int, stem: Callable[[int], str]) -> None:
    """Write jpg + mat pairs with all keys that the real ones have."""
    from scipy.io import savemat

    def names(number: int) -> tuple[Path, Path]:
        return raw / f"{stem(number)}.jpg", raw / f"{stem(number)}.mat"

    for number in range(DIFFERENT):
        jpg, mat = names(number)
        jpg.parent.mkdir(parents=True, exist_ok=True)
        random = np.random.default_rng(number)
        photo(number, (450, 450)).save(jpg, quality=95)
        arrays = {
            "pt2d": random.uniform(150, 300, (2, 68)),
            "roi": np.array([[1, 1, 450, 450]], np.int16),
            "Illum_Para": np.zeros((1, 10)),
            "Color_Para": np.zeros((1, 7), np.float32),
            "Tex_Para": random.normal(size=(199, 1)),
            "Shape_Para": random.normal(size=(199, 1)),
            "Exp_Para": random.normal(size=(29, 1)),
            "Pose_Para": random.uniform(-1, 1, (1, 7)).astype(np.float32),
        }
        savemat(mat, arrays)
    linked(count, names)


def write_300w_lp(raw: Path, count: int) -> Path:
    """Write pairs of 300W-LP."""
    write_mats(raw, count, lambda number: f"HELEN/HELEN_{number // 16:06d}_1_{number % 16}")
    return raw


def write_aflw2000(raw: Path, count: int) -> Path:
    """Write pairs of AFLW2000."""
    write_mats(raw, count, lambda number: f"image{number:05d}")
    return raw


def write_biwi(raw: Path, count: int) -> Path:
    """Write frames of BIWI."""

    def names(number: int) -> tuple[Path, Path]:
        stem = raw / "01" / f"frame_{number:05d}"
        return stem.with_name(f"{stem.name}_rgb.png"), stem.with_name(f"{stem.name}_pose.txt")

    (raw / "01").mkdir(parents=True)
    (raw / "01" / "rgb.cal").write_text(
        "517 0 320\n0 517 240\n0 0 1\n\n0 0 0 0\n\n1 0 0\n0 1 0\n0 0 1\n\n0 0 0\n"
    )
    for number in range(DIFFERENT):
        png, pose = names(number)
        photo(number, (640, 480)).save(png)
        pose.write_text("1 0 0\n0 1 0\n0 0 1\n\n10 20 900\n")
    linked(count, names)
    return raw


def write_eth_xgaze(raw: Path, count: int) -> Path:
    """Write a subject of ETH-XGaze."""
    import h5py

    (raw / "train").mkdir(parents=True)
    with h5py.File(raw / "train" / "subject0001.h5", "w") as opened:
        faces = opened.create_dataset(
            "face_patch", (count, 224, 224, 3), np.uint8, chunks=(1, 224, 224, 3), compression="lzf"
        )
        for number in range(count):
            faces[number] = np.asarray(photo(number % DIFFERENT, (224, 224)))
        opened["face_head_pose"] = np.random.default_rng(0).uniform(-1, 1, (count, 2))
    return raw


def write_folder(raw: Path, count: int) -> Path:
    """Write own images of 640x480 with a table."""
    raw.mkdir()
    for number in range(DIFFERENT):
        photo(number, (640, 480)).save(raw / f"{number:06d}.jpg", quality=90)
    linked(count, lambda number: (raw / f"{number:06d}.jpg",))
    rows = "".join(f"{number:06d}.jpg,1,2,3,200 100 440 340\n" for number in range(count))
    (raw / "labels.csv").write_text(f"file,yaw,pitch,roll,box\n{rows}")
    return raw


WRITERS = {
    "300w-lp": write_300w_lp,
    "aflw2000": write_aflw2000,
    "biwi": write_biwi,
    "eth-xgaze": write_eth_xgaze,
    "folder": write_folder,
}


def measure(importer: str, raw: Path, out: Path, processes: int) -> str:
    """Import in this process and say how fast that was and what it took."""
    load, began = os.getloadavg()[0], time.process_time()
    report = import_dataset(importer, IMPORTERS[importer](), raw, out, processes=processes)
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu_s = time.process_time() - began + workers.ru_utime + workers.ru_stime
    return (
        f"{importer:<10} {report.imported:>6} images  {report.imported / report.seconds:7.1f} images/s  "
        f"{1000 * cpu_s / report.imported:5.1f} ms CPU each  peak {own.ru_maxrss / 1024:6.1f} MiB, worker "
        f"{workers.ru_maxrss / 1024:6.1f} MiB  load before {load:.1f}"
    )


def fresh(importer: str, count: int, processes: int) -> None:
    """Measure in a fresh process, whose peak memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        raw = WRITERS[importer](Path(folder) / "raw", count)
        command = [sys.executable, __file__, "measure", importer, str(raw), f"{folder}/out", str(processes)]
        subprocess.run(command, check=True)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    what = parser.add_subparsers(dest="what", required=True)
    rate = what.add_parser("rate")
    rate.add_argument("--images", type=int, default=2000)
    memory = what.add_parser("memory")
    memory.add_argument("--counts", type=int, nargs="+", default=[2000, 20000])
    for command in (rate, memory):
        command.add_argument("--processes", type=int, default=2)
    one = what.add_parser("measure")
    for name in ("importer", "raw", "out", "processes"):
        one.add_argument(name)
    given = parser.parse_args()
    if given.what == "rate":
        for importer in WRITERS:
            fresh(importer, given.images, given.processes)
    elif given.what == "memory":
        for count in given.counts:
            fresh("300w-lp", count, given.processes)
    else:
        print(measure(given.importer, Path(given.raw), Path(given.out), int(given.processes)))


if __name__ == "__main__":
    main()
