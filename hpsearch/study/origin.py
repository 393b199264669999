"""The package that added a row to a study, and every version of it that trials of the study ran with."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Origin:
    """A package and its versions, that of the last launch last."""

    package: str
    versions: tuple[str, ...]

    @property
    def last(self) -> str:
        """The version of the last launch."""
        return self.versions[-1]

    @classmethod
    def read(cls, text: str) -> Origin:
        """Return the origin of its text, such as `own-tasks 1.2, 1.3`."""
        first, *others = text.split(", ")
        package, _, version = first.rpartition(" ")
        return cls(package, (version, *others))

    def __str__(self) -> str:
        return f"{self.package} {', '.join(self.versions)}"

    def after(self, before: Origin | None) -> Origin:
        """Return the origin of a study that goes on, whose earlier trials ran with `before`."""
        if before is None:
            return self
        earlier = (version for version in before.versions if version not in self.versions)
        return replace(self, versions=(*earlier, *self.versions))
