"""The contract of targets: labels and metrics whose names, units and titles tell them apart."""

from __future__ import annotations

import re

import pytest

from trainables.target import TARGETS, TargetConfig
from trainables.training.metric_names import VALIDATION, catalogue, objectives

each_target = pytest.mark.parametrize("name", sorted(TARGETS))


def target(name: str) -> TargetConfig:
    return TARGETS[name]()


@each_target
def test_labels_have_columns_of_their_own(name: str) -> None:
    labels = target(name).labels
    assert labels and len({label.column for label in labels}) == len(labels)
    for label in labels:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", label.column), (
            "a column of Parquet files and part of YAML keys"
        )


@each_target
def test_metrics_have_names_and_titles_of_their_own(name: str) -> None:
    metrics = target(name).metrics
    assert (
        len({metric.name for metric in metrics}) == len({metric.title for metric in metrics}) == len(metrics)
    )
    columns = [metric.column for metric in metrics if metric.column]
    assert len(set(columns)) == len(columns)
    for metric in metrics:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", metric.name), "without a group, and a name that MLflow takes"


@each_target
def test_the_main_metric_is_over_all_labels_and_images_and_has_a_column(name: str) -> None:
    main = target(name).metrics[0]
    assert main.column and not main.images and not main.of_best_epoch
    assert next(iter(objectives(target(name)))) == f"{VALIDATION}/{main.name}"


@each_target
def test_a_metric_of_one_label_names_it_and_has_its_unit(name: str) -> None:
    units = {label.name: label.unit for label in target(name).labels}
    for metric in target(name).metrics:
        if metric.label is not None:
            assert metric.unit == units[metric.label]


@each_target
def test_a_search_may_aim_at_every_metric(name: str) -> None:
    known = objectives(target(name))
    assert catalogue(target(name), VALIDATION).items() <= known.items()
    for aim, metric in known.items():
        assert metric.name == aim and metric.title.startswith(VALIDATION)
        assert metric.cost(1.0) < metric.cost(2.0) or metric.direction.value == "maximize"
