"""The measure that says whether a branch has collapsed: its name, and its least good value."""

from __future__ import annotations

COLLAPSED = 0.1
"""Embeddings whose spread is below this have collapsed: the helper says the same of every image."""


def spread_name(branch: str) -> str:
    """Return the name of the spread that a branch measures: 1 in all directions alike, 0 collapsed."""
    return f"{branch}_spread"
