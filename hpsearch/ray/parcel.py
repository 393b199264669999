"""A few files as lines of text, which is all that a job's log carries: packed on the head, unpacked here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainables.base.errors import InputError

NAMES = (
    "report.html",
    "report.csv",
    "report-paper.csv",
    "report-claims.csv",
    "leaderboard.csv",
    "best.yaml",
    "best.pt",
    "space.yaml",
)
"""What a parcel may hold: the head is another machine, and writes no other file here."""

MOST_BYTES = 1 << 30
"""Size of a parcel's text, at most: the weights of the largest network are a tenth of that."""

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


class Parcel:
    """The text of a parcel that arrives in pieces."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._pieces: list[str] = []
        self._size = 0

    def add(self, piece: str) -> None:
        """Add a piece. Raises `InputError` for more than a study's results can be."""
        self._size += len(piece)
        if self._size > self._most_bytes:
            raise InputError(
                f"the head sent more than {self._most_bytes >> 20} MiB, which no study has: stopped"
            )
        self._pieces.append(piece)

    @property
    def text(self) -> str:
        """All that has come."""
        return "".join(self._pieces)

    def unpack(self, folder: Path) -> list[Path]:
        """Write the files into `folder`; return them.

        Raises `InputError` for a parcel that is damaged or holds another file; then none is written.
        """
        lines = self.text.splitlines()
        if not lines or lines[-1] != END:
            raise InputError("the answer of the head is cut short: try again")
        files: dict[str, tuple[str, list[str]]] = {}
        content: list[str] | None = None
        for line in lines[:-1]:
            words = line.split(" ")
            if words[0] == FILE and len(words) == 3:
                if words[1] not in NAMES or words[1] in files:
                    raise InputError(f"the head sent a file called {words[1]!r}: nothing was written")
                files[words[1]] = words[2], (content := [])
            elif content is not None:
                content.append(line)
        contents = {name: _checked(name, *file) for name, file in files.items()}
        for name, received in contents.items():
            (folder / name).write_bytes(received)
        return [folder / name for name in contents]


def _checked(name: str, checksum: str, lines: list[str]) -> bytes:
    try:
        content = b"".join(map(base64.b64decode, lines))
    except ValueError:  # no base64
        content = b""
    if hashlib.sha256(content).hexdigest() != checksum:
        raise InputError(f"{name} arrived damaged from the head: try again")
    return content
