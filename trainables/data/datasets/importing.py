"""Imports a raw dataset as a prepared one: in parallel, in constant memory, resuming after an interruption.

A chunk of images is complete once its part lies in `.import/parts/`: the images are written first, the part
after them in one step. Importing again reads only the chunks without a part; when all are complete, the parts
become `labels.parquet` and `dataset.json`, and `.import/` is removed. Files that cannot be read are listed in
`rejects.csv`; where they are too many, the next import reads their chunks again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainables.base.allowance import allowed_cores
from trainables.base.atomic import write_text
from trainables.base.errors import Fault, InputError, brief
from trainables.base.locks import FileLock
from trainables.base.plain_text import csv_cell
from trainables.data.checks.subjects import both_sides
from trainables.data.datasets.import_report import ImportReport, Progress
from trainables.data.datasets.parts import ImportOne, Part, Parts
from trainables.data.datasets.prepared import CARD, PreparedDataset, write_labels
from trainables.data.datasets.raw import ImporterConfig, RawDataset
from trainables.data.datasets.workers import TIMEOUT_S, run_isolated

VERSION = 1
"""Raised whenever the same raw files and options result in other images or labels."""

ENOUGH_REJECTS = 1000
"""Rejects after which an import above its limit is given up early."""


@dataclass(frozen=True)
class _Plan:
    """What is imported, and how; an import is resumed only under the same plan."""

    importer: str
    options: dict[str, Any]
    fingerprint: str
    items: int
    images: int


def import_dataset(
    importer: str,
    config: ImporterConfig,
    raw: Path,
    out: Path,
    *,
    processes: int | None = None,
    reject_limit: float = 0.01,
    timeout_s: float = TIMEOUT_S,
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Turn the raw dataset at `raw` into a prepared one at `out`, with `processes` workers (one per core).

    Raises `InputError` for a raw folder without the dataset in it, an `out` that holds something else, or
    more than `reject_limit` (share) of unreadable images. Called again, it resumes an interrupted import; an
    unfinished one with other options or files starts over.
    """
    started = time.monotonic()
    dataset = config.build(raw)
    plan = _plan(importer, config, dataset)
    if (out / CARD).exists():
        return _finished(out, plan, started)
    _refuse_foreign(out)
    work = out / ".import"
    (work / "parts").mkdir(parents=True, exist_ok=True)
    with _sole_importer(work):
        if (out / CARD).exists():  # another process finished it just now
            return _finished(out, plan, started)
        _begin(work, plan, out)
        run = _Run(out, plan, progress)
        job = ImportOne(dataset, out, config.image_px, config.jpeg_quality)
        run.read_missing(job, processes or allowed_cores(), timeout_s, reject_limit)
        prepared = _assemble(out, plan, dataset, config, run)
        shutil.rmtree(work)
    return ImportReport(prepared, run.rejected, dict(run.left_out), run.imported, time.monotonic() - started)


def _plan(importer: str, config: ImporterConfig, dataset: RawDataset) -> _Plan:
    options = config.model_dump(mode="json")
    digest = hashlib.sha256(json.dumps([VERSION, importer, options], sort_keys=True).encode())
    items = images = 0
    for item in dataset.items():
        digest.update(repr((item.file, item.name, item.size, item.detail)).encode())
        items += 1
        images += item.images
    if not items:
        raise InputError(f"{importer}: no image to import")
    return _Plan(importer, options, digest.hexdigest(), items, images)


def _finished(out: Path, plan: _Plan, started: float) -> ImportReport:
    """Return the report of a complete import. Raises `InputError` where it was another one."""
    prepared = PreparedDataset(out)
    made = prepared.card.details
    if made.get("fingerprint") != plan.fingerprint:
        raise InputError(Fault(_differs("holds", made, plan), file=str(out)))
    shutil.rmtree(out / ".import", ignore_errors=True)
    return ImportReport(prepared, made["rejected"], made["left_out"], 0, time.monotonic() - started)


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(Fault("this is a file: give the name of a new folder", file=str(out)))
    if out.is_dir() and not (out / ".import").is_dir() and any(out.iterdir()):
        raise InputError(Fault("this folder holds other files: give the name of a new one", file=str(out)))


def _sole_importer(work: Path) -> FileLock:
    lock = FileLock.take(work / "lock")
    if lock is None:
        raise InputError(Fault("another process is importing into this folder", file=str(work.parent)))
    return lock


def _begin(work: Path, plan: _Plan, out: Path) -> None:
    """Write the plan; where another plan of the same importer was begun, its images are removed first.

    Raises `InputError` where an import of another importer was begun.
    """
    file = work / "plan.json"
    begun = json.loads(file.read_text()) if file.exists() else asdict(plan)
    if begun["importer"] != plan.importer:
        raise InputError(Fault(_differs("holds the beginning of", begun, plan), file=str(out)))
    if begun["fingerprint"] != plan.fingerprint:
        for made in (out / "images", work / "parts"):
            shutil.rmtree(made, ignore_errors=True)
        (work / "parts").mkdir()
    write_text(json.dumps(asdict(plan)), file)


def _differs(holds: str, made: dict[str, Any], plan: _Plan) -> str:
    """Return how another import differs from this plan, and the way out."""
    way_out = "give another name, or remove the folder"
    if made.get("importer") != plan.importer:
        return f"this folder {holds} an import of {made.get('importer', 'something else')}: {way_out}"
    was = made["options"]
    changed = [
        f"{key} was {was.get(key)!r}, now {now!r}" for key, now in plan.options.items() if was.get(key) != now
    ]
    what = f"with other options ({'; '.join(changed)})" if changed else "of other raw files"
    return f"this folder {holds} an import {what}: {way_out}"


class _Run:
    """One run of an import: reads the chunks without a part, and counts the images of all chunks."""

    def __init__(self, out: Path, plan: _Plan, progress: Callable[[Progress], None] | None) -> None:
        self.out, self.plan, self.progress = out, plan, progress
        self.parts = Parts(out / ".import" / "parts")
        self.done = self.imported = self.rejected = self.lost_images = 0
        self.left_out: Counter[str] = Counter()
        self.began = time.monotonic()

    def read_missing(self, job: ImportOne, processes: int, timeout_s: float, reject_limit: float) -> None:
        """Read the chunks without a part and write their parts.

        Raises `InputError` where too many images cannot be read.
        """
        for part in self.parts:
            self._count(part)
        self.began = time.monotonic()
        chunks = self.parts.missing(job.dataset.items())
        with closing(run_isolated(job, chunks, processes=processes, timeout_s=timeout_s)) as results:
            for number, answers in results:
                part = Part.of(answers)
                self.parts.write(number, part)
                self._count(part)
                self.imported += len(answers)
                if self.progress:
                    self.progress(self._progress())
                if self.rejected >= ENOUGH_REJECTS and self._too_many(reject_limit):
                    break
        self._refuse_too_many(reject_limit)

    def _count(self, part: Part) -> None:
        self.left_out.update(part.left_out)
        self.rejected += len(part.rejects)
        self.lost_images += sum(reject.images for reject in part.rejects)
        self.done += len(part.rows) + len(part.rejects) + sum(part.left_out.values())

    def _progress(self) -> Progress:
        rate = self.imported / (time.monotonic() - self.began)
        left = self.plan.items - self.done
        return Progress(self.done, self.plan.items, self.rejected, self.left_out.total(), rate, left / rate)

    def _too_many(self, limit: float) -> bool:
        return self.lost_images > limit * self.plan.images

    def _refuse_too_many(self, limit: float) -> None:
        """Write `rejects.csv`. Raises `InputError` where more than `limit` of the images are lost."""
        file = self.out / "rejects.csv"
        with file.open("w", newline="", encoding="utf-8") as opened:
            rows = csv.writer(opened)
            rows.writerow(("file", "reason"))
            rejects = (reject for part in self.parts for reject in part.rejects)
            rows.writerows((csv_cell(reject.file), csv_cell(reject.reason)) for reject in rejects)
        if self._too_many(limit):
            share = self.lost_images / self.plan.images
            example = self._first_reject()
            self.parts.forget_rejects()
            raise InputError(
                f"{self.lost_images} of {self.plan.images} images ({share:.1%}) cannot be read, at most "
                f"{limit:.0%} may: the files and reasons are in {file}; for example {example}"
            )

    def _first_reject(self) -> str:
        reject = next(reject for part in self.parts for reject in part.rejects)
        return f"{brief(reject.file)}: {reject.reason}"


def _assemble(
    out: Path, plan: _Plan, dataset: RawDataset, config: ImporterConfig, run: _Run
) -> PreparedDataset:
    """Turn the parts, in the order of the listing, into `labels.parquet` and `dataset.json`."""
    labels = run.parts.table()
    if labels is None:
        rules = "; ".join(f"{count} by the rule: {rule}" for rule, count in run.left_out.items())
        raise InputError(f"{plan.importer}: every image is left out ({rules})")
    table, digests = labels
    if faults := list(both_sides(table["subject"], table["split"])):
        raise InputError([Fault(fault, file=str(out)) for fault in faults])
    remarks = {text: asdict(remark) for text, remark in sorted(run.parts.remarks().items())}
    details = {
        "importer": plan.importer,
        "options": plan.options,
        "fingerprint": plan.fingerprint,
        "image_px": config.image_px,
        "rejected": run.rejected,
        "left_out": dict(sorted(run.left_out.items())),
        **dataset.details(),
        **({"remarks": remarks} if remarks else {}),
    }
    return write_labels(
        out, table, source=dataset.source, convention=dataset.convention, details=details, digests=digests
    )
