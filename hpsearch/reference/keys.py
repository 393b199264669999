"""The keys of a search space as Markdown tables: holes, the training config, `search`, and every variant."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from pydantic.fields import FieldInfo

from hpsearch.reference.fields import Schema, default_of, help_of, rows_of, value_schemas
from hpsearch.study.config import SearchConfig
from hpsearch.study.spec import SECTION
from trainables.base.schema import Config, Variant, config_in, variant_of
from trainables.training.config import TrainConfig

RowsIn = Callable[[Variant], Mapping[str, type[Config]]]
"""Returns the rows of a key's table that are shown."""

HOLES = """## Holes

A hole may stand wherever a value may, at any depth, except below `search`.

| Hole | Stands for |
|---|---|
| `{choice: [a, b]}` | One of a list. An option may be a whole subtree, with holes of its own. |
| `{choice: {name: a, other: b}}` | The same with a name for each option: for options of several keys. |
| `{float: [0.1, 50]}` | A number between two ends, both included. |
| `{int: [2, 5]}` | A whole number between two ends, both included. |
| `{float: [0.1, 50], log: true}` | Drawn evenly on a logarithmic scale; `int` too. |
| `{float: [0, 0.6], step: 0.2}` | Only every step, which must join the ends; `int` too. |

A key that takes one of several variants is written `name`, or `{name: {settings}}`.
"""


BESIDE_A_SECTION = ("integer", "null")
"""What a key may be in place of a section's mapping, so that it has a row beside those of the section."""


def render(*, plugins: bool = False) -> str:
    """Return the tables as Markdown, ending in a newline; `plugins`: also the rows of installed packages."""
    rows = partial(rows_of, plugins=plugins)
    tables = [*_tables(TrainConfig, (), rows), *_tables(SearchConfig, (SECTION,), rows)]
    return "\n".join([HOLES, *tables])


@dataclass(frozen=True)
class _Row:
    """One key: a row of a table."""

    key: str
    values: str
    default: str
    text: str

    def __str__(self) -> str:
        return f"| `{self.key}` | {self.values} | {self.default} | {_cell(self.text)} |"


def _tables(model: type[Config], path: tuple[str, ...], rows_in: RowsIn) -> Iterator[str]:
    """Yield the table of a config's keys, then the tables of the variants that its keys take.

    A table of variants is listed once, where it is met first; one inside another comes after all of them.
    """
    rows = [_row(keys, owner, field, rows_in) for keys, owner, field in _keys(model, path)]
    yield _table(f"## {'`search`' if path else 'The training config'}", rows)
    known: list[Mapping[str, type[Config]]] = []
    waiting = deque(_variants(model, path, rows_in))
    while waiting:
        keys, table = waiting.popleft()
        if not any(table.items() <= other.items() for other in known):
            known.append(table)
            yield from _variant_tables(keys, table, rows_in)
            waiting += [found for row in table.values() for found in _variants(row, (*keys, "*"), rows_in)]


def _variants(
    model: type[Config], path: tuple[str, ...], rows_in: RowsIn
) -> Iterator[tuple[tuple[str, ...], Mapping[str, type[Config]]]]:
    """Yield each key below a config that takes a variant, with its table."""
    for keys, _, field in _keys(model, path):
        if variant := variant_of(field):
            yield keys, rows_in(variant)


def _keys(
    model: type[Config], path: tuple[str, ...], listed: Collection[type[Config]] = ()
) -> Iterator[tuple[tuple[str, ...], type[Config], FieldInfo]]:
    """Yield each key below a config with its owner and field; the keys of variants are left out.

    So are those of sections that are `listed` elsewhere.
    """
    for key, field in model.model_fields.items():
        section = config_in(field.annotation)
        if section in listed and variant_of(field) is None:
            yield (*path, key), model, field
            continue
        inside = section is not None and variant_of(field) is None
        if not inside or any(value.get("type") in BESIDE_A_SECTION for value in value_schemas(model, key)):
            yield (*path, key), model, field
        if inside and section is not None:
            yield from _keys(section, (*path, key))


def _variant_tables(
    path: tuple[str, ...], table: Mapping[str, type[Config]], rows_in: RowsIn
) -> Iterator[str]:
    """Yield the list of a key's variants, then their keys; variants with the same keys share a table."""
    lines = [f"| `{_written(name)}` | {_cell(help_of(row))} |" for name, row in table.items()]
    yield "\n".join([f"### `{'.'.join(path)}`", "", "| Variant | Meaning |", "|---|---|", *lines, ""])
    alike: dict[tuple[tuple[str, str, str], ...], list[tuple[str, list[_Row]]]] = {}
    for name, row in table.items():
        rows = [_row(keys, owner, field, rows_in) for keys, owner, field in _keys(row, (), table.values())]
        alike.setdefault(tuple((r.key, r.values, r.text) for r in rows), []).append((name, rows))
    for shared, members in alike.items():
        if shared:
            where = ", ".join(f"`{'.'.join((*path, name))}`" for name, _ in members)
            order = "" if len(members) == 1 else "; defaults in this order where they differ"
            columns = zip(*(rows for _, rows in members), strict=True)
            yield _table(f"Keys below {where}{order}:", list(map(_joined, columns)))


def _joined(column: tuple[_Row, ...]) -> _Row:
    """Return one row for a key that several variants share."""
    defaults = [row.default for row in column]
    return replace(column[0], default=" / ".join(defaults if len(set(defaults)) > 1 else defaults[:1]))


def _row(keys: tuple[str, ...], owner: type[Config], field: FieldInfo, rows_in: RowsIn) -> _Row:
    variant = variant_of(field)
    names = [f"`{_written(name)}`" for name in rows_in(variant)] if variant else []
    values = [*names, *map(_values, value_schemas(owner, keys[-1]))]
    default = "required" if field.is_required() else f"`{_written(_default(field))}`"
    return _Row(".".join(keys), ", ".join(values), default, help_of(field))


def _default(field: FieldInfo) -> object:
    """Return a key's default; that of a section which a number can stand for has both."""
    if isinstance(field.default, Config) and variant_of(field) is None:
        return field.default.model_dump(mode="json")
    return default_of(field)


def _written(value: object) -> str:
    """Return a value as YAML writes it: text without quotes, except names made of digits."""
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) and not value.isdigit() else json.dumps(value)


def _table(title: str, rows: list[_Row]) -> str:
    names = ["| Key | Values | Default | Meaning |", "|---|---|---|---|"]
    return "\n".join([title, "", *names, *map(str, rows), ""])


def _values(schema: Schema) -> str:
    """Return the values that a JSON schema allows, in words."""
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " or ".join(map(_values, schema["anyOf"]))
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(map(_values, schema['prefixItems']))}]"
        case "array":
            return f"list of: {_values(schema['items'])}"
        case "boolean":
            return "`true`, `false`"
        case "null":
            return "`null`"
        case "string":
            return "a name" if "pattern" in schema else "text"
        case "number" | "integer" as kind:
            number = "number" if kind == "number" else "whole number"
            multiple = f", multiple of {schema['multipleOf']}" if "multipleOf" in schema else ""
            return f"{number}{_interval(schema)}{multiple}"
    return "a mapping"


def _interval(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        left, right = "[" if "minimum" in schema else "(", "]" if "maximum" in schema else ")"
        return f" in {left}{_number(low)}, {_number(high)}{right}"
    if low is not None:
        return f" {'≥' if 'minimum' in schema else '>'} {_number(low)}"
    return ""


def _number(value: float) -> str:
    return "2^31" if value == 2**31 else f"{value:,.10g}".replace(",", " ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
