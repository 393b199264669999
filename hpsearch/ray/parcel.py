"""A few files as lines of text, which is all that a job's log carries: packed on the head, unpacked here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainables.base.errors import InputError
from trainables.base.names import FOLDER_NAME

FILE, END = "file", "end"
LINE_BYTES = 48 * 1024


def pack(files: Iterable[Path]) -> Iterator[str]:
    """Yield a parcel by lines: per file its name and checksum, then its content in base64; then the end."""
    for path in files:
        content = path.read_bytes()
        yield f"{FILE} {path.name} {hashlib.sha256(content).hexdigest()}"
        for start in range(0, len(content), LINE_BYTES):
            yield base64.b64encode(content[start : start + LINE_BYTES]).decode()
    yield END


def unpack(text: str, folder: Path) -> list[Path]:
    """Write the files of a parcel below `folder`; return them. Raises `InputError` where it is damaged."""
    lines = text.splitlines()
    if not lines or lines[-1] != END:
        raise InputError("the answer of the head is cut short: try again")
    files: list[tuple[str, str, list[str]]] = []
    for line in lines[:-1]:
        words = line.split(" ")
        if words[0] == FILE and len(words) == 3:
            files.append((words[1], words[2], []))
        elif files:
            files[-1][2].append(line)
    return [_written(folder, *file) for file in files]


def _written(folder: Path, name: str, checksum: str, lines: list[str]) -> Path:
    if not FOLDER_NAME.fullmatch(name):
        raise InputError(f"the head sent a file called {name!r}, which is no plain name: it was not written")
    content = b"".join(map(base64.b64decode, lines))
    if hashlib.sha256(content).hexdigest() != checksum:
        raise InputError(f"{name} came damaged from the head: try again")
    path = folder / name
    path.write_bytes(content)
    return path
