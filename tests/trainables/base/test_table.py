"""Tables that packages add rows to: found by metadata, imported when asked for, refused in words."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError
from support.plugins import SHORT, install

from trainables.base.errors import InputError
from trainables.base.plugins import installed
from trainables.base.schema import Config, Variant
from trainables.base.table import Table, plugins_in
from trainables.optim.schedules import ConstantConfig, ScheduleConfig

Install = Callable[..., None]


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return what installs a package with the rows `entries` of the schedules; the test ends without it."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def added(package: str, entries: str, **settings: Any) -> None:
        group = settings.pop("group", "hpsearch.schedules")
        install(tmp_path, package, f"[{group}]\n{entries}\n", **settings)
        installed.cache_clear()

    yield added
    for name in set(sys.modules) - before:
        del sys.modules[name]
    monkeypatch.undo()
    installed.cache_clear()


def table() -> Table[ScheduleConfig]:
    return Table[ScheduleConfig]("schedules", {"constant": ConstantConfig})


def why(name: str) -> str:
    with pytest.raises(InputError) as caught:
        table()[name]
    return str(caught.value)


def test_a_package_adds_a_row_that_is_read_built_and_written_as_any_other(add: Install) -> None:
    add("quick-schedules", "short = quick_schedules:ShortConfig")
    rows = table()
    reader: TypeAdapter[Any] = TypeAdapter(Annotated[Config, Variant(rows)])
    read = reader.validate_python({"short": {"share": 0.25}})
    assert [*rows] == ["constant", "short"] and len(rows) == 2
    assert read.build(3).factor(0) == 0.5
    assert reader.dump_python(read, mode="json") == {"short": {"share": 0.25}}
    assert {*reader.json_schema()["oneOf"][0]["enum"]} == {"constant", "short"}
    with pytest.raises(ValidationError) as caught:
        reader.validate_python({"short": {"shaer": 0.25}})
    assert [error["loc"] for error in caught.value.errors()] == [("short", "shaer")]


def test_a_plugin_is_imported_when_it_is_asked_for_and_not_before(add: Install) -> None:
    add("quick-schedules", "short = quick_schedules:ShortConfig")
    rows = table()
    reader: TypeAdapter[Any] = TypeAdapter(Annotated[Config, Variant(rows)])
    reader.validate_python("constant")
    assert "short" in rows and [plugin.name for plugin in rows.plugins] == ["short"]
    assert "quick_schedules" not in sys.modules
    reader.validate_python("short")
    assert "quick_schedules" in sys.modules


def test_a_config_says_which_plugins_it_is_made_of(add: Install) -> None:
    add("quick-schedules", "short = quick_schedules:ShortConfig")
    rows = table()

    class Settings(Config):
        schedules: Annotated[tuple[Annotated[ScheduleConfig, Variant(rows)], ...], Variant(rows)] = ()

    settings = Settings.model_construct(schedules=(rows["short"](), rows["constant"]()))
    assert [str(plugin) for plugin in plugins_in(settings)] == ["schedules 'short' of quick-schedules 1.2"]


def test_a_row_that_is_left_out_is_no_plugin_either(add: Install) -> None:
    add("quick-schedules", "constant = quick_schedules:ShortConfig\nshort = quick_schedules:ShortConfig")
    assert [*table().without("constant")] == ["short"]


def test_a_name_of_our_own_is_given_to_nobody(add: Install) -> None:
    add("quick-schedules", "constant = quick_schedules:ShortConfig")
    assert table()["constant"] is ConstantConfig and [*table()] == ["constant"]


def test_two_packages_with_one_name_are_both_named(add: Install) -> None:
    add("quick-schedules", "short = quick_schedules:ShortConfig")
    add("other-schedules", "short = other_schedules:ShortConfig")
    assert "added by other-schedules 1.2 and quick-schedules 1.2: uninstall all but one" in why("short")


BROKEN = {
    "import": ("import nowhere", "short", "of quick-schedules 1.2 cannot be imported (ModuleNotFoundError"),
    "name": ("", "short", "cannot be imported (AttributeError"),
    "raises": (
        "raise RuntimeError('no licence')",
        "short",
        "(RuntimeError: no licence): repair or uninstall",
    ),
    "class": ("ShortConfig = 3", "short", "is not a subclass of trainables.base.schema.Config: 3"),
    "key": (SHORT, "s.hort", "cannot be written as a key"),
    "method": (SHORT.replace("build", "make"), "short", "is not a ScheduleConfig: it has no build"),
    "more": (
        SHORT.replace("self, epochs", "self, epochs, steps"),
        "short",
        "its build does not accept (epochs)",
    ),
    "other": (SHORT.replace("self, epochs", "self, steps"), "short", "its build does not accept (epochs)"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_at_fault_is_answered_in_a_sentence_and_is_in_nobodys_way(add: Install, case: str) -> None:
    module, name, reason = BROKEN[case]
    add("quick-schedules", f"{name} = quick_schedules:ShortConfig", module=module)
    assert reason in why(name) and "quick-schedules 1.2" in why(name)
    assert [*table()] == ["constant"]
    reader: TypeAdapter[Any] = TypeAdapter(Annotated[Config, Variant(table())])
    assert reader.validate_python("constant") == ConstantConfig()
    with pytest.raises(ValidationError, match=r"quick-schedules 1\.2"):
        reader.validate_python(name)
