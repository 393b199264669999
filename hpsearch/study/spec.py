"""`StudySpec`: a search space file, parsed once; all its faults are found before anything starts."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hpsearch.space.hints import hole_hint
from hpsearch.space.holes import Params, Value
from hpsearch.space.reader import holes_below, read_space
from hpsearch.space.space import Space
from hpsearch.study.config import SearchConfig
from hpsearch.study.policy.samplers import learns_costs
from trainables.base.errors import Fault, InputError, InputWarning, nearest
from trainables.base.names import FOLDER_NAME
from trainables.base.plugins import Plugin, installed
from trainables.base.schema import KeyPath, faults_of
from trainables.base.table import shadowed_in
from trainables.base.yaml_document import YamlDocument, load_yaml
from trainables.data.datasets import dataset_name
from trainables.target import TargetConfig
from trainables.target.metric import Metric
from trainables.training.config import TrainConfig, parse_config
from trainables.training.metric_names import COSTS, objectives

MAX_GRID = 10_000
"""Combinations that a grid may have: a hundred days of quarter-hour trials."""

SECTION = "search"
"""The one key of a search space that is not part of the training config."""


@dataclass(frozen=True)
class StudySpec:
    """A search space read from a file: how to search, and the training config with holes."""

    name: str
    search: SearchConfig
    space: Space
    enqueued: tuple[Params, ...]
    """Params tried first; the whole grid for the grid sampler."""
    document: YamlDocument
    whole_images: bool = False
    """Whether networks are measured on whole images unless the space says otherwise, as a study is that was
    begun before `data.evaluation_zoom` was there."""

    @cached_property
    def target(self) -> TargetConfig:
        """What all networks of the study learn."""
        return next(iter(self.configs)).target

    @property
    def objective(self) -> Metric:
        """The metric that trials are compared by, the first objective."""
        return self.objectives[0]

    @cached_property
    def objectives(self) -> tuple[Metric, ...]:
        """All that is optimised: behind the first objective costs of the network."""
        return _objectives(self.search, self.target)

    @cached_property
    def costs(self) -> tuple[Metric, ...]:
        """The costs of networks that the search looks at: those that it optimises, and those with a bound."""
        return tuple(dict.fromkeys((*self.objectives[1:], *map(COSTS.__getitem__, self.search.constraints))))

    @property
    def trials(self) -> int | None:
        """How many trials to finish; None where only hours or epochs count."""
        budget, combinations = self.search.budget, self.combinations
        if combinations is not None:
            return min(combinations, budget.trials or combinations)
        return budget.trials or (None if budget.hours or budget.epochs else 20)

    @property
    def combinations(self) -> int | None:
        """How many trials there can be, no two alike; None where a range has no end of values."""
        if self.search.sampler.enumerates:
            return len(self.enqueued)
        return self.space.designs()

    def config(self, params: Params) -> TrainConfig:
        """Return the training config that `params` stand for."""
        return TrainConfig.model_validate(self.fill(params))

    def fill(self, params: Mapping[str, Value]) -> dict[str, Any]:
        """Return that config as it stands in a file."""
        return self.as_begun(self.space.fill(params))

    def as_begun(self, tree: dict[str, Any]) -> dict[str, Any]:
        """Return a config without holes, and with it what older studies mean where the space says nothing."""
        if not self.whole_images:
            return tree
        return {**tree, "data": {"evaluation_zoom": 0.0, **tree["data"]}}

    @cached_property
    def designs(self) -> tuple[tuple[Params, TrainConfig], ...]:
        """Every option, end and enqueued design of the space, filled in: the params of each config once."""
        found: dict[TrainConfig, Params] = {}
        space = self.space
        for params in (*space.probes(), *map(space.complete, self.enqueued), *space.pairs()):
            found.setdefault(self.config(params), params)
        return tuple((params, config) for config, params in found.items())

    @property
    def configs(self) -> list[TrainConfig]:
        """The configs of `designs`."""
        return [config for _, config in self.designs]

    @property
    def datasets(self) -> tuple[str, ...]:
        """The names of all prepared datasets that the designs need, each once."""
        return tuple(dict.fromkeys(dataset_name(ref) for config in self.configs for ref in config.datasets))

    @cached_property
    def epochs(self) -> int:
        """The largest number of epochs a trial may train."""
        return max(self.config(params).epochs for params in self.space.probes())


def load_spec(
    path: Path, *, trials: int | None = None, epochs: int | None = None, name: str | None = None
) -> StudySpec:
    """Read a search space; `trials` and `epochs` override its budget, `name` the study's name.

    Raises `InputError` with every fault of the file: unknown keys, holes that make no sense, and each option
    or end of a range from which no config can be built. Warns (`InputWarning`) of each plug-in that is not
    used, because hpsearch has a row of its name.
    """
    document = load_yaml(path)
    search, faults = _search_section(document)
    name = name or (search.name if search else None) or path.stem
    if not FOLDER_NAME.fullmatch(name) and search is not None:
        rule = f"{name!r} cannot name a study (rule: {FOLDER_NAME.pattern}): set {SECTION}.name"
        faults.append(Fault(rule, file=str(path)))
    space, space_faults = read_space(document, skip=frozenset({SECTION}))
    unread = {fault.where for fault in space_faults}
    probed = _config_faults(document, space, (*space.probes(), *space.pairs()))
    space_faults += [fault for fault in probed if not any(_below(fault.where, where) for where in unread)]
    faults += space_faults
    if search is None:
        raise InputError(_unique(faults))
    given = {key: value for key, value in (("trials", trials), ("epochs", epochs)) if value is not None}
    if given:
        search = search.model_copy(update={"budget": search.budget.model_copy(update=given)})
    enqueued: tuple[Params, ...] = ()
    if not unread:
        enqueued, wrong = _enqueued(document, search, space, sound=not space_faults)
        faults += wrong
    spec = StudySpec(name, search, space, enqueued, document)
    if not space_faults:
        faults += _pruner_faults(spec)
        faults += _target_faults(spec)
        faults += _sampler_faults(spec)
    if faults:
        raise InputError(_unique(faults))
    for plugin in shadowed_by(spec):
        warnings.warn(f"{path}: {plugin.unused}", InputWarning, stacklevel=1)
    names = tuple(metric.name for metric in spec.objectives)  # both keys say the same from here on
    return replace(spec, search=search.model_copy(update={"objective": names[0], "objectives": names}))


def shadowed_by(spec: StudySpec) -> list[Plugin]:
    """Return the plug-ins in whose place a space has rows of hpsearch's own, which have the same names."""
    if not installed():
        return []
    return sorted({plugin for config in (spec.search, *spec.configs) for plugin in shadowed_in(config)})


def _search_section(document: YamlDocument) -> tuple[SearchConfig | None, list[Fault]]:
    section = document.tree.get(SECTION)
    holes = list(holes_below(section, ()))
    faults = [(path, Fault("no hole may stand here: write one value", _dotted(path))) for path in holes]
    search = None
    try:
        search = SearchConfig.model_validate({} if section is None else section)
    except ValidationError as error:
        wrong = faults_of(error, SearchConfig)
        faults += [(path, fault) for path, fault in wrong if not any(path[: len(at)] == at for at in holes)]
    return search, [
        replace(
            fault,
            where=f"{SECTION}.{fault.where}".rstrip("."),
            file=document.file,
            line=document.line((SECTION, *path)),
        )
        for path, fault in faults
    ]


def _config_faults(document: YamlDocument, space: Space, filled: Iterable[Params]) -> Iterator[Fault]:
    """Yield what is wrong with the configs that the holes are filled to."""
    for params in filled:
        tree = space.fill(params)
        parsed = parse_config(tree)
        if isinstance(parsed, TrainConfig):
            continue
        for path, fault in parsed:
            line = document.line(space.origin(path, params))
            message = fault.message + hole_hint(tree, path)
            if len(path) == 1 and path[0] not in TrainConfig.model_fields:
                line = document.line(path)  # where the key stands, whichever option fills it
                message = f"unknown key{nearest(str(path[0]), (*TrainConfig.model_fields, SECTION))}"
            yield replace(fault, message=message, file=document.file, line=line)


def _enqueued(
    document: YamlDocument, search: SearchConfig, space: Space, *, sound: bool
) -> tuple[tuple[Params, ...], list[Fault]]:
    """Return the params tried first, and every fault in them; `sound`: the space itself has no fault."""
    enqueued: list[Params] = []
    faults: list[Fault] = []
    for index, tree in enumerate(search.enqueue):
        if list(holes_below(tree, ())):
            continue  # reported with the section
        at = (SECTION, "enqueue", index)
        params, wrong = design_params(space, tree, sound=sound)
        for path, message in wrong:
            where = (*at, *path)
            faults.append(Fault(message, _dotted(where), document.file, document.line(where)))
        enqueued.append(params)
    if search.sampler.enumerates and not faults and sound:
        return _grid(document, space, enqueued)
    return tuple(enqueued), faults


def design_params(space: Space, tree: Any, *, sound: bool = True) -> tuple[Params, list[tuple[KeyPath, str]]]:
    """Return the params that lead to a design, a part of a config, and what is wrong with it by its path.

    `sound`: the space itself has no fault.
    """
    params, wrong = space.params_of(tree)
    if not wrong and sound:
        parsed = parse_config(space.fill(space.complete(params)))
        wrong = [] if isinstance(parsed, TrainConfig) else [(path, f.message) for path, f in parsed]
    return params, wrong


def read_design(file: Path, spec: StudySpec) -> Mapping[str, Any]:
    """Read a design that a user wants tried in a study: a part of a training config, without holes.

    Raises `InputError` with every fault of it, and for a grid, which tries each design by itself.
    """
    document = load_yaml(file)
    if spec.search.sampler.enumerates:
        raise InputError(
            f"study {spec.name!r} tries its whole grid: every design of the space is tried anyway"
        )
    faults = [
        Fault("a design has no hole: write one value", _dotted(path), document.file, document.line(path))
        for path in holes_below(document.tree, ())
    ]
    wrong = [] if faults else design_params(spec.space, document.tree)[1]
    faults += [Fault(message, _dotted(path), document.file, document.line(path)) for path, message in wrong]
    if faults:
        raise InputError(_unique(faults))
    return document.tree


def _grid(
    document: YamlDocument, space: Space, enqueued: list[Params]
) -> tuple[tuple[Params, ...], list[Fault]]:
    """Return the combinations of the grid, the enqueued ones first, and every fault in them."""
    path: KeyPath = (SECTION, "sampler")
    if (size := space.size()) > MAX_GRID:
        message = f"the grid has {size} combinations, more than {MAX_GRID}: fix some values, or take random"
        return (), [Fault(message, _dotted(path), document.file, document.line(path))]
    combinations = list(space.combinations())
    faults = list(_config_faults(document, space, combinations))
    known: list[list[int]] = []
    for index, params in enumerate(enqueued):
        known.append([n for n, other in enumerate(combinations) if params.items() <= other.items()])
        if not known[-1]:
            path = (SECTION, "enqueue", index)
            message = "this combination is not in the grid: enqueue one that is, or take another sampler"
            faults.append(Fault(message, _dotted(path), document.file, document.line(path)))
    # In turns: where `seed` is the first hole, every arm has its first seed before any has its second.
    turns = (n for turn in itertools.zip_longest(*known) for n in turn if n is not None)
    order = dict.fromkeys(itertools.chain(turns, range(len(combinations))))
    return tuple(combinations[n] for n in order), faults


def _pruner_faults(spec: StudySpec) -> Iterator[Fault]:
    first, epochs = spec.search.pruner.first_epoch, spec.epochs
    if first is not None and first >= epochs and "pruner" in spec.search.model_fields_set:
        path = (SECTION, "pruner")
        yield Fault(
            f"the warm-up of {first} epochs must end before the last of {epochs} epochs: "
            "shorten warmup_epochs, raise epochs, or take pruner: none",
            ".".join(path),
            spec.document.file,
            spec.document.line(path),
        )


def _target_faults(spec: StudySpec) -> Iterator[Fault]:
    """Yield what is wrong with what is learned, which designs of two targets would not be compared by."""
    path: KeyPath = ("target",)
    if any(config.target != spec.target for config in spec.configs):
        rule = "one study has one target, since errors of two cannot be compared: write one, in no hole"
        yield Fault(rule, "target", spec.document.file, spec.document.line(path))
        return
    path, wanted = (SECTION, "objective"), spec.search.objective
    if spec.search.objectives:
        path, wanted = (SECTION, "objectives", 0), spec.search.objectives[0]
    if wanted is not None and wanted not in (known := objectives(spec.target)):
        rule = f"{wanted} is not a metric of this target{nearest(wanted, known)}"
        yield Fault(rule, _dotted(path), spec.document.file, spec.document.line(path))


def _sampler_faults(spec: StudySpec) -> Iterator[Fault]:
    """Yield what the sampler cannot do."""
    if len(spec.search.objectives) > 1 and not learns_costs(spec.search.sampler):
        path = (SECTION, "sampler")
        rule = "this sampler takes one objective: take sampler: tpe, or bound the cost (search.constraints)"
        yield Fault(rule, ".".join(path), spec.document.file, spec.document.line(path))


def _objectives(search: SearchConfig, target: TargetConfig) -> tuple[Metric, ...]:
    known = objectives(target)
    first, *costs = search.objectives or (search.objective or next(iter(known)),)
    return known[first], *map(COSTS.__getitem__, costs)


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _below(where: str, above: str) -> bool:
    return f"{where}.".startswith(f"{above}.")


def _unique(faults: list[Fault]) -> list[Fault]:
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line or 0)
