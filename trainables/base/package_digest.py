"""Which files the packages are that a process runs: a worker must run those of its driver."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

SHOWN = 12
"""Characters of a digest in a message."""


@dataclass(frozen=True)
class PackageDigest:
    """The folders of some packages, by name, and one SHA-256 of their Python files."""

    folders: tuple[tuple[str, Path], ...]
    sha256: str

    @classmethod
    def of(cls, *packages: str) -> PackageDigest:
        """Return the digest of packages as this process finds them. Raises `ModuleNotFoundError`."""
        folders = tuple((package, _folder(package)) for package in packages)
        total = hashlib.sha256()
        for package, folder in folders:
            for file in sorted(folder.rglob("*.py")):
                content = file.read_bytes()
                total.update(f"{package}/{file.relative_to(folder)} {len(content)}\n".encode())
                total.update(content)
        return cls(folders, total.hexdigest())

    def difference(self, *, same_machine: bool) -> str | None:
        """Return what this process runs instead, in words; None where it runs the same.

        On the `same_machine` it must be the same folders; another machine may have them elsewhere.
        """
        try:
            found = PackageDigest.of(*(package for package, _ in self.folders))
        except ModuleNotFoundError as error:
            return str(error)
        if found.sha256 != self.sha256 or (same_machine and found.folders != self.folders):
            return f"it runs {found}, the driver {self}: both must run the same files"
        return None

    def __str__(self) -> str:
        places = ", ".join(dict.fromkeys(str(folder.parent) for _, folder in self.folders))
        return f"the code in {places} (digest {self.sha256[:SHOWN]})"


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"no package {package!r} is found there")
    return Path(found.submodule_search_locations[0]).resolve()
