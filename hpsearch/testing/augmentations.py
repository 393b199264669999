"""The contract of augmentation levels: a plan draws each image's changes from the seed, within their bounds.

Labels change with mirrored and turned images alone.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from hpsearch.testing.configs import changed, fields_of, numbers
from trainables.base.schema import Config
from trainables.data.augmentation import AugmentationConfig
from trainables.data.augmentation.plan import (
    NEUTRAL,
    OPERATIONS,
    PLACES,
    REFERENCE_PX,
    AugmentationPlan,
    Parameters,
)
from trainables.target import HeadPoseConfig

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
    "channel_contrast": (0, 2),
    "brightness_shift": (-1, 1),
    **dict.fromkeys(PLACES, (0, 1)),
}
"""What a parameter may be at all: least and greatest value."""


def _factors(config: AugmentationConfig, key: str) -> bool:
    return isinstance(getattr(config, key), tuple)


def off(config: AugmentationConfig) -> dict[str, object]:
    """Return the settings that turn every change off: 0, or 1 for factors."""
    return {key: (1,) if _factors(config, key) else 0.0 for key in fields_of(config)}


def on(config: AugmentationConfig, key: str) -> dict[str, object]:
    """Return the setting that makes one change strong."""
    most = {name: number.get("maximum", 0.9) for name, number, _ in numbers(type(cast(Config, config)))}
    return {key: (2, 5) if _factors(config, key) else min(0.9, most[key])}


def each_on(config: AugmentationConfig) -> dict[str, AugmentationConfig]:
    """Return the level with each change made strong, by the change's setting."""
    return {key: changed(config, **on(config, key)) for key in fields_of(config)}


def plan_of(config: AugmentationConfig) -> AugmentationPlan:
    """Return a level's plan."""
    plan = config.build()
    assert plan is not None, "what has settings makes a plan"
    return plan


def drawn(config: AugmentationConfig, seed: int = 0) -> Parameters:
    """Return the parameters of all images."""
    return plan_of(config).draw(COUNT, seed)


def different(one: Parameters, other: Parameters) -> set[str]:
    """Return the parameters in which two draws differ."""
    return {name for name in NEUTRAL if not np.array_equal(one[name], other[name])}


def poses(angles: int = 3) -> npt.NDArray[np.float64]:
    """Return a pose per image, short of the profile, where a pose has one name alone."""
    limits = (89.0, 179.0, 179.0)[:angles]
    made: npt.NDArray[np.float64] = np.random.default_rng(1).uniform(-1, 1, (COUNT, angles))
    return made * limits


def augmented_pose(pose_deg: npt.NDArray[Any], rows: Parameters) -> npt.NDArray[Any]:
    """Return the poses [N, A] of images after the changes of parameters."""
    target = HeadPoseConfig()
    built = target.build(target.labels[: pose_deg.shape[1]])
    return built.augmented(pose_deg, mirrored=rows["mirrored"] != 0, turn_deg=rows["turn_deg"])


class AugmentationContract:
    """What every level keeps; parametrise a subclass with `config`.

    Each setting is the strength of one change, whose value 0 (or `(1,)` for factors) turns it off.
    """

    def test_a_plan_is_made_of_known_operations_or_there_is_none(self, config: AugmentationConfig) -> None:
        plan = config.build()
        if plan is None:
            assert fields_of(config) == [], "what can be set has a plan"
        else:
            assert plan.operations <= OPERATIONS.keys()
            assert bool(plan.operations) == bool(config.changes)

    def test_it_names_the_changes_that_are_on(self, config: AugmentationConfig) -> None:
        silent = changed(config, **off(config))
        assert silent.changes == frozenset() and silent.turn_deg == 0
        for key in fields_of(config):
            assert changed(silent, **on(config, key)).changes == {key}

    def test_every_parameter_is_drawn_within_what_it_may_be(self, config: AugmentationConfig) -> None:
        for rows in map(drawn, each_on(config).values()):
            for parameter in NEUTRAL:
                low, high = RANGES[parameter]
                assert (low <= rows[parameter]).all() and (rows[parameter] <= high).all(), parameter

    def test_a_seed_gives_the_same_draw_and_another_seed_another(self, config: AugmentationConfig) -> None:
        for strong in each_on(config).values():
            assert different(drawn(strong, 3), drawn(strong, 3)) == set()
            assert different(drawn(strong, 3), drawn(strong, 4)) > set(PLACES)

    def test_with_everything_off_nothing_is_changed(self, config: AugmentationConfig) -> None:
        if not fields_of(config):
            assert config.build() is None
            return
        silent = changed(config, **off(config))
        assert plan_of(silent).operations == frozenset()
        for parameter, neutral in NEUTRAL.items():
            if parameter not in PLACES:  # a place matters only with a size
                assert (drawn(silent)[parameter] == np.float32(neutral)).all(), parameter

    def test_one_setting_turns_one_operation_on_and_leaves_the_other_draws_as_they_were(
        self, config: AugmentationConfig
    ) -> None:
        silent = changed(config, **off(config))
        for key, strong in each_on(config).items():
            alone = changed(silent, **on(config, key))
            (operation,) = plan_of(alone).operations
            here = set(OPERATIONS[operation])
            assert len(different(drawn(alone), drawn(silent)) & here) == 1
            assert different(drawn(strong), drawn(config)) <= here

    def test_labels_stay_as_they_are_without_mirror_and_turn(self, config: AugmentationConfig) -> None:
        for key, strong in each_on(config).items():
            if key not in ("mirror", "turn_deg"):
                for angles in (2, 3):
                    pose = poses(angles).astype(np.float32)
                    assert augmented_pose(pose, drawn(strong)).tobytes() == pose.tobytes()

    def test_a_mirrored_image_mirrored_again_has_its_pose(self, config: AugmentationConfig) -> None:
        if "mirror" in fields_of(config):
            rows = drawn(changed(config, mirror=0.5))
            for angles in (2, 3):
                once = augmented_pose(poses(angles), rows)
                np.testing.assert_array_equal((once != poses(angles)).any(axis=1), rows["mirrored"] == 1)
                np.testing.assert_array_equal(augmented_pose(once, rows), poses(angles))

    def test_an_image_turned_and_turned_back_has_its_pose(self, config: AugmentationConfig) -> None:
        if "turn_deg" in fields_of(config):
            rows = drawn(changed(config, turn_deg=45))
            back = rows.copy()
            back["turn_deg"] *= -1
            once = augmented_pose(poses(), rows)
            assert np.isfinite(once).all() and (np.abs(once - poses()).max(axis=1) > 1e-3).mean() > 0.99
            np.testing.assert_allclose(augmented_pose(once, back), poses(), atol=1e-4)

    def test_a_turn_needs_all_three_angles_or_no_label(self, config: AugmentationConfig) -> None:
        if "turn_deg" in fields_of(config):
            rows = drawn(changed(config, turn_deg=5))
            with pytest.raises(ValueError, match="roll"):
                augmented_pose(poses(2), rows)
