"""Every table of variants: a contract runs over it, and each row has a name, a help text and its YAML."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from support import documented
from support.settings import out_of_range

import hpsearch.testing
from hpsearch.study.plugins import known_tables
from hpsearch.testing.configs import numbers
from trainables.base.schema import Config, Variant, faults_of, needs_settings
from trainables.base.yaml_document import load_yaml

ROOT = Path(__file__).parents[2]
Table = Mapping[str, type[Config]]

TYPED_ROWS = """
from collections.abc import Mapping
from typing import TypeVar

from trainables.base.schema import Config
from trainables.base.table import Table
from trainables.model.heads import HEADS, RegressionConfig

Row = TypeVar("Row")

class Wrong(Config):
    def build(self, first: bytes, second: bytes, third: bytes) -> bytes:
        return first

def add(table: Table[Row], rows: Mapping[str, type[Row]]) -> None: ...

add(HEADS, {"right": RegressionConfig})
add(HEADS, {"wrong": Wrong})
"""
"""A row whose `build` has the signature of no variant, beside one that is right."""

EXAMPLES = {"path": "weights.pt"}
"""A value for each setting that some row requires."""

WHOLE = {"several": {"puzzling": {}, "rotation": {}}}
"""Settings of rows that are nothing without some of their optional ones."""


CONSTANT = re.compile(r"^([A-Z_][A-Z0-9_]*)(?:: [^=\n]+)? = (?:\{|[\w.]+[\[(])", re.MULTILINE)
"""A module-level constant that is made by a call or in braces, and so may be a table."""


@cache
def _sources() -> list[tuple[Path, str]]:
    """Return every module of both packages, and its text."""
    paths = [
        path for package in ("hpsearch", "trainables") for path in sorted((ROOT / package).rglob("*.py"))
    ]
    return [(path, path.read_text(encoding="utf-8")) for path in paths]


@cache
def _trees() -> list[tuple[Path, ast.Module]]:
    return [(path, ast.parse(text)) for path, text in _sources()]


@cache
def _imports() -> list[tuple[Path, str, frozenset[str]]]:
    """Return the module and the names of every `from MODULE import NAMES`, with its file."""
    return [
        (path, node.module or "", frozenset(alias.name for alias in node.names))
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    ]


def _module_names() -> Iterator[tuple[str, str]]:
    """Yield a module and a name in it for each constant that may be a table.

    They are found in the text: each process that collects tests would take three seconds to parse all.
    """
    for path, text in _sources():
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        yield from ((module, name) for name in CONSTANT.findall(text))


@cache
def places() -> dict[str, str]:
    """Return the module of every table from names to config classes; a part of another is left out."""
    found: dict[str, tuple[str, Table]] = {}
    for module, name in _module_names():
        value = getattr(importlib.import_module(module), name)
        rows = list(value.values()) if isinstance(value, Mapping) else []
        if rows and all(isinstance(row, type) and issubclass(row, Config) for row in rows):
            assert name not in found, f"two tables are called {name}"
            found[name] = module, value
    return {
        name: module
        for name, (module, table) in found.items()
        if not any({*table.values()} < {*other.values()} for _, other in found.values())
    }


@cache
def tables() -> dict[str, Table]:
    """Return every table by its name."""
    return {name: getattr(importlib.import_module(module), name) for name, module in places().items()}


each_table = pytest.mark.parametrize("table", sorted(tables()))
each_row = pytest.mark.parametrize(
    ("table", "row"), [(table, row) for table, rows in sorted(tables().items()) for row in rows]
)


def config(table: str, row: str) -> Config:
    """Return a row's config with its defaults, and an example for each setting that is required."""
    model = tables()[table][row]
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    return model.model_validate({key: EXAMPLES[key] for key in required} | WHOLE.get(row, {}))


def _contracts() -> Iterator[ModuleType]:
    for path in sorted(Path(__file__).parent.glob("test_*_contract.py")):
        spec = importlib.util.spec_from_file_location(f"contract_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # where a dataclass of the module looks for its types
        spec.loader.exec_module(module)
        yield module


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in the values of a parametrised test."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Iterable):
        for part in value:
            yield from _texts(part)


def _holds(value: object, rows: Table) -> bool:
    return isinstance(value, Mapping) and rows.items() <= value.items()


@cache
def shared_contracts() -> list[tuple[ModuleType, frozenset[str]]]:
    """Return the module and the parameters of each test class that keeps a contract of `hpsearch.testing`."""
    return [
        (module, frozenset(_texts(mark.args[1] for mark in value.pytestmark if mark.name == "parametrize")))
        for module in _contracts()
        for value in vars(module).values()
        if isinstance(value, type) and hasattr(value, "pytestmark")
        if any(base.__module__.startswith(f"{hpsearch.testing.__name__}.") for base in value.__mro__)
    ]


def test_the_tables_are_found() -> None:
    known = {"AUGMENTATIONS", "GENERATED", "HEADS", "IMPORTERS", "INITS", "OPTIMIZERS"}
    assert tables().keys() >= known | {"PRETEXT_TASKS", "PRUNERS", "SAMPLERS", "SCHEDULES", "WEIGHTINGS"}


def test_a_row_that_does_not_keep_its_protocol_is_an_error_of_mypy(tmp_path: Path) -> None:
    """Asked of one table, of whose rows mypy need know nothing that is installed: torch's types take 20 s.

    What makes it an error is `Table`, which all are.
    """
    file = tmp_path / "rows.py"
    file.write_text(TYPED_ROWS)
    alone = ("--no-site-packages", "--cache-dir", os.devnull)
    command = [sys.executable, "-m", "mypy", *alone, file]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    lines = TYPED_ROWS.splitlines()
    wrong = [lines[int(number) - 1] for number in re.findall(r"rows\.py:(\d+): error", done.stdout)]
    assert wrong == ['add(HEADS, {"wrong": Wrong})'], done.stdout


@each_table
def test_a_table_names_a_protocol_for_mypy_to_compare_its_rows_with(table: str) -> None:
    (protocol,) = get_args(tables()[table].__orig_class__)
    assert protocol._is_protocol
    assert any(not name.startswith("_") for name in vars(protocol)), "any class would keep it"


@each_table
def test_only_the_folder_of_a_table_names_the_classes_of_its_rows(table: str) -> None:
    """Others ask a config what it is, or take a row by its name: a plug-in's row would be left out there."""
    place = places()[table]
    folder = place if hasattr(importlib.import_module(place), "__path__") else place.rpartition(".")[0]
    rows = {row.__name__ for row in tables()[table].values()}
    home = ROOT / folder.replace(".", "/")
    naming = [
        str(path.relative_to(ROOT))
        for path, module, names in _imports()
        if not path.is_relative_to(home) and not path.is_relative_to(ROOT / "hpsearch" / "testing")
        if module.startswith(folder) and rows & names
    ]
    assert naming == []


@each_table
def test_in_the_folder_of_a_table_its_rows_and_their_protocol_alone_name_classes_of_rows(table: str) -> None:
    rows = tables()[table].values()
    (protocol,) = get_args(tables()[table].__orig_class__)
    module = importlib.import_module(places()[table])
    at_home = {Path(inspect.getfile(each)) for each in (*rows, protocol, module)}
    home = Path(inspect.getfile(module)).parent
    names = {row.__name__ for row in rows}
    naming = [
        str(path.relative_to(ROOT))
        for path, _, imported in _imports()
        if path.is_relative_to(home) and path not in at_home and path.name != "__init__.py"
        if names & imported
    ]
    assert naming == []


def test_nobody_asks_whether_a_config_is_of_a_row_or_of_what_rows_inherit() -> None:
    """A row answers questions by a protocol, which those of packages can keep too."""
    rows = [row for table in tables().values() for row in table.values()]
    names = {base.__name__ for row in rows for base in row.__mro__[: row.__mro__.index(Config)]}
    asking = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance"
        if names & {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
    ]
    assert asking == []


@each_table
def test_packages_can_add_rows(table: str) -> None:
    assert any(tables()[table] is known for known in known_tables().values())


@each_table
def test_a_contract_is_run_with_every_row(table: str) -> None:
    """The contract is a class of `hpsearch.testing`, which packages run with their own rows.

    The rows of docs/extending.md are run too.
    """
    rows = tables()[table]
    names = {*rows, *documented.rows_of(table)}
    covering = [
        module.__name__
        for module, texts in shared_contracts()
        if names <= texts and any(_holds(value, rows) for value in vars(module).values())
    ]
    assert covering, f"no test_*_contract.py runs a contract of hpsearch.testing over every row of {table}"


def test_every_config_that_the_page_on_extending_shows_is_a_row_of_a_table() -> None:
    assert documented.rows().keys() <= tables().keys()
    assert {row for rows in documented.rows().values() for row in rows.values()} == {*documented.configs()}


@each_row
def test_a_row_has_a_name_to_type_and_a_sentence_for_help(table: str, row: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]+", row)
    model = tables()[table][row]
    assert model.__doc__, "pydantic would show the docstring of its base"
    paragraph = " ".join(model.__doc__.strip().split("\n\n")[0].split())
    assert not paragraph[0].islower() and paragraph[-1] in ".]"
    first = model.__doc__.strip().splitlines()[0]
    assert first[-1] in ".]", f"the first line is shown alone: {first!r}"


@each_row
def test_every_setting_of_a_row_is_explained(table: str, row: str) -> None:
    assert [k for k, field in tables()[table][row].model_fields.items() if not field.description] == []


@each_row
def test_a_row_is_read_back_from_its_own_yaml(table: str, row: str, tmp_path: Path) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[Config, Variant(tables()[table])])
    written = config(table, row)
    with (tmp_path / "row.yaml").open("w") as file:
        YAML().dump({"key": adapter.dump_python(written, mode="json")}, file)
    assert adapter.validate_python(load_yaml(tmp_path / "row.yaml").tree["key"]) == written
    if not needs_settings(type(written)) and row not in WHOLE:
        (tmp_path / "name.yaml").write_text(f"key: {row}\n")  # a number without quotes too
        assert adapter.validate_python(load_yaml(tmp_path / "name.yaml").tree["key"]) == written


@each_row
def test_every_number_of_a_row_states_its_range_and_is_refused_beyond_it(table: str, row: str) -> None:
    model, known = tables()[table][row], config(table, row).model_dump(exclude_unset=True)
    for key, number, listed in numbers(model):
        assert listed or number.keys() & {"minimum", "exclusiveMinimum"}, f"{key} has no least value"
    for key, value in out_of_range(model):
        with pytest.raises(ValidationError) as caught:
            model.model_validate({**known, key: value})
        fault = next(fault for _, fault in faults_of(caught.value, model))
        shown = value[0] if isinstance(value, list) else value
        assert fault.where.partition(".")[0] == key
        assert str(shown) in fault.message and " " in fault.message
