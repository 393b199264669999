"""`StudySpec`: what a person writes, parsed once; every fault of the file is found before anything starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from hpsearch.space import Params, Space, read_space
from hpsearch.study.pruners import PRUNERS, PrunerConfig, SuccessiveHalvingConfig
from hpsearch.study.samplers import SAMPLERS, SamplerConfig, TPEConfig
from trainables.config import TrainConfig, parse_config
from trainables.document import Document, load_document
from trainables.faults import BadInput, Fault
from trainables.schema import Config, Variant, faults_of

NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
"""What a study may be called: a name that is safe as a folder."""

SECTION = "search"
"""The one key of a search space that is not part of the training config."""


class BudgetConfig(Config):
    """When the search ends."""

    trials: Annotated[int, Field(ge=1)] | None = None
    """Trials to finish, pruned and failed ones included; 20 where neither this nor `hours` is given."""
    hours: Annotated[float, Field(gt=0)] | None = None
    """Hours after which no further trial starts, counted from each launch."""


class ResourcesConfig(Config):
    """What one trial takes of a machine."""

    cpus: Annotated[int, Field(ge=1)] = 1
    """CPU cores, and threads, a trial."""
    gpus: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    """GPUs a trial; a fraction is also its share of the GPU's memory. `auto`: 1 where there is a GPU, else 0."""
    concurrent: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Trials side by side; `auto`: as many as fit."""

    @model_validator(mode="after")
    def _gpus_are_whole_above_one(self) -> ResourcesConfig:
        if self.gpus != "auto" and self.gpus > 1 and self.gpus != int(self.gpus):
            raise ValueError(f"gpus is a fraction of one GPU or a whole number, got {self.gpus}")
        return self


class SearchConfig(Config):
    """How the space is searched."""

    name: str | None = None
    """The study's name: MLflow experiment and folder below the root. The file's name where left out."""
    objective: Literal[
        "validation/mae_deg",
        "validation/best_mae_deg",
        "validation/geodesic_deg",
        "validation/yaw_mae_deg",
        "validation/pitch_mae_deg",
        "validation/roll_mae_deg",
    ] = "validation/mae_deg"
    """The metric to minimise, taken after the last epoch (`best_`: after the best one)."""
    sampler: Annotated[SamplerConfig, Variant(SAMPLERS)] = TPEConfig()
    """How the next trial's values are chosen."""
    pruner: Annotated[PrunerConfig, Variant(PRUNERS)] = SuccessiveHalvingConfig()
    """When a trial is stopped early."""
    budget: BudgetConfig = BudgetConfig()
    """When the search ends."""
    enqueue: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = ()
    """Known configs tried first: parts of a training config; holes they leave open are sampled."""
    resources: ResourcesConfig = ResourcesConfig()
    """What one trial takes of a machine."""
    retries: Annotated[int, Field(ge=0)] = 2
    """Times a trial is started again from its last checkpoint after its process died."""
    epoch_timeout_s: Annotated[float, Field(gt=0)] = 3600.0
    """Seconds after which an epoch counts as hung and its process is killed."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seeds the sampler. Weights and data are seeded by the training config's own `seed`."""

    @model_validator(mode="after")
    def _name_stays_inside_the_root(self) -> SearchConfig:
        if self.name is not None and not NAME.fullmatch(self.name):
            raise ValueError(f"name must match {NAME.pattern}, got {self.name!r}")
        return self


@dataclass(frozen=True)
class StudySpec:
    """A search space read from a file: how to search, and the training config with holes."""

    name: str
    search: SearchConfig
    space: Space
    enqueued: tuple[Params, ...]
    """Params tried first; the whole grid for the grid sampler."""
    document: Document

    @property
    def trials(self) -> int | None:
        """How many trials to finish; None where only the hours count."""
        budget = self.search.budget
        if isinstance(self.search.sampler, _GRID):
            return min(len(self.enqueued), budget.trials or len(self.enqueued))
        if not self.space.holes():
            return 1
        return budget.trials or (None if budget.hours else 20)

    def config(self, params: Params) -> TrainConfig:
        """Return the training config that `params` stand for."""
        return TrainConfig.model_validate(self.space.filled(params))

    @property
    def epochs(self) -> int:
        """The largest number of epochs a trial may train."""
        return max(self.config(params).epochs for params in self.space.probes())


_GRID = SAMPLERS["grid"]


def load_spec(path: Path, *, trials: int | None = None, name: str | None = None) -> StudySpec:
    """Read a search space; `trials` overrides its budget, `name` the study's name.

    Raises `BadInput` with every fault of the file: unknown keys, holes that make no sense, and each option or
    end of a range from which no config can be built.
    """
    document = load_document(path)
    search, faults = _search_section(document)
    space, space_faults = read_space(document, skip=frozenset({SECTION}))
    faults += space_faults
    if not space_faults:
        faults += _config_faults(document, space)
    name = name or (search.name if search else None) or path.stem
    if not NAME.fullmatch(name):
        faults.append(Fault(f"{name!r} cannot name a study (rule: {NAME.pattern}): set {SECTION}.name", file=str(path)))
    if faults or search is None:
        raise BadInput(_unique(faults))
    if trials is not None:
        search = search.model_copy(update={"budget": search.budget.model_copy(update={"trials": trials})})
    enqueued, faults = _enqueued(document, search, space)
    spec = StudySpec(name, search, space, enqueued, document)
    faults += _pruner_faults(spec)
    if faults:
        raise BadInput(_unique(faults))
    return spec


def _search_section(document: Document) -> tuple[SearchConfig | None, list[Fault]]:
    section = document.tree.get(SECTION)
    try:
        return SearchConfig.model_validate({} if section is None else section), []
    except ValidationError as error:
        return None, [
            replace(
                fault,
                where=f"{SECTION}.{fault.where}".rstrip("."),
                file=document.file,
                line=document.line((SECTION, *path)),
            )
            for path, fault in faults_of(error, SearchConfig)
        ]


def _config_faults(document: Document, space: Space) -> Iterator[Fault]:
    """Yield what is wrong with the configs at each option and each end of every range."""
    for params in space.probes():
        parsed = parse_config(space.filled(params))
        if isinstance(parsed, TrainConfig):
            continue
        for path, fault in parsed:
            line = document.line(space.origin(path, params))
            if not path:  # a rule between several values: name the ones in question
                chosen = ", ".join(f"{name} = {value}" for name, value in params.items())
                fault = replace(fault, message=f"{fault.message} (with {chosen})" if chosen else fault.message)
            yield replace(fault, file=document.file, line=line)


def _enqueued(
    document: Document, search: SearchConfig, space: Space
) -> tuple[tuple[Params, ...], list[Fault]]:
    enqueued, faults = [], []
    for index, tree in enumerate(search.enqueue):
        params, wrong = space.params_of(tree)
        enqueued.append(params)
        line = document.line((SECTION, "enqueue", index))
        faults += [Fault(message, f"{SECTION}.enqueue[{index}]", document.file, line) for message in wrong]
    if isinstance(search.sampler, _GRID):
        enqueued += [params for params in space.combinations() if params not in enqueued]
    return tuple(enqueued), faults


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


def _unique(faults: list[Fault]) -> list[Fault]:
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line or 0)


