"""The base class of every config, fields that choose a variant by name, and a config's faults all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from trainables.base.errors import Fault, InputError, brief, nearest

KeyPath = tuple[str | int, ...]
"""Where a value stands in a document, from its root: `("pretext", "puzzling", "grid")`."""


class Config(BaseModel):
    """A frozen group of settings. Unknown keys are refused, numbers are finite, nothing is converted."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


Ints = Annotated[tuple[int, ...], Strict(False)]
Strings = Annotated[tuple[str, ...], Strict(False)]


class Variant:
    """Marks a field whose value is one row of `table`, written `name` or `{name: {its settings}}`.

    Used as `Annotated[SomeProtocol, Variant(TABLE)]`. The row's name is the variant's name everywhere:
    in YAML, in parameter paths and in MLflow. With `bare` a variant that has no settings is written by its
    name alone.
    """

    def __init__(self, table: Mapping[str, type[Any]], *, bare: bool = False) -> None:
        self.table: Mapping[str, type[Config]] = table
        self.bare = bare
        self._readers: dict[str, TypeAdapter[dict[str, Config]]] = {}
        self._names: dict[type[Config], str] = {}
        """The rows that were asked for."""

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a schema that reads the table when a value is read: rows may have to be imported first."""
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(self.written)
        )

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        bare = [name for name, row in self.table.items() if not needs_settings(row)]
        numbers = [int(name) for name in bare if name.isdigit()]  # as YAML reads such a name without quotes
        options: list[dict[str, Any]] = [{"enum": [*bare, *numbers]}] if bare else []
        for name, row in self.table.items():
            settings = handler(row.__pydantic_core_schema__)
            options.append(
                {
                    "type": "object",
                    "properties": {name: settings},
                    "required": [name],
                    "additionalProperties": False,
                }
            )
        return {"oneOf": options}

    def name_of(self, value: Config) -> str:
        """Return the name of the row that `value` was made by. Raises `ValueError` for another config."""
        if (known := self._names.get(type(value))) is not None:
            return known
        for name, row in self.table.items():
            if type(value) is row:
                self._names[row] = name
                return name
        raise ValueError(f"{type(value).__name__} is no row of this table{nearest('', self.table)}")

    def _read(self, value: object) -> Config:
        if isinstance(value, Config) and self.name_of(value):
            return value
        name = self._known(value)
        if name not in self._readers:
            self._readers[name] = TypeAdapter(dict[str, self._row(name)])  # type: ignore[arg-type,misc]  # a type made here
        return self._readers[name].validate_python({name: _settings_of(value)})[name]  # faults have the name

    def _known(self, value: object) -> str:
        name = _name_in(value)
        if name is not None and name in self.table:
            return name
        if name:
            origins: Mapping[str, str] | None = getattr(self.table, "origins", None)
            packages_add = origins is not None  # it is a `Table`
            remedy = ": correct it, or install the package that adds it" if packages_add else ""
            raise _fault(f"{brief(name)} is unknown{nearest(name, self.table, origins or {})}{remedy}")
        raise _fault(f"expected one name, got {_shown(value)}{nearest('', self.table)}")

    def _row(self, name: str) -> type[Config]:
        try:
            return self.table[name]
        except InputError as error:
            raise _fault(str(error)) from None

    def written(self, value: Any) -> object:
        """Return a value as YAML has it."""
        name, settings = self.name_of(value), value.model_dump(mode="json")
        return name if self.bare and not settings else {name: settings}


def _fault(text: str) -> PydanticCustomError:
    return PydanticCustomError("variant", "{text}", {"text": text})


def _name_in(value: object) -> str | None:
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value))
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # `augmentation: 1`, which YAML reads as a number
    return value if isinstance(value, str) else None


def _settings_of(value: object) -> object:
    settings = next(iter(value.values())) if isinstance(value, Mapping) else None
    return {} if settings is None else settings


def needs_settings(row: type[Config]) -> bool:
    """Say whether a variant cannot be written by its name alone."""
    return any(field.is_required() for field in row.model_fields.values())


_UNION_TAGS = ("constrained-", "literal[")
"""How pydantic marks, behind a path, which type of a union it tried."""


def faults_of(error: ValidationError, model: type[Config]) -> Iterator[tuple[KeyPath, Fault]]:
    """Yield each fault of a validation with the path of the value it is about."""
    for item in error.errors():
        path = tuple(item["loc"])
        if path and str(path[-1]).startswith(_UNION_TAGS):
            path = path[:-1]
        where = ".".join(map(str, path))
        match item["type"]:
            case "extra_forbidden":
                known = _fields_at(model, path[:-1])
                message = f"unknown key{nearest(str(path[-1]), known)}"
            case "missing":
                message = "this key is required"
            case "model_type" | "dict_type":
                message = f"expected a mapping of settings, got {_shown(item['input'])}"
            case "variant" | "value_error":
                message = str(item.get("ctx", {}).get("text") or item["msg"].removeprefix("Value error, "))
            case _:
                message = f"{item['msg'][:1].lower()}{item['msg'][1:]}, got {_shown(item['input'])}"
        yield path, Fault(message, where=where)


def _shown(value: object) -> str:
    hint = ""
    if isinstance(value, str) and _is_number(value):
        hint = " (text: write the number without quotes)"
    return brief(value) + hint


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def variant_of(field: FieldInfo) -> Variant | None:
    """Return the table of a field marked with `Variant`, or None for any other field.

    The mark may stand inside a union (`X | None`), or be held as `variant` by a mark that allows more.
    """
    marks = [*field.metadata, *_marks_in(field.annotation)]
    tables = (getattr(mark, "variant", mark) for mark in marks)
    return next((table for table in tables if isinstance(table, Variant)), None)


def _marks_in(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for part in get_args(annotation):
        yield from _marks_in(part)


def _fields_at(model: type[Config], path: KeyPath) -> list[str]:
    """Return the valid keys of the mapping at `path` inside `model`."""
    here, variant = model, None
    for key in path:
        if variant is not None:
            here, variant = variant.table[str(key)], None
        elif isinstance(key, str):
            field = here.model_fields[key]
            variant = variant_of(field)
            if variant is None:
                here = config_in(field.annotation) or here
    return list(here.model_fields)


def config_in(annotation: Any) -> type[Config] | None:
    """Return the Config class inside an annotation such as `X`, `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Config):
        return annotation
    return next((found for arg in get_args(annotation) if (found := config_in(arg))), None)
