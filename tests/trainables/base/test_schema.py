from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from trainables.base.schema import Config, Ints, Variant, config_in, faults_of, variant_of
from trainables.training.config import TrainConfig, parse_config


class Plain(Config):
    pass


class Inner(Config):
    depth: int = Field(2, ge=1)


class Sized(Config):
    size: int
    share: float = 0.5
    inner: Inner = Inner()


SHAPES: Mapping[str, type[Config]] = {"plain": Plain, "sized": Sized, "2": Inner}


class Drawing(Config):
    shape: Annotated[Any, Variant(SHAPES)] = Plain()
    other: Annotated[Any, Variant(SHAPES)] | None = None
    steps: Ints = ()
    threads: Annotated[int, Field(ge=1)] | Literal["auto"] = "auto"
    on: bool = True


def faults(tree: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Drawing.model_validate(tree)
    found = list(faults_of(caught.value, Drawing))
    assert all(fault.where == ".".join(map(str, path)) for path, fault in found)
    return {fault.where: fault.message for _, fault in found}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("plain", Plain()),
        ({"plain": None}, Plain()),
        ({"plain": {}}, Plain()),
        ("2", Inner()),
        (2, Inner()),  # as YAML reads the name without quotes
        ({"sized": {"size": 3, "inner": {"depth": 4}}}, Sized(size=3, inner=Inner(depth=4))),
    ],
)
def test_a_variant_is_a_name_or_a_name_with_settings(written: object, value: Config) -> None:
    drawing = Drawing.model_validate({"shape": written, "other": written})
    assert drawing.shape == drawing.other == value
    assert type(drawing.shape) is type(value)


def test_what_is_written_reads_back() -> None:
    drawing = Drawing(shape=Sized(size=3, inner=Inner(depth=5)), other=Inner(), steps=(1, 2), threads=4)
    written = drawing.model_dump(mode="json")
    assert written["shape"] == {"sized": {"size": 3, "share": 0.5, "inner": {"depth": 5}}}
    assert Drawing.model_validate(written) == drawing


def test_a_whole_training_config_reads_back() -> None:
    tree = {
        "data": {"train": {"dataset": {"rendered-heads": {"images": 500, "subjects": 50}}}, "image_px": 64},
        "augmentation": {"heavy": {"zoom": 0.1}},
        "pretext": {"puzzling_rotation": {"grid": 3, "branch": {"stride": 1}}},
        "optimizer": {"sgd": {"lr": 1}},
        "schedule": {"multi_step": {"epochs": [3, 6]}},
        "clip_norm": 5,
    }
    config = parse_config(tree)
    assert isinstance(config, TrainConfig)
    assert parse_config(config.model_dump(mode="json")) == config


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("plan", "'plan' is unknown (did you mean 'plain'? valid: 2, plain, sized)"),
        ({"plan": {}}, "'plan' is unknown (did you mean 'plain'? valid: 2, plain, sized)"),
        (None, "expected one name, got None"),
        ([], "expected one name, got []"),
        ({"plain": {}, "sized": {}}, "expected one name, got {'plain': {}, 'sized': {}}"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(shape: object, expected: str) -> None:
    assert faults({"shape": shape})["shape"].startswith(expected)


def test_every_fault_has_its_path() -> None:
    found = faults(
        {
            "shape": {"sized": {"share": "0.5", "inner": {"dept": 1, "depth": 0}}},
            "other": {"sized": {"size": True, "inner": 3}},
            "steps": [1, 2.5],
            "threads": "all",
            "on": 1,
            "shap": 1,
        }
    )
    assert found["shape.sized.size"] == "this key is required"
    assert found["shape.sized.share"].endswith("got '0.5' (text: write the number without quotes)")
    assert found["shape.sized.inner.dept"] == "unknown key (did you mean 'depth'? valid: depth)"
    assert found["shape.sized.inner.depth"] == "input should be greater than or equal to 1, got 0"
    assert found["other.sized.size"] == "input should be a valid integer, got True"
    assert found["other.sized.inner"] == "expected a mapping of settings, got 3"
    assert found["steps.1"].endswith("got 2.5")
    assert found["threads"].endswith("got 'all'")
    assert found["on"] == "input should be a valid boolean, got 1"
    assert found["shap"].startswith("unknown key (did you mean 'shape'?")


def test_an_unknown_key_of_a_dataset_recipe_names_the_recipes_own_keys() -> None:
    recipe = {"rendered-heads": {"imags": 3}}
    found = parse_config({"data": {"train": {"dataset": recipe}, "validation": {"dataset": recipe}}})
    assert isinstance(found, list)
    assert [path for path, _ in found] == [
        ("data", "train", "dataset", "rendered-heads", "imags"),
        ("data", "validation", "dataset", "rendered-heads", "imags"),
    ]
    assert all("did you mean 'images'?" in fault.message for _, fault in found)


def test_configs_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Drawing().on = False  # type: ignore[misc]


def test_tables_and_sections_are_found_inside_unions() -> None:
    fields = Drawing.model_fields
    assert [variant_of(field) is not None for field in fields.values()] == [True, True, False, False, False]
    assert config_in(tuple[Inner, ...] | None) is Inner
    assert config_in(int | str) is None
