"""Made-up packages with plug-ins, as pip would have installed them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainables.base.plugins import installed

SHORT = '''
"""A schedule that ends early."""

from trainables.base.schema import Config


class Short:
    def factor(self, completed):
        return 0.5


class ShortConfig(Config):
    """The learning rate is halved."""

    share: float = 0.5
    """How much of it."""

    def build(self, epochs):
        return Short()
'''
"""A module with a whole schedule, `ShortConfig`."""


def install(folder: Path, package: str, entries: str, *, version: str = "1.2", module: str = SHORT) -> None:
    """Install a package into a folder of the path; `entries` are the lines of its entry points.

    Its one module has the package's name with underscores.
    """
    info = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entries)
    (folder / f"{package.replace('-', '_')}.py").write_text(module)


@contextmanager
def installed_here(folder: Path, package: str, entries: str, *, version: str = "1.2") -> Iterator[None]:
    """Install a package of entry points for this process alone, as if it had been there from the start."""
    install(folder, package, entries, version=version, module="")
    sys.path.insert(0, str(folder))
    installed.cache_clear()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        installed.cache_clear()
