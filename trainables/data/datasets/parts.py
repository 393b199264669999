"""The outcomes of an import so far: one small JSON file per chunk of images."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainables.base.atomic import write_text
from trainables.base.errors import why
from trainables.data.datasets.crops import cut, jpeg
from trainables.data.datasets.landmarks import SameLandmarks, digest_of, landmark_remarks
from trainables.data.datasets.raw import LeftOut, RawDataset, RawItem
from trainables.data.datasets.workers import Lost
from trainables.data.pixels import is_blank

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 64
"""Images per chunk: after a kill, at most this many per worker are read again."""

LONGEST_REASON = 500
"""Characters of a reason: an error may repeat the name of a file, which may be of any length."""

EXAMPLES = 6
"""Files that are kept of those that a remark is about."""

ROWS_AT_ONCE = 8192
"""Rows of labels that are in memory as Python objects at a time."""


@dataclass(frozen=True)
class Kept:
    """An image that was read and written: its row of the labels, and the SHA-256 of its file.

    Where it has landmarks, the row has a digest of them too.
    """

    row: dict[str, Any]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """An image that a rule of the dataset leaves out."""

    rule: str


@dataclass(frozen=True)
class Reject:
    """A raw file that cannot be read, and how many images are lost with it."""

    file: str
    reason: str
    images: int


Outcome = Kept | Skipped | Reject


@dataclass(frozen=True)
class ImportOne:
    """Reads an item, crops the face and writes it; called in a worker process."""

    dataset: RawDataset
    out: Path
    image_px: int
    jpeg_quality: int

    def __call__(self, item: RawItem) -> Outcome:
        """Return the outcome of `item`. Raises `OSError` where the image cannot be written."""
        try:
            labelled = self.dataset.read(item)
            if not all(map(math.isfinite, labelled.labels)):
                raise ValueError(f"the labels are not finite: {labelled.labels}")
            crop = cut(labelled.image, labelled.box, self.image_px)
            if is_blank(crop):
                raise ValueError("the crop is blank: all its pixels have the same colour")
            encoded = jpeg(crop, self.jpeg_quality)
        except LeftOut as rule:
            return Skipped(str(rule))
        except Exception as error:  # noqa: BLE001 whatever a broken file makes its reader raise is its own fault
            return Reject(item.file, _reason(error), item.images)
        file = f"images/{item.name}.jpg"
        _write_image(self.out / file, encoded)
        labels = zip(self.dataset.labels, labelled.labels, strict=True)
        box = zip(("left", "top", "right", "bottom"), labelled.box, strict=True)
        row = {
            "file": file,
            "subject": labelled.subject,
            "split": labelled.split,
            **{label.column: float(value) for label, value in labels},
            **{f"box_{edge}_px": int(value) for edge, value in box},
            "sha256": hashlib.sha256(encoded).hexdigest(),
        }
        if labelled.landmarks is not None:
            row["landmarks"] = digest_of(labelled.landmarks)
        return Kept(row, (*labelled.remarks, *landmark_remarks(labelled)))


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return why(error)  # the file is named beside it
    text = " ".join(str(error).split())
    text = text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}..."
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}: {text}"


def _write_image(file: Path, encoded: bytes) -> None:
    try:
        file.write_bytes(encoded)
    except FileNotFoundError:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded)


@dataclass
class Part:
    """The outcomes of one chunk."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    """Each remark -> the files that it is about."""

    @classmethod
    def of(cls, answers: Iterable[tuple[RawItem, Outcome | Lost]]) -> Part:
        """Collect the outcomes of a chunk's items."""
        part = cls()
        for item, answer in answers:
            match answer:
                case Kept(row, remarks):
                    part.rows.append(row)
                    for remark in remarks:
                        part.remarks.setdefault(remark, []).append(row["file"])
                case Skipped(rule):
                    part.left_out[rule] = part.left_out.get(rule, 0) + 1
                case Reject():
                    part.rejects.append(answer)
                case Lost(reason):
                    part.rejects.append(Reject(item.file, reason, item.images))
        return part


@dataclass
class Remark:
    """Of how many images something is to be said, and some of their files."""

    images: int = 0
    files: list[str] = field(default_factory=list)

    def add(self, files: Sequence[str]) -> None:
        """Count these files too."""
        self.images += len(files)
        self.files += files[: EXAMPLES - len(self.files)]


class Parts:
    """The folder of the parts, iterated in the order of the listing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def missing(self, items: Iterable[RawItem]) -> Iterator[tuple[int, list[RawItem]]]:
        """Yield number and items of each chunk that has no part."""
        chunk: list[RawItem] = []
        number = 0
        for item in items:
            chunk.append(item)
            if len(chunk) == CHUNK:
                if not self._file(number).exists():
                    yield number, chunk
                chunk, number = [], number + 1
        if chunk and not self._file(number).exists():
            yield number, chunk

    def write(self, number: int, part: Part) -> None:
        """Write the part of chunk `number` in one step."""
        write_text(json.dumps(asdict(part)), self._file(number))

    def forget_rejects(self) -> None:
        """Remove the parts with files that could not be read: what was wrong with them may be put right."""
        for file in self.folder.glob("*.json"):
            if json.loads(file.read_text())["rejects"]:
                file.unlink()

    def __iter__(self) -> Iterator[Part]:
        for file in sorted(self.folder.glob("*.json")):
            content = json.loads(file.read_text())
            rejects = [Reject(**reject) for reject in content["rejects"]]
            yield Part(content["rows"], rejects, content["left_out"], content.get("remarks", {}))

    def remarks(self) -> dict[str, Remark]:
        """Return what is to be said of images, with how many and some of their files."""
        remarks: dict[str, Remark] = {}
        twice = SameLandmarks()
        for part in self:
            for text, files in part.remarks.items():
                remarks.setdefault(text, Remark()).add(files)
            for row in part.rows:
                twice.add(row)
        for text, files in twice.remarks.items():
            remarks.setdefault(text, Remark()).add(files)
        return remarks

    def table(self) -> tuple[pd.DataFrame, list[bytes]] | None:
        """Return the labels of all images and the SHA-256 of their files, None where there is no image."""
        import pyarrow as pa

        # Arrow tables of some thousand rows each: a million rows as Python objects would take gigabytes.
        tables: list[pa.Table] = []
        digests: list[bytes] = []
        rows: list[dict[str, Any]] = []
        for part in self:
            digests += [bytes.fromhex(row.pop("sha256")) for row in part.rows]
            for row in part.rows:
                row.pop("landmarks", None)
            rows += part.rows
            if len(rows) >= ROWS_AT_ONCE:
                tables.append(pa.Table.from_pylist(rows))
                rows = []
        if rows:
            tables.append(pa.Table.from_pylist(rows))
        if not tables:
            return None
        whole = pa.concat_tables(tables)
        del tables
        return whole.to_pandas(self_destruct=True, split_blocks=True), digests
