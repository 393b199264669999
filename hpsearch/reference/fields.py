"""One field of a config: the JSON schemas of its values, its default and its help text."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic.fields import FieldInfo

from trainables.base.schema import Config, Variant, variant_of
from trainables.base.table import Table

Schema = dict[str, Any]


def rows_of(variant: Variant, *, plugins: bool) -> Mapping[str, type[Config]]:
    """Return the rows of a key's table by name, those of installed packages only with `plugins`."""
    table = variant.table
    return table.built_in if isinstance(table, Table) and not plugins else table


def value_schemas(model: type[Config], key: str) -> list[Schema]:
    """Return the JSON schemas that a key's plain values may match, one per type.

    For a key that takes a variant: the schemas of what else it takes, a free name or null.
    """
    parts = list(_alternatives(_properties(model)[key]))
    if variant_of(model.model_fields[key]) is None:
        return parts
    return [part for part in parts if part.get("type") == "null" or "pattern" in part]


def default_of(field: FieldInfo) -> Any:
    """Return a key's default as YAML writes it: a variant by its name, and the settings it changes."""
    value, variant = field.get_default(call_default_factory=True, validated_data={}), variant_of(field)
    if isinstance(value, Config):
        if variant is None:
            return None
        settings = value.model_dump(mode="json", exclude_defaults=True)
        return {variant.name_of(value): settings} if settings else variant.name_of(value)
    return list(value) if isinstance(value, tuple) else value


def help_of(thing: FieldInfo | type[Config]) -> str:
    """Return the help text of a key, or the docstring of a config, in one line."""
    text = thing.description if isinstance(thing, FieldInfo) else inspect.getdoc(thing)
    return " ".join((text or "").split())


@cache
def _properties(model: type[Config]) -> dict[str, Schema]:
    properties: dict[str, Schema] = model.model_json_schema()["properties"]
    return properties


def _alternatives(schema: Schema) -> Iterator[Schema]:
    if "anyOf" in schema:
        for part in schema["anyOf"]:
            yield from _alternatives(part)
    else:
        yield {key: value for key, value in schema.items() if key not in ("title", "default", "description")}
