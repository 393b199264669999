"""The plug-ins of a study: the tables that they add to, what is wrong with one, and which a study uses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from hpsearch.study.origin import Origin
from hpsearch.study.policy.pruners import PRUNERS
from hpsearch.study.policy.samplers import SAMPLERS
from hpsearch.study.spec import StudySpec
from trainables.base.errors import InputError, nearest
from trainables.base.plugins import PREFIX, Plugin, installed
from trainables.base.table import Table, plugins_in
from trainables.data.augmentation import AUGMENTATIONS
from trainables.data.datasets import GENERATED
from trainables.losses.weighting import WEIGHTINGS
from trainables.model.backbones import BACKBONES
from trainables.model.heads import HEADS
from trainables.model.inits import INITS
from trainables.optim.averages import AVERAGES
from trainables.optim.optimizers import OPTIMIZERS
from trainables.optim.schedules import SCHEDULES
from trainables.pretext import PRETEXT_TASKS
from trainables.pretext.views import VIEWS
from trainables.target import TARGETS


@cache
def known_tables() -> Mapping[str, Table[Any]]:
    """Return every table by the group of its entry points."""
    from trainables.data.datasets.importers import IMPORTERS  # and all that reads images and labels

    tables = (
        TARGETS,
        PRETEXT_TASKS,
        VIEWS,
        HEADS,
        BACKBONES,
        INITS,
        OPTIMIZERS,
        SCHEDULES,
        AVERAGES,
        WEIGHTINGS,
        AUGMENTATIONS,
        GENERATED,
        IMPORTERS,
        SAMPLERS,
        PRUNERS,
    )
    return MappingProxyType({table.group: table for table in tables})


def plugin_fault(plugin: Plugin) -> str | None:
    """Return why a plug-in of this interpreter cannot be used, with the way out; None where it can."""
    tables = known_tables()
    table = tables.get(plugin.group)
    if table is None:
        return f"{plugin} is for no table: {PREFIX}{plugin.group} is unknown{nearest(plugin.group, tables)}"
    if plugin.name in table.built_in:
        return plugin.unused
    try:
        table[plugin.name]
    except InputError as error:
        return str(error)
    return None


def plugins_of(spec: StudySpec) -> tuple[Plugin, ...]:
    """Return the plug-ins that a study uses: in a design of its space or in how it searches."""
    used = [plugin for config in (spec.search, *spec.configs) for plugin in plugins_in(config)]
    return tuple(sorted(set(used)))


def origins_of(spec: StudySpec) -> dict[str, Origin]:
    """Return each row that a plug-in adds to a study, such as `pretext blanking`, and where it comes from."""
    return {
        f"{plugin.group} {plugin.name}": Origin(plugin.package, (plugin.version,))
        for plugin in plugins_of(spec)
    }


def absence(plugin: Plugin) -> str | None:
    """Return why this machine cannot run what uses a plug-in of another machine, in words; None where it can.

    It must have the same version of the package, and be able to import it.
    """
    what = f"{plugin.package} {plugin.version}, which adds {plugin.group} {plugin.name!r}"
    found = [there for there in installed() if there.package == plugin.package]
    if plugin in found:
        return plugin_fault(plugin)
    if not found:
        return f"it lacks {what}: install it there too"
    return f"it has {found[0].package} {found[0].version}, the driver {what}: install the same"
