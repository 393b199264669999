"""Which losses may be below 0: a log-likelihood's, or a cosine's."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class SignedLosses(Protocol):
    """A head or a branch of which some loss may be below 0."""

    @property
    def signed(self) -> bool:
        """Whether it may."""


def signed(module: object) -> bool:
    """Return whether a head's or a branch's losses may be below 0; most are distances, and are not."""
    return isinstance(module, SignedLosses) and module.signed
