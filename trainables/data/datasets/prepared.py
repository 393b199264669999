"""The prepared format of every dataset: a folder of square face crops, `labels.parquet` and `dataset.json`.

Every importer writes it and the loader reads it; no code after it depends on where the images came from.

    NAME/
      images/...jpg     square face crops
      labels.parquet    one row per image, see `COLUMNS`
      dataset.json      source, labels, convention, counts, content hash
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainables.base.allowance import allowed_cores
from trainables.base.atomic import in_one_step, write_text
from trainables.base.disk import is_disk_fault
from trainables.base.errors import Fault, InputError, nearest, why
from trainables.pose.angles import ANGLES, CONVENTION
from trainables.target import Label, Target, TargetConfig, known_labels

if TYPE_CHECKING:
    import pandas as pd

LABELS = "labels.parquet"
CARD = "dataset.json"
"""The file that makes a folder a prepared dataset."""

LISTS = ("angles", "labels")
"""The lists in `dataset.json`."""

COLUMNS = (
    "file",  # path below the dataset's folder, with forward slashes
    "subject",  # identity; a subject never stands in two splits that are compared
    "split",  # `train`, `validation`, ...; several names separated by a space where splits overlap
    # then the labels: `yaw_deg`, `pitch_deg` and, unless the dataset has none, `roll_deg` of a head pose
    "box_left_px",  # the crop's box in the source image; may lie outside it
    "box_top_px",
    "box_right_px",
    "box_bottom_px",
)


@dataclass(frozen=True)
class Samples:
    """Images and their labels, ready for the loader.

    `files` are absolute paths; `labels` is float32 [N, L] in the order of the target's labels. What
    learns from images alone has no target, and no label (L = 0).
    """

    files: tuple[Path, ...]
    labels: npt.NDArray[np.float32]
    subjects: tuple[str, ...]
    target: Target | None
    content_hash: str
    folder: Path | None = None
    """That of the dataset whose images these are; None for those of several, or a few to try with."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of which images of which version of a dataset these are, whatever path leads to it."""
        names = (str(f if self.folder is None else f.relative_to(self.folder)) for f in self.files)
        return hashlib.sha256("\n".join((self.content_hash, *names)).encode()).hexdigest()

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels, in order."""
        return () if self.target is None else tuple(label.name for label in self.target.labels)

    def __len__(self) -> int:
        return len(self.files)

    def where(self, rows: npt.NDArray[np.bool_]) -> Samples:
        """Return the images [N] of these rows, in their order."""
        places = np.flatnonzero(rows)
        return replace(
            self,
            files=tuple(self.files[place] for place in places),
            labels=_fixed(self.labels[places]),
            subjects=tuple(self.subjects[place] for place in places),
        )

    def without_labels(self) -> Samples:
        """Return the same images for what learns from images alone."""
        return replace(self, labels=self.labels[:, :0], target=None)

    def first(self, count: int) -> Samples:
        """Return the first images, `count` of them at most."""
        return replace(
            self,
            files=self.files[:count],
            labels=self.labels[:count],
            subjects=self.subjects[:count],
            folder=None,
        )


def together(parts: Sequence[Samples]) -> Samples:
    """Return all images of some samples without labels, one after the other."""
    one, *others = parts
    if not others:
        return one
    same = all((part.folder, part.content_hash) == (one.folder, one.content_hash) for part in others)
    hashes = "".join(part.content_hash for part in parts)
    return Samples(
        files=tuple(file for part in parts for file in part.files),
        labels=np.concatenate([part.labels for part in parts]),
        subjects=tuple(subject for part in parts for subject in part.subjects),
        target=None,
        content_hash=one.content_hash if same else hashlib.sha256(hashes.encode()).hexdigest(),
        folder=one.folder if same else None,
    )


@dataclass(frozen=True)
class DatasetCard:
    """The contents of `dataset.json`."""

    source: str
    angles: tuple[str, ...]
    """Those of a head pose that it has labels of."""
    convention: str
    splits: dict[str, int]
    subjects: int
    images: int
    content_hash: str
    labels: tuple[str, ...] = ()
    """The columns of its labels; empty in those of older versions, which have the `angles` alone."""
    details: dict[str, Any] = field(default_factory=dict)
    """Facts of this source alone, such as the options of its import, the face detector, what was left out."""


class PreparedDataset:
    """A prepared dataset on disk.

    Raises `InputError` where the folder is missing or is not a prepared dataset.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            card = json.loads((folder / CARD).read_text())
            self.card = DatasetCard(**{**card, **{key: tuple(card[key]) for key in LISTS if key in card}})
        except FileNotFoundError:
            raise InputError(
                Fault("no prepared dataset here (dataset.json is missing)", file=str(folder))
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputError(Fault(f"dataset.json cannot be read: {error}", file=str(folder))) from None

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    def labels(self) -> pd.DataFrame:
        """Return the table of all images, with the columns of `COLUMNS`.

        Raises `InputError` where it cannot be read.
        """
        import pandas as pd

        try:
            return pd.read_parquet(self.folder / LABELS)
        except (OSError, ValueError) as error:  # pyarrow's own are among them
            raise self._no_labels(error) from None

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The columns of its labels."""
        return self.card.labels or tuple(f"{angle}_deg" for angle in self.card.angles)

    def labels_of(self, target: TargetConfig) -> tuple[Label, ...]:
        """Return the labels of a target that it has. Raises `InputError` where it lacks one that it needs."""
        found = tuple(label for label in target.labels if label.column in self.label_columns)
        missing = [label.column for label in target.labels if label not in found and not label.optional]
        if missing:
            raise InputError(
                f"dataset {self.name!r} has no labels {' and '.join(missing)} (it has "
                f"{', '.join(self.label_columns) or 'none'}): name one that has, or another target"
            )
        return found

    def samples(
        self, split: str, subjects: Sequence[str] = (), target: TargetConfig | None = None
    ) -> Samples:
        """Return the images of one split, of the named `subjects` only, where any are named.

        Without a target they have no labels. Raises `InputError` for an unknown split or subject, for a
        selection without an image, and where the labels cannot be read or are not of the target.
        """
        try:
            file = (self.folder / LABELS).stat()
        except OSError as error:
            raise self._no_labels(error) from None
        return _samples(self.folder, (file.st_mtime_ns, file.st_size), split, tuple(subjects), target)

    def _select(self, split: str, subjects: tuple[str, ...], target: TargetConfig | None) -> Samples:
        table = self.labels()
        if split not in self.card.splits:
            raise InputError(
                f"dataset {self.name!r} has no split {split!r}{nearest(split, self.card.splits)}"
            )
        table = table[table["split"].str.split(" ").map(lambda names: split in names)]
        unknown = [subject for subject in subjects if subject not in set(table["subject"])]
        if unknown:
            raise InputError([Fault(self._no_subject(split, subject, table)) for subject in unknown])
        if subjects:
            table = table[table["subject"].isin(list(subjects))]
        if table.empty:
            raise InputError(f"split {split!r} of dataset {self.name!r} holds no image")
        labels = () if target is None else self.labels_of(target)
        columns = [label.column for label in labels]
        return Samples(
            files=tuple(self.folder / file for file in table["file"]),
            labels=_fixed(table[columns].to_numpy(dtype=np.float32)),
            subjects=tuple(table["subject"]),
            target=None if target is None else target.build(labels),
            content_hash=self.card.content_hash,
            folder=self.folder,
        )

    def _no_labels(self, error: Exception) -> Exception:
        """Return what to raise for labels that cannot be read: a broken disk is the machine's fault."""
        if is_disk_fault(error):
            return error
        way_out = "restore it from a copy, or delete the dataset and import or build it again"
        rule = f"the labels cannot be read ({why(error)}): {way_out}"
        return InputError(Fault(rule, file=str(self.folder / LABELS)))

    def _no_subject(self, split: str, subject: str, table: pd.DataFrame) -> str:
        message = f"split {split!r} of dataset {self.name!r} has no subject {subject!r}"
        labels = self.labels()
        elsewhere = sorted(set(labels.loc[labels["subject"] == subject, "split"]))
        if elsewhere:
            return f"{message}: it is in {', '.join(map(repr, elsewhere))}"
        known = set(table["subject"])
        return message + (nearest(subject, known) if len(known) <= 100 else f"; it has {len(known)} others")


def _fixed(array: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    array.flags.writeable = False  # the trials of a process share it
    return array


@lru_cache(maxsize=8)
def _samples(
    folder: Path,
    stamp: tuple[int, int],
    split: str,
    subjects: tuple[str, ...],
    target: TargetConfig | None,
) -> Samples:
    """Read a selection once per process, as every trial asks for the same. `stamp` changes with the file."""
    return PreparedDataset(folder)._select(split, subjects, target)


def write_labels(
    folder: Path,
    table: pd.DataFrame,
    *,
    source: str,
    convention: str = CONVENTION,
    details: Mapping[str, Any] | None = None,
    digests: Iterable[bytes | None] | None = None,
) -> PreparedDataset:
    """Write `labels.parquet` and, last and in one step, `dataset.json` for the images in `folder`.

    `digests` are the images' SHA-256 in the order of the table, where they are already known.
    """
    angles = tuple(angle for angle in ANGLES if f"{angle}_deg" in table)
    labels = tuple(label.column for label in known_labels() if label.column in table)
    with in_one_step(folder / LABELS, 0) as draft:
        table.to_parquet(draft, index=False)
    splits: dict[str, int] = {}
    for names, count in table["split"].value_counts().items():
        for name in str(names).split(" "):
            splits[name] = splits.get(name, 0) + int(count)
    card = DatasetCard(
        source=source,
        angles=angles,
        convention=convention,
        splits=dict(sorted(splits.items())),
        subjects=int(table["subject"].nunique()),
        images=len(table),
        content_hash=content_hash(
            folder, image_digests(folder, table["file"]) if digests is None else digests
        ),
        labels=labels,
        details=dict(details or {}),
    )
    write_text(json.dumps(asdict(card), indent=2) + "\n", folder / CARD)
    return PreparedDataset(folder)


def content_hash(folder: Path, digests: Iterable[bytes | None]) -> str:
    """Return the SHA-256 over the labels' file and the images' digests, in the order of the table."""
    whole = hashlib.sha256((folder / LABELS).read_bytes())
    for digest in digests:
        whole.update(digest or b"missing")
    return whole.hexdigest()


def image_digests(folder: Path, files: Iterable[str]) -> Iterator[bytes | None]:
    """Yield the SHA-256 of each image's bytes, None for a missing one; on all cores."""
    names = list(files)
    with ThreadPoolExecutor(allowed_cores()) as pool:
        for start in range(0, len(names), 1024):  # a million futures would fill the memory
            yield from pool.map(lambda name: _digest(folder / name), names[start : start + 1024])


def _digest(file: Path) -> bytes | None:
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except FileNotFoundError:
        return None
