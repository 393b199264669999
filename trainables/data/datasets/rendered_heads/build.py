"""Renders a whole dataset: subjects in parallel processes, and a folder that appears only when complete."""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from trainables.base.allowance import allowed_cores
from trainables.base.locks import FileLock
from trainables.data.datasets.prepared import CARD, PreparedDataset, write_labels
from trainables.data.datasets.rendered_heads.head_mesh import HeadModel
from trainables.data.datasets.rendered_heads.image import render
from trainables.data.datasets.rendered_heads.person import Person
from trainables.data.datasets.rendered_heads.subjects import Progress, Subject
from trainables.pose.angles import ANGLES

SOURCE = "rendered-heads: made-up people, a CC0 head model cast with Embree"


@dataclass(frozen=True)
class Task:
    """A subject to render and the settings of all images; files are written to `folder`."""

    folder: Path
    subject: Subject
    image_px: int
    limits_deg: tuple[float, float, float]
    seed: int


def build(
    folder: Path,
    subjects: list[Subject],
    *,
    image_px: int,
    limits_deg: tuple[float, float, float],
    seed: int,
    progress: Progress | None = None,
    workers: int | None = None,
) -> PreparedDataset:
    """Return the prepared dataset at `folder`, rendered first unless it is there."""
    if (folder / CARD).exists():
        return PreparedDataset(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock.wait(folder.with_name(f".{folder.name}.lock")):
        if (folder / CARD).exists():  # another process built it while this one waited
            return PreparedDataset(folder)
        unfinished = folder.with_name(f".{folder.name}.unfinished")
        for leftover in (unfinished, folder):
            shutil.rmtree(leftover, ignore_errors=True)
        unfinished.mkdir()
        try:
            tasks = [Task(unfinished, subject, image_px, limits_deg, seed) for subject in subjects]
            write_labels(unfinished, _rendered(tasks, progress, workers or allowed_cores()), source=SOURCE)
            unfinished.rename(folder)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    return PreparedDataset(folder)


def _rendered(tasks: list[Task], progress: Progress | None, workers: int) -> pd.DataFrame:
    """Render every task and return the labels in the order of the tasks."""
    total = sum(task.subject.images for task in tasks)
    rows: dict[int, list[dict[str, object]]] = {}
    done = 0
    for index, made in _in_any_order(tasks, min(workers, len(tasks))):
        rows[index] = made
        done += len(made)
        if progress:
            progress(done, total)
    return pd.DataFrame([row for index in sorted(rows) for row in rows[index]])


def _in_any_order(tasks: list[Task], workers: int) -> Iterator[tuple[int, list[dict[str, object]]]]:
    if workers == 1:
        yield from enumerate(map(render_subject, tasks))
        return
    # Spawned, not forked: the parent may hold threads, and Embree's would not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_follow_the_parent)
    try:
        futures = {pool.submit(render_subject, task): index for index, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _follow_the_parent() -> None:
    """Leave Ctrl-C to the parent process, and end with it: the pool would go on rendering without one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)  # a thread ends its process in no gentler way


@cache
def _model() -> HeadModel:
    return HeadModel()


def render_subject(task: Task) -> list[dict[str, object]]:
    """Render all images of one subject and return their labels.

    Every random number follows from the seed, the subject and the image, whichever process renders it.
    """
    subject = task.subject
    person = Person(_generator(task.seed, subject.index), _model())
    folder = task.folder / "images" / subject.name
    folder.mkdir(parents=True)
    rows: list[dict[str, object]] = []
    for number in range(subject.images):
        rng = _generator(task.seed, subject.index, number)
        pose_deg = np.round(rng.uniform(-1, 1, 3) * task.limits_deg, 3)
        image = render(person, pose_deg, task.image_px, rng)
        file = folder / f"{number:04d}.jpg"
        encoded = io.BytesIO()
        image.save(encoded, "JPEG", quality=int(rng.integers(72, 97)))
        file.write_bytes(encoded.getvalue())
        rows.append(
            {
                "file": file.relative_to(task.folder).as_posix(),
                "subject": subject.name,
                "split": subject.split,
                **{f"{angle}_deg": float(value) for angle, value in zip(ANGLES, pose_deg, strict=True)},
                "box_left_px": 0,
                "box_top_px": 0,
                "box_right_px": task.image_px,
                "box_bottom_px": task.image_px,
            }
        )
    return rows


def _generator(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
