"""Families of designs: each option of `pretext`, and each of `init`, where the space leaves them open."""

from __future__ import annotations

from collections.abc import Mapping

from hpsearch.space.holes import Choice, Value
from hpsearch.space.space import Space

DIMENSIONS = ("pretext", "init")
"""The holes whose options are families. The first that a space has tells whose learning curves are alike."""

Family = tuple[str, Value]
"""A hole's name and the name of one of its options."""


def families_of(space: Space) -> tuple[Family, ...]:
    """Return every family of a space, in the order of the file; none where neither hole is open."""
    holes = {hole.name: hole for hole in space.holes()}
    return tuple(
        (name, option)
        for name in DIMENSIONS
        if isinstance(hole := holes.get(name), Choice)
        for option in hole.ends()
    )


def curve_family(params: Mapping[str, Value]) -> str:
    """Return the family with which a trial's learning curve is compared; one for all without such a hole."""
    return next((f"{name}={params[name]}" for name in DIMENSIONS if name in params), "")


def members(params: Mapping[str, Value]) -> tuple[Family, ...]:
    """Return the families that a trial belongs to."""
    return tuple((name, params[name]) for name in DIMENSIONS if name in params)


def member(params: Mapping[str, Value], family: Family) -> bool:
    """Say whether a trial belongs to a family."""
    name, option = family
    return name in params and params[name] == option


def family_title(family: Family) -> str:
    """Return a family as text for people, such as `pretext: rotation`."""
    name, option = family
    return f"{name}: {option}"
