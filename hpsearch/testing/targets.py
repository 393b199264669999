"""The contract of targets: labels and metrics whose names, units and titles tell them apart."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from trainables.model.heads import HEADS
from trainables.target import TargetConfig
from trainables.training.metric_names import VALIDATION, catalogue, objectives

Values = npt.NDArray[np.float32]


def drawn(config: TargetConfig, seed: int, count: int = 40) -> Values:
    """Return values of all labels [N, L], inside of what training takes."""
    ends = [label.low / 3 for label in config.labels], [label.high / 3 for label in config.labels]
    made: npt.NDArray[Any] = np.random.default_rng(seed).uniform(*ends, (count, len(config.labels)))
    return made.astype(np.float32)


class TargetContract:
    """What every target keeps; parametrise a subclass with `config`."""

    def test_labels_have_columns_of_their_own(self, config: TargetConfig) -> None:
        labels = config.labels
        assert labels and len({label.column for label in labels}) == len(labels)
        for label in labels:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", label.column), (
                "a column of Parquet files and part of YAML keys"
            )

    def test_metrics_have_names_and_titles_of_their_own(self, config: TargetConfig) -> None:
        metrics = config.metrics
        assert len({metric.name for metric in metrics}) == len(metrics)
        assert len({metric.title for metric in metrics}) == len(metrics)
        columns = [metric.column for metric in metrics if metric.column]
        assert len(set(columns)) == len(columns)
        for metric in metrics:
            assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name), "no group, and a name that MLflow takes"

    def test_the_main_metric_is_over_all_labels_and_images_and_has_a_column(
        self, config: TargetConfig
    ) -> None:
        main = config.metrics[0]
        assert main.column and not main.images and not main.of_best_epoch
        assert next(iter(objectives(config))) == f"{VALIDATION}/{main.name}"

    def test_a_metric_of_one_label_names_it_and_has_its_unit(self, config: TargetConfig) -> None:
        units = {label.name: label.unit for label in config.labels}
        for metric in config.metrics:
            if metric.label is not None:
                assert metric.unit == units[metric.label]

    def test_a_search_may_aim_at_every_metric(self, config: TargetConfig) -> None:
        known = objectives(config)
        assert catalogue(config, VALIDATION).items() <= known.items()
        for aim, metric in known.items():
            assert metric.name == aim and metric.title.startswith(VALIDATION)
            assert metric.cost(1.0) < metric.cost(2.0) or metric.direction.value == "maximize"

    def test_what_is_measured_is_in_the_catalogue_and_the_mean_of_its_images(
        self, config: TargetConfig
    ) -> None:
        built, one, other = config.build(config.labels), drawn(config, 0), drawn(config, 1)
        measured, of_images = built.measures(one, other), built.image_measures(one, other)
        metrics = {metric.name: metric for metric in config.metrics}
        assert built.main == config.metrics[0] and built.main.name in measured.keys() <= metrics.keys()
        assert of_images.keys() <= measured.keys()
        for metric, values in of_images.items():
            assert values.shape == (len(one),) and float(np.nanmean(values)) == pytest.approx(
                measured[metric]
            )
            assert metrics[metric].images or np.isfinite(values).all(), "NaN is for images out of a group"
        with pytest.raises(ValueError):
            built.measures(one[:, :0], other)

    def test_nothing_is_better_than_the_truth(self, config: TargetConfig) -> None:
        built, true, other = config.build(config.labels), drawn(config, 0), drawn(config, 1)
        best, found = built.measures(true, true), built.measures(other, true)
        for metric in config.metrics:
            if metric.name in best:
                assert metric.cost(best[metric.name]) <= metric.cost(found[metric.name])
        assert not built.apart(true, true).any() and (built.apart(true, other) > 0).all()

    def test_what_is_aligned_is_as_many_predictions_with_what_was_taken_from_them(
        self, config: TargetConfig
    ) -> None:
        built, one, other = config.build(config.labels), drawn(config, 0), drawn(config, 1)
        found = built.aligned(one, other, np.arange(len(one)) % 2 == 0)
        if found is not None:
            assert found.predicted.shape == one.shape and np.isfinite(found.predicted).all()
            assert re.fullmatch(r"[a-z][a-z0-9_]*", found.name), "a key of a JSON file"
            assert found.row and found.text and json.dumps(dict(found.record))

    def test_an_image_as_it_is_keeps_its_labels_and_one_mirrored_twice_has_them_again(
        self, config: TargetConfig
    ) -> None:
        built, values = config.build(config.labels), drawn(config, 0)
        plain, all_of_them = np.zeros(len(values), bool), np.ones(len(values), bool)
        still = np.zeros(len(values), np.float32)
        assert built.augmented(values, mirrored=plain, turn_deg=still).tobytes() == values.tobytes()
        once = built.augmented(values, mirrored=all_of_them, turn_deg=still)
        assert once.dtype == values.dtype
        np.testing.assert_array_equal(built.augmented(once, mirrored=all_of_them, turn_deg=still), values)

    def test_where_a_dataset_lacks_optional_labels_the_others_are_measured(
        self, config: TargetConfig
    ) -> None:
        labels = config.labels
        needed = [label for label in labels if not label.optional]
        assert needed == list(labels[: len(needed)]), "those that a dataset may lack stand last"
        few = config.build(labels).on_first(len(needed))
        values = drawn(config, 0)[:, : len(needed)]
        assert few.labels == tuple(needed) and few.main.name in few.measures(values, values)

    def test_what_is_drawn_has_a_legend_and_bands_are_of_a_label(self, config: TargetConfig) -> None:
        assert config.bands is None or config.bands.label in [label.name for label in config.labels]
        if config.legend:
            image = Image.new("RGB", (64, 64))
            config.build(config.labels).draw(image, [float(value) for value in drawn(config, 0)[0]])
            assert image.getcolors() != Image.new("RGB", (64, 64)).getcolors()

    def test_a_head_can_learn_it(self, config: TargetConfig) -> None:
        assert any(row().incompatibility(config.labels) is None for row in HEADS.values())
