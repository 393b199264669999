"""The contract of augmentations: a plan draws each image's changes from the seed, within the magnitudes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from trainables.base.schema import Config
from trainables.data.augmentation import AUGMENTATIONS
from trainables.data.augmentation.plan import (
    NEUTRAL,
    OPERATIONS,
    PLACES,
    REFERENCE_PX,
    AugmentationPlan,
)

COUNT = 200
RANGES = {
    "kept": (0, 1),
    "blur_sigma_px": (0, REFERENCE_PX),
    "detail_px": (1, REFERENCE_PX),
    "hue_deg": (-180, 180),
    "contrast": (0, 2),
    "brightness": (0, 2),
    "cutout_side": (0, 1),
    "noise_sigma": (0, 1),
    "mirrored": (0, 1),
    "turn_deg": (-180, 180),
    **dict.fromkeys(PLACES, (0, 1)),
}
"""What a parameter may be at all: least and greatest value."""

each_augmentation = pytest.mark.parametrize("name", sorted(AUGMENTATIONS))


def magnitudes(name: str) -> list[str]:
    return list(AUGMENTATIONS[name].model_fields)


def off(name: str) -> dict[str, object]:
    """Return the settings that turn every change off: 0, or 1 for factors."""
    fields = AUGMENTATIONS[name].model_fields.items()
    return {key: (1,) if isinstance(field.default, tuple) else 0.0 for key, field in fields}


def on(name: str, key: str) -> dict[str, object]:
    """Return the setting that makes one change strong."""
    factors = isinstance(AUGMENTATIONS[name].model_fields[key].default, tuple)
    return {key: (2, 5) if factors else 0.9}


def plan_of(config: Config) -> AugmentationPlan:
    plan = config.build()
    assert isinstance(plan, AugmentationPlan), "what has magnitudes makes a plan"
    return plan


def drawn(config: Config, seed: int = 0) -> npt.NDArray[np.void]:
    return plan_of(config).draw(COUNT, seed)


def changed(one: npt.NDArray[np.void], other: npt.NDArray[np.void]) -> set[str]:
    return {name for name in NEUTRAL if not np.array_equal(one[name], other[name])}


@each_augmentation
def test_a_plan_is_made_of_known_operations_or_there_is_none(name: str) -> None:
    plan = AUGMENTATIONS[name]().build()
    if plan is None:
        assert magnitudes(name) == [], "what can be set has a plan"
    else:
        assert plan.operations and plan.operations <= OPERATIONS.keys()


@each_augmentation
def test_every_parameter_is_drawn_within_what_it_may_be(name: str) -> None:
    configs = [AUGMENTATIONS[name](**on(name, key)) for key in magnitudes(name)]
    for rows in map(drawn, configs):
        for parameter in NEUTRAL:
            low, high = RANGES[parameter]
            assert (low <= rows[parameter]).all() and (rows[parameter] <= high).all(), parameter


@each_augmentation
def test_a_seed_gives_the_same_draw_and_another_seed_another(name: str) -> None:
    for config in [AUGMENTATIONS[name](**on(name, key)) for key in magnitudes(name)]:
        assert changed(drawn(config, 3), drawn(config, 3)) == set()
        assert changed(drawn(config, 3), drawn(config, 4)) > set(PLACES)


@each_augmentation
def test_with_everything_off_nothing_is_changed(name: str) -> None:
    if not magnitudes(name):
        assert AUGMENTATIONS[name]().build() is None
        return
    config = AUGMENTATIONS[name](**off(name))
    assert plan_of(config).operations == frozenset()
    rows = drawn(config)
    for parameter, neutral in NEUTRAL.items():
        if parameter not in PLACES:  # a place matters only with a size
            assert (rows[parameter] == np.float32(neutral)).all(), parameter


@each_augmentation
def test_one_magnitude_turns_one_operation_on_and_leaves_the_other_draws_as_they_were(name: str) -> None:
    for key in magnitudes(name):
        config, alone = AUGMENTATIONS[name](), AUGMENTATIONS[name](**{**off(name), **on(name, key)})
        (operation,) = plan_of(alone).operations
        here = set(OPERATIONS[operation])
        assert len(changed(drawn(alone), drawn(AUGMENTATIONS[name](**off(name)))) & here) == 1
        assert changed(drawn(AUGMENTATIONS[name](**on(name, key))), drawn(config)) <= here
