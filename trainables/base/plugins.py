"""Plug-ins: rows that installed packages add to the tables, as entry points of a table's group.

A plug-in is code of a package that somebody installed into this interpreter, and is trusted as that is. It is
imported where a table is asked for its name, and never before: finding plug-ins reads metadata alone.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Generic, Protocol

from trainables.base.errors import InputError, brief
from trainables.base.schema import Config

PREFIX = "hpsearch."
"""Begins the name of every group of entry points that is a table's."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
"""What a row may be called: one part of a dotted key."""


@dataclass(frozen=True, order=True)
class Plugin:
    """A row that a package adds to the table `group`; `target` is where it stands, `module:name`."""

    group: str
    name: str
    package: str
    version: str
    target: str

    def __str__(self) -> str:
        return f"{self.group} {self.name!r} of {self.package} {self.version}"

    @property
    def unused(self) -> str:
        """Why the row is not used where hpsearch's own has its name, with the way out."""
        return (
            f"{self} is not used, because hpsearch has one of that name: uninstall {self.package}, or "
            "install a version of it that has another name for its own"
        )

    def load(self, protocol: type) -> type[Config]:
        """Import the row, whose instances must keep `protocol`. Raises `InputError` where it is at fault."""
        from importlib.metadata import EntryPoint

        try:
            row: object = EntryPoint(self.name, self.target, PREFIX + self.group).load()
        except Exception as error:  # noqa: BLE001  the code of others may raise anything
            raise InputError(
                f"{self} cannot be imported ({type(error).__name__}: {error}): repair or uninstall it"
            ) from None
        if not isinstance(row, type) or not issubclass(row, Config):
            raise InputError(f"{self} is not a subclass of trainables.base.schema.Config: {brief(row)}")
        if faults := list(_breaches(row, protocol)):
            raise InputError(
                f"{self} is not a {protocol.__name__}: {'; '.join(faults)}. Install a version of the package "
                "that was made for this hpsearch"
            )
        return row


@cache
def installed() -> tuple[Plugin, ...]:
    """Return every plug-in of this interpreter, in one order on every machine; nothing is imported."""
    from importlib.metadata import entry_points

    found = entry_points()
    return tuple(
        sorted(
            Plugin(
                group.removeprefix(PREFIX),
                entry.name,
                entry.dist.name if entry.dist else "an unknown package",
                entry.dist.version if entry.dist else "",
                entry.value,
            )
            for group in found.groups
            if group.startswith(PREFIX)
            for entry in found.select(group=group)
        )
    )


def _breaches(row: type[Config], protocol: type) -> Iterator[str]:
    """Yield what of a protocol a class does not keep: members, and the names of a method's parameters."""
    for name, member in _members(protocol):
        if not hasattr(row, name) and name not in row.model_fields:
            yield f"it has no {name}"
        elif inspect.isfunction(member):
            theirs = getattr(row, name, None)
            wanted = [*inspect.signature(member).parameters][1:]
            try:
                inspect.signature(theirs).bind(None, **dict.fromkeys(wanted))  # type: ignore[arg-type]
            except (TypeError, ValueError):
                yield f"its {name} does not accept ({', '.join(wanted)})"


def _members(protocol: type) -> Iterator[tuple[str, object]]:
    for base in protocol.__mro__:
        if base not in (Protocol, Generic, object):
            yield from ((name, member) for name, member in vars(base).items() if not name.startswith("_"))
