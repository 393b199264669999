"""A raw dataset made up on the spot, with files that crash their reader, fail, or do not belong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from trainables.data.datasets.crops import Box
from trainables.data.datasets.raw import ImportConfig, LabelledImage, LeftOut, RawItem
from trainables.target import HeadPoseConfig


class MadeUpConfig(ImportConfig):
    """Which of the images are which."""

    image_px: int = 16
    count: int = 10
    broken: tuple[int, ...] = ()
    crashing: tuple[int, ...] = ()
    unwanted: tuple[int, ...] = ()
    seconds: float = 0.0

    def build(self, raw: Path) -> MadeUp:
        return MadeUp(raw, self)


@dataclass
class MadeUp:
    """Writes a line to `raw/read.log` for each image read."""

    raw: Path
    config: MadeUpConfig
    source = "made up"
    labels = HeadPoseConfig().labels
    convention = "none"

    def items(self) -> Iterator[RawItem]:
        for number in range(self.config.count):
            yield RawItem(f"{number}.raw", f"{number:05d}", size=1, detail=number)

    def read(self, item: RawItem) -> LabelledImage:
        with (self.raw / "read.log").open("a") as log:
            log.write(f"{item.detail}\n")
        time.sleep(self.config.seconds)
        if item.detail in self.config.crashing:
            os.kill(os.getpid(), signal.SIGSEGV)
        if item.detail in self.config.broken:
            raise ValueError("made to be broken")
        if item.detail in self.config.unwanted:
            raise LeftOut("made to be unwanted")
        noise = np.random.default_rng(item.detail).integers(0, 256, (16, 16, 3), np.uint8)
        image = Image.fromarray(noise)
        pose_deg, subject = (item.detail / 7, 1.0, -2.0), f"s{item.detail % 3}"
        return LabelledImage(image, Box(0, 0, 16, 16), pose_deg, subject, "train")

    def details(self) -> dict[str, Any]:
        return {"made": "up"}
