"""The JSON schema of a search space, with which an editor completes and checks the file.

A hole may stand wherever a value may, and the options of a choice are again values or holes. So every value
has one definition, and the options of a choice refer back to it. The keys of a variant, such as
`pretext.puzzling.grid`, are defined once, wherever else the variant may stand: the size of the schema grows
only with the number of keys.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_origin

from pydantic.fields import FieldInfo

from hpsearch.reference.fields import Schema, default_of, help_of, rows_of, value_schemas
from hpsearch.study.config import SearchConfig
from hpsearch.study.spec import SECTION
from trainables.base.schema import Config, Variant, config_in, needs_settings, variant_of
from trainables.training.config import TrainConfig

BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def render(*, plugins: bool = True) -> str:
    """Return the schema as JSON text, one definition per line; see `search_space_schema`."""
    schema = search_space_schema(plugins=plugins)
    definitions = schema.pop("$defs")
    keys = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in schema.items()]
    lines = [f"    {json.dumps(name)}: {json.dumps(text)}" for name, text in definitions.items()]
    return "{\n" + ",\n".join([*keys, '  "$defs": {\n' + ",\n".join(lines) + "\n  }"]) + "\n}\n"


def search_space_schema(*, plugins: bool = True) -> Schema:
    """Return the JSON schema (draft 2020-12) of a search space, with the rows of plug-ins or without."""
    definitions = dict(HOLE_PARTS)
    config = _Writer(definitions, holes=True, plugins=plugins).section(TrainConfig, ())
    search = _Writer(definitions, holes=False, plugins=plugins).section(SearchConfig, (SECTION,))
    # `True` accepts anything: in enqueued configs an editor only completes, a launch checks the values.
    part = {key: {"anyOf": [value, True]} for key, value in config["properties"].items()}
    definitions[f"{SECTION}.enqueue"]["anyOf"] = [
        {"type": "array", "items": {"type": "object", "properties": part, "additionalProperties": False}}
    ]
    config["properties"] = {
        SECTION: {**search, "type": ["object", "null"], "description": help_of(SearchConfig)},
        **config["properties"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hpsearch search space",
        "description": "A training config in which holes may stand for values, and how to search it.",
        **config,
        "$defs": definitions,
    }


class _Writer:
    """Collects the definitions of all values below a config; with `holes`, each accepts a hole too."""

    def __init__(self, definitions: dict[str, Schema], *, holes: bool, plugins: bool) -> None:
        self.definitions = definitions
        self.holes = holes
        self.plugins = plugins
        self.homes: dict[type[Config], tuple[str, ...]] = {}
        """The path below which the keys of a config are defined."""

    def section(self, model: type[Config], path: tuple[str, ...]) -> Schema:
        """Return the schema of a mapping of settings."""
        path = self.homes.setdefault(model, path)
        fields = model.model_fields
        schema: Schema = {
            "title": ".".join(path) or "training config",
            "type": "object",
            "properties": {key: self.field(model, key, (*path, key)) for key in fields},
            "additionalProperties": False,
        }
        if required := [key for key, field in fields.items() if field.is_required()]:
            schema["required"] = required
        return schema

    def field(self, model: type[Config], key: str, path: tuple[str, ...]) -> Schema:
        if (name := ".".join(path)) in self.definitions:
            return _reference(name)
        field = model.model_fields[key]
        variant, config = variant_of(field), config_in(field.annotation)
        if variant is not None:
            values = [*self.variants(variant, path), *value_schemas(model, key)]
        elif config is not None:
            section = self.section(config, path)
            listed = get_origin(field.annotation) is tuple
            values = [{"type": "array", "items": section} if listed else section]
            short = ("null", "integer")  # what may stand in a section's place
            values += [value for value in value_schemas(model, key) if value.get("type") in short]
        else:
            values = [self.with_items(value, path) for value in value_schemas(model, key)]
        return self.place(path, help_of(field), values, field)

    def variants(self, variant: Variant, path: tuple[str, ...]) -> list[Schema]:
        rows = rows_of(variant, plugins=self.plugins)
        bare = [name for name, row in rows.items() if not needs_settings(row)]
        numbers = [int(name) for name in bare if name.isdigit()]  # as YAML reads such a name without quotes
        values: list[Schema] = [{"title": "a name alone", "enum": [*bare, *numbers]}] if bare else []
        for name, row in rows.items():
            settings: Schema = self.section(row, (path[-1], name))
            if name in bare:
                settings["type"] = ["object", "null"]
            place = self.place((path[-1], name), help_of(row), [settings])
            values.append(_mapping(f"{name} with settings", {name: place}, required=[name]))
        return values

    def with_items(self, value: Schema, path: tuple[str, ...]) -> Schema:
        """Return the schema of a list with a definition for its items, which may be holes too."""
        if not self.holes or "items" not in value:
            return value
        return {**value, "items": self.place((*path, "item"), "", [value["items"]])}

    def place(
        self, path: tuple[str, ...], text: str, values: list[Schema], field: FieldInfo | None = None
    ) -> Schema:
        """Add the definition of what `path` accepts; return a reference to it."""
        name = ".".join(path)
        here = _reference(name)
        definition: Schema = {"title": name} | ({"description": text} if text else {})
        if field is not None and not field.is_required() and (default := default_of(field)) is not None:
            definition["default"] = default
        definition["anyOf"] = [*values, *(_holes(here, values) if self.holes else [])]
        self.definitions[name] = definition
        return here


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _holes(here: Schema, values: list[Schema]) -> list[Schema]:
    """Return the schemas of the holes that `here` accepts: ranges only where it accepts a number."""
    options: Schema = {
        "description": CHOICE,
        "anyOf": [
            {"title": "a list of options", "type": "array", "items": here, "minItems": 1},
            {"title": "options by name", "type": "object", "additionalProperties": here, "minProperties": 1},
        ],
    }
    holes = [_mapping("hole: a choice", {"choice": options}, required=["choice"])]
    for value in values:
        if "enum" not in value and value.get("type") in ("number", "integer"):
            bounds = {key: value[key] for key in BOUNDS if key in value}
            holes.append(_range(("float", "int") if value["type"] == "number" else ("int",), bounds))
    return holes


def _range(kinds: Sequence[str], bounds: Schema) -> Schema:
    """Return the schema of a range of one of these kinds: one mapping, or an editor offers `log` twice."""
    keys: Schema = {kind: _ends(kind, bounds) for kind in kinds}
    keys |= {"log": {"$ref": "#/$defs/hole.log"}, "step": {"$ref": f"#/$defs/hole.{kinds[0]}.step"}}
    schema = _mapping(f"hole: a range ({' or '.join(kinds)})", keys, required=[])
    schema["oneOf"] = [{"required": [kind]} for kind in kinds]
    return schema


def _ends(kind: str, bounds: Schema) -> Schema:
    items = {"type": NUMBERS[kind], **bounds}
    return {"description": RANGES[kind], "type": "array", "items": items, "minItems": 2, "maxItems": 2}


CHOICE = (
    "Try one of these: [a, b], or {name: a, another: b}. An option may hold settings, and holes of its own."
)
RANGES = {
    "float": "Try numbers from low to high, both included: [low, high]; log or step beside it where wanted.",
    "int": "Try whole numbers from low to high, both included: [low, high]; log or step where wanted.",
}
"""The help texts of holes."""

NUMBERS = {"float": "number", "int": "integer"}
"""Kind of a range -> the JSON type of its numbers."""

HOLE_PARTS: dict[str, Schema] = {
    "hole.log": {"type": "boolean", "default": False, "description": "Draw evenly on a logarithmic scale."},
    "hole.float.step": {
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "From one value to the next.",
    },
    "hole.int.step": {"type": "integer", "exclusiveMinimum": 0, "description": "From one value to the next."},
}


def _mapping(title: str, properties: dict[str, Any], required: list[str]) -> Schema:
    return {
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


if __name__ == "__main__":
    print(render(), end="")
