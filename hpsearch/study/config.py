"""`SearchConfig`: the section `search` of a search space: budget, sampler, pruner, resources."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlparse

from pydantic import AliasChoices, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from hpsearch.study.policy.pruners import PRUNERS, PrunerConfig
from hpsearch.study.policy.samplers import SAMPLERS, SamplerConfig
from trainables.base.errors import brief, nearest
from trainables.base.names import FOLDER_NAME
from trainables.base.schema import Config, Strings, Variant
from trainables.target import TARGETS
from trainables.training.metric_names import COSTS, objectives

_NUMBER_OR_BOTH = WithJsonSchema(
    {"anyOf": [{"type": "integer", "minimum": 2, "maximum": 50}, {"type": "object"}]}
)


Bound = Annotated[dict[Literal["max"], Annotated[float, Field(gt=0)]], Field(min_length=1)]
"""What a cost may be at most, in the unit of its metric: `{max: 5e6}`."""


class BudgetConfig(Config):
    """When the search ends."""

    trials: Annotated[int, Field(ge=1)] | None = None
    """Trials to finish, pruned and failed ones included; 20 where nothing else is given."""
    hours: Annotated[float, Field(gt=0, le=1e6)] | None = None
    """Hours after which no further trial starts, counted from each launch."""
    epochs: Annotated[int, Field(ge=1)] | None = None
    """Epochs that the search's trials may train together; confirmations are extra."""


class ResourcesConfig(Config):
    """What one trial takes of a machine."""

    cpus: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """CPU cores, and threads, per trial. `auto`: 1; beside a GPU as many as loading its images needs."""
    gpus: Annotated[float, Field(ge=0)] | Literal["auto"] = "auto"
    """GPUs per trial, 0.01 to 1, or 0; a fraction is a share of its memory too. `auto`: the smallest share
    that holds a design, measured before the first trial; 0 where there is no GPU."""
    concurrent: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    """Trials in parallel; `auto`: as many as fit."""
    mps: Literal["auto", "off"] = "auto"
    """Whether a launch on one machine runs NVIDIA's multi-process service (MPS), under which the trials on a
    GPU compute at once, not in turns. `auto`: where it is installed and all GPUs allow it (sm_70, no MIG)."""
    autoscale: bool = False
    """The cluster starts nodes on demand: `concurrent` trials are asked for, whatever fits on the nodes that
    are there, and with `gpus: auto` the first GPU is waited for. Ray does not tell which nodes may come."""

    @model_validator(mode="after")
    def _says_how_much_to_ask_for(self) -> Self:
        if self.autoscale and self.concurrent == "auto":
            raise ValueError("autoscale needs concurrent: how many trials shall run in parallel at most")
        return self

    @field_validator("gpus")
    @classmethod
    def _a_trial_trains_on_one_gpu(cls, gpus: float | str) -> float | str:
        if isinstance(gpus, float) and gpus > 1:
            raise ValueError(
                f"a trial trains on one GPU or on a fraction of it, got {gpus:g}: give 1, and the other GPUs "
                "train other trials"
            )
        if isinstance(gpus, float) and 0 < gpus < 0.01:
            raise ValueError(f"a share of a GPU is at least 0.01, got {gpus:g}: give 0.01 or more, or 0")
        return gpus


class SeedsConfig(Config):
    """How many seeds: one number is both."""

    min: Annotated[int, Field(ge=2, le=50)] = 3
    """Seeds before the first look."""
    max: Annotated[int, Field(ge=2, le=50)] = 3
    """Seeds at most: where it is larger than `min`, one more is trained after each look that decides nothing.
    """

    @property
    def on_demand(self) -> bool:
        """Whether there may be more than one look."""
        return self.max > self.min

    @model_validator(mode="after")
    def _a_look_needs_three_seeds(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max ({self.max}) must not be smaller than min ({self.min})")
        if self.on_demand and self.min < 3:
            raise ValueError(f"two seeds say nothing about the noise: set min to 3 or more, got {self.min}")
        return self


def _both(seeds: object) -> object:
    return {"min": seeds, "max": seeds} if isinstance(seeds, int) and not isinstance(seeds, bool) else seeds


class ConfirmConfig(Config):
    """How leaders are confirmed: trained again beside supervised learning alone, with paired seeds."""

    top: Annotated[int, Field(ge=1)] = 3
    """Best designs that are trained again; always with the best helper and supervised learning alone
    among them. With 1 the verdict compares one helper; with more it is corrected for choosing among them."""
    seeds: Annotated[SeedsConfig, BeforeValidator(_both), _NUMBER_OR_BOTH] = SeedsConfig()
    """Seeds each of them is trained with, a number; or seeds on demand, `{min: 3, max: 12}`: as many as it
    takes to decide. With a number, supervised learning alone beside k helpers has about the square root of k
    times as many, since it is in every comparison."""
    equal_within: Annotated[float, Field(gt=0)] | None = Field(
        default=None, validation_alias=AliasChoices("equal_within", "equal_within_deg")
    )
    """Designs whose objectives differ by less than this, in its unit, count as equal: seeds on demand end
    there, too. Its older name, `equal_within_deg`, is read as well."""

    @property
    def plan(self) -> tuple[int, int]:
        """How many seeds there are before the first look, and at most."""
        return self.seeds.min, self.seeds.max


def baseline_seeds(seeds: int, helpers: int) -> int:
    """Return how many seeds a baseline has beside helpers of so many each.

    The square root of their number times as many: then the variances of all differences are smallest for the
    runs that they take together. [Dunnett 1955]
    """
    return round(seeds * math.sqrt(max(helpers, 1)))


def _every_objective() -> list[str]:
    """Return the metrics of every target; a launch takes those of the space's own alone."""
    return list(dict.fromkeys(name for row in TARGETS.values() for name in objectives(row())))


def _offer_objectives(schema: dict[str, Any]) -> None:
    schema["enum"] = _every_objective()


def _offer_all(schema: dict[str, Any]) -> None:
    schema["items"] = {"enum": [*_every_objective(), *COSTS]}


def _offer_costs(schema: dict[str, Any]) -> None:
    schema["propertyNames"] = {"enum": [*COSTS]}


def _refuse_unless_of_validation(name: str) -> None:
    if name.startswith("test"):
        raise ValueError(
            f"{name!r} is measured on a test set, on which a search must not tune: take an "
            "objective of validation"
        )
    if name not in (known := _every_objective()):
        raise ValueError(f"{brief(name)} is not a metric of any target{nearest(name, known)}")


def _refuse_unless_cost(name: str, rule: str) -> None:
    if name not in COSTS:
        raise ValueError(f"{rule}, got {brief(name)}{nearest(name, COSTS)}")


class SearchConfig(Config):
    """How the space is searched."""

    name: str | None = None
    """The study's name: MLflow experiment and folder below the root. The file's name where left out."""
    objective: Annotated[str, Field(json_schema_extra=_offer_objectives)] | None = None
    """The metric to optimise, one of the target's, after the last epoch (`best_`: after the best one). Where
    left out, the target's main one: `validation/mae_deg` of a head pose."""
    objectives: Annotated[Strings, Field(json_schema_extra=_offer_all)] = ()
    """Several metrics to optimise together, in place of `objective`: first the one that trials are stopped
    early, confirmed and judged by, then costs of the network, `cost/latency_ms`, `cost/parameters`,
    `cost/flops`. The sampler looks for the designs of which none is better in all of them."""
    constraints: Annotated[dict[str, Bound], Field(default_factory=dict, json_schema_extra=_offer_costs)]
    """Bounds of costs, such as `{cost/parameters: {max: 5e6}}`. What a network costs is known before it is
    trained: a design above a bound trains no epoch and costs no budget, and the sampler learns to avoid it.
    """
    sampler: Annotated[SamplerConfig, Variant(SAMPLERS)] = SAMPLERS["tpe"]()
    """How the next trial's values are chosen."""
    pruner: Annotated[PrunerConfig, Variant(PRUNERS)] = PRUNERS["successive_halving"]()
    """When a trial is stopped early."""
    budget: BudgetConfig = BudgetConfig()
    """When the search ends."""
    enqueue: Annotated[tuple[dict[str, Any], ...], Field(strict=False)] = ()
    """Known configs tried first: parts of a training config; holes they leave open are sampled."""
    resources: ResourcesConfig = ResourcesConfig()
    """What one trial takes of a machine."""
    confirm: ConfirmConfig | None = None
    """Train the leaders again with other seeds before believing them; off where null."""
    leaders: Annotated[int, Field(ge=1)] = 3
    """Best designs whose runs are measured on the test sets, `data.test`, when the search has ended; always
    with the best helper and supervised learning alone, and the confirmations of all. The weights are of the
    best epoch."""
    prune_enqueued: bool = False
    """Whether designs of `enqueue` may be stopped early too; without, each trains its full budget."""
    frozen_gb: Annotated[float, Field(gt=0)] = 20.0
    """Disk space for checkpoints of frozen trials, gigabytes; beyond it the least promising lose theirs."""
    retries: Annotated[int, Field(ge=0)] = 2
    """Times a trial is started again from its last checkpoint after its process died."""
    max_failures: Annotated[int, Field(ge=1)] = 5
    """Trials in a row that may fail for one reason, with no epoch of any between, before a launch ends."""
    tracking: str | None = None
    """The MLflow server that the study is written to, `http://HOST:5000`; where left out, that of
    `MLFLOW_TRACKING_URI`, else a file below the root. User and password stand in the environment alone."""
    patience_s: Annotated[float, Field(ge=0, le=1e6)] = 120.0
    """Seconds to wait for images that are away, such as those of a network file system; then the launch ends,
    with every trial kept."""
    epoch_timeout_s: Annotated[float, Field(gt=0, le=1e9)] = 3600.0
    """Seconds after which an epoch counts as hung and its process is killed."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seeds the sampler. Weights and data are seeded by the training config's own `seed`."""

    @field_validator("objective", mode="before")
    @classmethod
    def _is_measured_on_validation_images(cls, objective: object) -> object:
        if isinstance(objective, str):
            _refuse_unless_of_validation(objective)
        return objective

    @field_validator("objectives")
    @classmethod
    def _are_an_error_and_costs(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names[:1]:
            if name in COSTS:
                raise ValueError(
                    f"{name} cannot be the first, which trials are stopped early, confirmed and judged by: "
                    "begin with a metric of validation"
                )
            _refuse_unless_of_validation(name)
        for name in names[1:]:
            _refuse_unless_cost(name, "only costs of the network can follow the first")
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{twice[0]} stands there twice")
        return names

    @field_validator("constraints", mode="before")
    @classmethod
    def _bound_costs(cls, constraints: object) -> object:
        for name, bound in constraints.items() if isinstance(constraints, dict) else ():
            _refuse_unless_cost(str(name), "only costs of the network are known before it is trained")
            if not isinstance(bound, dict) or bound.keys() != {"max"}:
                raise ValueError(f"write the bound of {name} as {{max: 5.0}}, got {brief(bound)}")
        return constraints

    @model_validator(mode="after")
    def _has_one_list_of_objectives(self) -> Self:
        if self.objective is not None and self.objectives:
            raise ValueError("objective is objectives with one name: give one of the two keys")
        return self

    @property
    def bounds(self) -> dict[str, float]:
        """The most that each cost may be that has a bound, by its metric's name."""
        return {name: bound["max"] for name, bound in self.constraints.items()}

    @field_validator("tracking")
    @classmethod
    def _tracking_is_a_server_and_holds_no_secret(cls, uri: str | None) -> str | None:
        parts = urlparse(uri or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"must be the address of an MLflow server, http://HOST:5000, got {uri!r}")
        if parts.username is not None or parts.password is not None:
            raise ValueError(
                "must hold no user and no password, which everyone who can read the file would know: set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD where the search is launched"
            )
        return uri

    @field_validator("name")
    @classmethod
    def _name_stays_inside_the_root(cls, name: str | None) -> str | None:
        if name is not None and not FOLDER_NAME.fullmatch(name):
            raise ValueError(f"a study's name must match {FOLDER_NAME.pattern}, got {name!r}")
        return name
