"""How a trial's design is named, the same in the live table, the leaderboard and MLflow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from hpsearch.records import TrialRecord
from trainables.schema import Config, variant_of


def short_names(trials: Iterable[TrialRecord]) -> dict[str, str]:
    """Return a short name for each dotted path that was searched, in the order the paths were first seen.

    A path is named by its last part where no trial holds two paths that end so. Hence the same setting of
    variants that exclude each other, such as the grid of two pretext tasks, shares one name and one column.
    Otherwise the first part is put before it, and where that is not enough the whole path stays.
    """
    designs = [tuple(trial.params) for trial in trials]
    named = {path: _last(path) for paths in designs for path in paths}
    for longer in (_first_and_last, str):
        counts = [Counter(named[path] for path in paths) for paths in designs]
        clashing = {name for count in counts for name, times in count.items() if times > 1}
        named = {path: longer(path) if name in clashing else name for path, name in named.items()}
    return named


def design(trial: TrialRecord, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the searched values of a trial under their short names."""
    return {names[path]: value for path, value in trial.params.items()}


def run_name(trial: TrialRecord, names: Mapping[str, str]) -> str:
    """Return the design at a glance, such as `07 puzzling grid=3 flag=3 ssl_weight=12`.

    The value of a choice between words needs no key beside it.
    """
    parts = [f"{trial.number:02d}"]
    for name, value in design(trial, names).items():
        text = shown(value)
        parts.append(text if isinstance(value, str) and not _is_number(text) else f"{name}={text}")
    return " ".join(parts)


def shown(value: object) -> str:
    """Return a value as a person reads it: three significant digits, YAML's words for the rest."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.3g}"
        case _:
            return str(value)


def flatten(config: Config, prefix: str = "") -> dict[str, str]:
    """Return every value of a config as text under its dotted path.

    A variant is a row of its own (`pretext` = `puzzling`) and its settings follow below its name
    (`pretext.puzzling.grid` = `3`).
    """
    rows: dict[str, str] = {}
    plain = config.model_dump(mode="json")
    for name, field in type(config).model_fields.items():
        value, path = getattr(config, name), prefix + name
        variant = variant_of(field)
        if not isinstance(value, Config):
            rows[path] = value if isinstance(value, str) else json.dumps(plain[name])
        elif variant is None:
            rows |= flatten(value, f"{path}.")
        else:
            row = variant.name_of(value)
            rows |= {path: row, **flatten(value, f"{path}.{row}.")}
    return rows


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _first_and_last(path: str) -> str:
    return f"{path.partition('.')[0]}.{_last(path)}"


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
