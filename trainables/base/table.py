"""Tables of variants: what can be chosen for one key, by name, as config classes of one protocol."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast, get_args

from trainables.base.errors import InputError, nearest
from trainables.base.plugins import NAME, Plugin, installed
from trainables.base.schema import Config, variant_of

Row = TypeVar("Row")
"""The protocol that the rows' instances keep, such as `HeadConfig`."""


class Table(Mapping[str, type[Row]]):
    """The variants of one kind by name, written `HEADS = Table[HeadConfig]("heads", {"bins": BinsConfig})`.

    A row is a `Config` class. Only where the protocol is named like this, mypy compares each row with it.
    Installed packages add rows as entry points of `hpsearch.GROUP`: such a row is imported when its name is
    asked for. A name of our own is never given to another. A plug-in that is at fault is no row of an
    iteration, so that nothing else fails; who asks for it by its name is told why.
    """

    def __init__(self, group: str, rows: Mapping[str, type[Row]]) -> None:
        self.group = group
        self.built_in = dict(rows)
        self.left_out: tuple[str, ...] = ()
        self._added: dict[str, type[Row]] = {}

    def __getitem__(self, name: str) -> type[Row]:
        """Return a row. Raises `InputError` for a plug-in at fault, `KeyError` for an unknown name."""
        if name in self.built_in:
            return self.built_in[name]
        if name not in self._added:
            self._added[name] = self._load(name)
        return self._added[name]

    def __contains__(self, name: object) -> bool:
        return name in self.built_in or any(plugin.name == name for plugin in self.plugins)

    def __iter__(self) -> Iterator[str]:
        yield from self.built_in
        for name in dict.fromkeys(plugin.name for plugin in self.plugins):
            try:
                self[name]
            except InputError:
                continue
            yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def configs(self) -> Mapping[str, type[Config]]:
        """The rows as config classes, for whoever reads their settings."""
        return cast(Mapping[str, type[Config]], self)  # Python has no type for "both a Config and a Row"

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        """What installed packages add here, whether it can be used or not; a name may be there twice."""
        taken = {*self.built_in, *self.left_out}
        return tuple(each for each in installed() if each.group == self.group and each.name not in taken)

    @property
    def shadowed(self) -> tuple[Plugin, ...]:
        """What installed packages add under a name of our own."""
        return tuple(each for each in installed() if each.group == self.group and each.name in self.built_in)

    @property
    def origins(self) -> Mapping[str, str]:
        """The package and version of each row that is not our own."""
        return {plugin.name: f"{plugin.package} {plugin.version}" for plugin in self.plugins}

    def without(self, name: str) -> Table[Row]:
        """Return the table less one row."""
        rest = copy.copy(self)
        rest.built_in = {other: row for other, row in self.built_in.items() if other != name}
        rest.left_out = (*self.left_out, name)
        return rest

    def name_of(self, config: object) -> str:
        """Return the name of the row that a config was made by. Raises `ValueError` for another config."""
        for name, row in self.items():  # our own first, so that plug-ins are imported for others alone
            if type(config) is row:
                return name
        raise ValueError(f"{type(config).__name__} is no row of {self.group}{nearest('', self)}")

    def plugin_of(self, config: object) -> Plugin | None:
        """Return the plug-in that a config's class is, or None for a row of our own."""
        name = self.name_of(config)
        return next((plugin for plugin in self.plugins if plugin.name == name), None)

    def _load(self, name: str) -> type[Row]:
        found = [plugin for plugin in self.plugins if plugin.name == name]
        if not found:
            raise KeyError(name)
        if len(found) > 1:
            origins = " and ".join(f"{plugin.package} {plugin.version}" for plugin in found)
            raise InputError(f"{self.group} {name!r} is added by {origins}: uninstall all but one of them")
        if not NAME.fullmatch(name):
            raise InputError(f"{found[0]} cannot be written as a key: a name matches {NAME.pattern}")
        return cast(type[Row], found[0].load(self.protocol))

    @property
    def protocol(self) -> type:
        """The protocol that the instances of every row keep."""
        (protocol,) = get_args(self.__orig_class__)  # type: ignore[attr-defined]  # set by `Table[...](...)`
        return cast(type, protocol)


def plugins_in(config: Config) -> Iterator[Plugin]:
    """Yield the plug-ins that a config is made of, at any depth, once for each place where one stands."""
    for table, part in _variants_in(config):
        plugin = table.plugin_of(part)
        yield from () if plugin is None else (plugin,)


def shadowed_in(config: Config) -> Iterator[Plugin]:
    """Yield the plug-ins in whose place a config has rows of our own, at any depth."""
    for table, part in _variants_in(config):
        if shadowed := table.shadowed:
            name = table.name_of(part)
            yield from (plugin for plugin in shadowed if plugin.name == name)


def _variants_in(config: Config) -> Iterator[tuple[Table[Any], Config]]:
    for key, field in type(config).model_fields.items():
        variant, value = variant_of(field), getattr(config, key)
        for part in value if isinstance(value, tuple) else (value,):
            if not isinstance(part, Config):
                continue
            if variant is not None and isinstance(variant.table, Table):
                yield variant.table, part
            yield from _variants_in(part)
