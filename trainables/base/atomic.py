"""Files written in one step: after a crash, a file is whole or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from trainables.base.disk import DiskFault, is_disk_fault
from trainables.base.tensors import is_archive, load_pickled

UNFINISHED = ".unfinished"
"""Suffix of a file that is being written; a leftover comes from a process that died."""


@contextmanager
def in_one_step(path: Path, needed_bytes: int) -> Iterator[Path]:
    """Give the path of a draft, in a folder that is made; after the block it takes the place of `path`.

    After a crash or on a full disk, the previous content is still whole.

    Raises `DiskFault` where there is no room for it, `OSError` where it cannot be written for another reason,
    and leaves no half-written file.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        rename(unfinished, path)
    except (OSError, RuntimeError) as error:
        for cause in (error, error.__context__):  # torch may hide the error behind its own
            if is_disk_fault(cause):
                raise DiskFault.of(cause, path, needed_bytes) from error
        raise
    finally:
        with suppress(OSError):  # it is not there, or what kept it from being written keeps it there, too
            unfinished.unlink()


def write_text(text: str, path: Path) -> None:
    """Write `text` to `path` as UTF-8. Raises as `in_one_step` does."""
    content = text.encode()
    with in_one_step(path, len(content)) as draft:
        draft.write_bytes(content)


def save_state(state: dict[str, Any], path: Path) -> None:
    """Write `state` to `path`. Raises as `in_one_step` does."""
    import torch  # takes seconds, and not every file holds tensors

    needed_bytes = sum(_tensor_sizes(state))
    with in_one_step(path, needed_bytes) as draft, draft.open("wb") as file:
        torch.save(state, file)


def rename(path: Path, name: Path) -> None:
    """Rename a file within its folder, replacing a file of that name; a later crash does not undo it."""
    path.replace(name)
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_state(path: Path) -> dict[str, Any]:
    """Return what `save_state` wrote, on the CPU; only tensors and plain values are read, never code.

    Raises `ValueError`, with the path, for a damaged file and for one that holds something else, and
    `OSError` where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            whole = is_archive(file)
        if not whole:
            raise ValueError("this file is damaged: its end is missing")
        state = load_pickled(path)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(state, dict):
        raise ValueError(f"{path}: this file holds a {type(state).__name__}, not values by name")
    return state


def _tensor_sizes(value: Any) -> Iterator[int]:
    """Yield the bytes of each tensor in a state."""
    import torch

    match value:
        case torch.Tensor():
            yield value.nbytes
        case dict():
            for child in value.values():
                yield from _tensor_sizes(child)
        case list() | tuple():
            for child in value:
                yield from _tensor_sizes(child)
