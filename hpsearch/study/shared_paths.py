"""The shared path of a value: its dotted path without the names of variants, as `naming.rows` has it.

Settings of the same meaning, such as `pretext.puzzling.grid` and `pretext.rotation.grid`, share one:
`pretext.grid`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache

from trainables.base.schema import Config, Variant, variant_of


def shared_path(config: Config, path: Sequence[str]) -> str:
    """Return the shared path of the row of a config at a path; empty where there is none."""
    name, *rest = path
    if name not in type(config).model_fields:
        return ""
    value, variant = getattr(config, name), variant_at(type(config), name)
    if not isinstance(value, Config):
        return "" if rest else name
    if variant is not None:
        if not rest:
            return name
        chosen, *rest = rest
        if chosen != variant.name_of(value):
            return ""
    below = shared_path(value, rest) if rest else ""
    return below and sys.intern(f"{name}.{below}")


@cache
def variant_at(kind: type[Config], name: str) -> Variant | None:
    """Return what marks a field of a config as a variant; None where nothing does."""
    return variant_of(kind.model_fields[name])
