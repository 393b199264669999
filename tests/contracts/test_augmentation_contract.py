"""The contract of augmentations: a plan draws each image's changes from the seed, within the magnitudes, and
labels change with mirrored and turned images alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from support.poses import augmented_pose

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


each_level = pytest.mark.parametrize("name", [name for name in sorted(AUGMENTATIONS) if magnitudes(name)])


def poses(angles: int = 3) -> npt.NDArray[np.float64]:
    """Return a pose per image, short of the profile, where a pose has one name alone."""
    limits = (89.0, 179.0, 179.0)[:angles]
    return np.random.default_rng(1).uniform(-1, 1, (COUNT, angles)) * limits


@each_level
def test_labels_stay_as_they_are_without_mirror_and_turn(name: str) -> None:
    keys = [key for key in magnitudes(name) if key not in ("mirror", "turn_deg")]
    for config in [AUGMENTATIONS[name](), *(AUGMENTATIONS[name](**on(name, key)) for key in keys)]:
        for angles in (2, 3):
            pose = poses(angles).astype(np.float32)
            assert augmented_pose(pose, drawn(config)).tobytes() == pose.tobytes()


@each_level
def test_a_mirrored_image_mirrored_again_has_its_pose(name: str) -> None:
    rows = drawn(AUGMENTATIONS[name](mirror=0.5))
    for angles in (2, 3):
        once = augmented_pose(poses(angles), rows)
        np.testing.assert_array_equal((once != poses(angles)).any(axis=1), rows["mirrored"] == 1)
        np.testing.assert_array_equal(augmented_pose(once, rows), poses(angles))


@each_level
def test_an_image_turned_and_turned_back_has_its_pose(name: str) -> None:
    rows = drawn(AUGMENTATIONS[name](turn_deg=45))
    back = rows.copy()
    back["turn_deg"] *= -1
    once = augmented_pose(poses(), rows)
    assert np.isfinite(once).all() and (np.abs(once - poses()).max(axis=1) > 1e-3).mean() > 0.99
    np.testing.assert_allclose(augmented_pose(once, back), poses(), atol=1e-4)


@each_level
def test_a_turn_needs_all_three_angles_or_no_label(name: str) -> None:
    rows = drawn(AUGMENTATIONS[name](turn_deg=5, mirror=0.5))
    with pytest.raises(ValueError, match="roll"):
        augmented_pose(poses(2), rows)
