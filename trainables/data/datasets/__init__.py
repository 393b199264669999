"""How a config names a dataset: a prepared one by its folder, a generated one by its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from trainables.base.errors import InputError, nearest
from trainables.base.names import FOLDER_NAME, FOLDER_NAME_RULE
from trainables.base.schema import Config, Variant
from trainables.base.table import Table
from trainables.data.datasets.generated import GeneratedConfig
from trainables.data.datasets.rendered_heads import RenderedHeads

if TYPE_CHECKING:
    from trainables.data.datasets.prepared import PreparedDataset

GENERATED = Table[GeneratedConfig]("datasets", {"rendered-heads": RenderedHeads})
"""Datasets that need no raw files, by the name that a search space calls them by."""


class DatasetName:
    """Marks a field that is a row of `table`, as a `Variant` is, or else the name of a prepared dataset."""

    def __init__(self, table: Mapping[str, type[Any]]) -> None:
        self.variant = Variant(table)

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler.generate_schema(Annotated[GeneratedConfig, self.variant])
        return core_schema.no_info_wrap_validator_function(
            self._read, schema, serialization=core_schema.plain_serializer_function_ser_schema(self._written)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.WrapValidatorFunctionSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        name = {
            "type": "string",
            "pattern": FOLDER_NAME.pattern,
            "description": "the name of a prepared dataset",
        }
        return {"anyOf": [self.variant.__get_pydantic_json_schema__(schema["schema"], handler), name]}

    def _read(self, value: object, generated: ValidatorFunctionWrapHandler) -> object:
        if not isinstance(value, str) or value in self.variant.table:
            return generated(value)
        if fault := name_fault(value):
            raise PydanticCustomError("value_error", "{text}", {"text": fault})
        return value

    def _written(self, value: Config | str) -> object:
        return (
            value if isinstance(value, str) else {self.variant.name_of(value): value.model_dump(mode="json")}
        )


DatasetRef = Annotated[GeneratedConfig | str, DatasetName(GENERATED)]
"""`rendered-heads`, `{rendered-heads: {its settings}}`, or the name of a prepared dataset."""


def name_fault(name: str) -> str | None:
    """Return what is wrong with a dataset's name, or None."""
    if FOLDER_NAME.fullmatch(name):
        return None
    return f"{name!r} is not a valid dataset name: {FOLDER_NAME_RULE}"


def dataset_name(ref: GeneratedConfig | str) -> str:
    """Return the name of the folder of the prepared dataset that `ref` stands for."""
    return ref if isinstance(ref, str) else ref.folder_name


def open_dataset(ref: GeneratedConfig | str, datasets_root: Path) -> PreparedDataset:
    """Return the prepared dataset that `ref` names below `datasets_root`.

    Raises `InputError` where it is not there, with the names that are.
    """
    from trainables.data.datasets.prepared import CARD, PreparedDataset

    name = dataset_name(ref)
    if fault := name_fault(name):
        raise InputError(fault)
    folder = datasets_root / name
    if (folder / CARD).is_file():
        return PreparedDataset(folder)
    known = sorted(path.parent.name for path in datasets_root.glob(f"*/{CARD}"))
    if isinstance(ref, str):
        raise InputError(
            f"there is no prepared dataset {name!r} in {datasets_root}{nearest(name, [*known, *GENERATED])}: "
            "name one that is there, or bring it with `hpsearch data import`"
        )
    raise InputError(
        f"{name} is not built in {datasets_root} (there: {', '.join(known) or 'nothing'}): name one that is, "
        "or build it: `hpsearch data build` takes rendered-heads or the file of a space"
    )


def ensure_dataset(
    ref: GeneratedConfig | str, datasets_root: Path, progress: Callable[[int, int], None] | None = None
) -> PreparedDataset:
    """Return the dataset that `ref` names, built first where it can be and is not there.

    `progress` is called with images done and images in all. Raises `InputError` as `open_dataset` does.
    """
    return open_dataset(ref, datasets_root) if isinstance(ref, str) else ref.ensure(datasets_root, progress)
