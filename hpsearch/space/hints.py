"""Hints for a user who wrote several values without a hole, or a hole as other tools write it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from hpsearch.space.holes import HOLE_KEYS
from trainables.base.errors import brief
from trainables.base.schema import KeyPath

RANGES = {"uniform", "loguniform", "log_uniform", "quniform", "range", "min", "max", "low", "high"}
"""Keys with which other tools write a range of numbers."""

CHOICES = {"values", "options", "categorical", "categories", "grid", "grid_search"}
"""Keys with which other tools write a choice."""


def hole_hint(tree: Any, path: KeyPath) -> str:
    """Return how to write the value at `path` of a config as a hole, where it looks as if one was meant."""
    for key in path:
        if isinstance(tree, Mapping):
            tree = tree.get(key)
        elif isinstance(tree, list) and isinstance(key, int):
            tree = tree[key]
    if isinstance(tree, list) and tree:
        choice = f"{{choice: {brief(tree)}}}"
        if len(tree) == 2 and all(isinstance(end, int | float) for end in tree):
            kind = "int" if all(isinstance(end, int) for end in tree) else "float"
            return f" (to search between them write {{{kind}: {brief(tree)}}}, to try each {choice})"
        return f" (to try each of them write {choice})"
    if isinstance(tree, Mapping):
        return _of_mapping(list(map(str, tree)))
    return ""


def _of_mapping(keys: list[str]) -> str:
    if RANGES.intersection(keys):
        return " (is this a hole? then write {float: [low, high]} or {int: [low, high]}, perhaps log: true)"
    if CHOICES.intersection(keys):
        return " (is this a hole? then write {choice: [one, another]})"
    close = [hole for key in keys for hole in difflib.get_close_matches(key, HOLE_KEYS, n=1)]
    return f" (is this a hole? then write {close[0]!r})" if close else ""
