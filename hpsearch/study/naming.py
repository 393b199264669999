"""How a trial's design is named, the same in the live table, the leaderboard and MLflow."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from hpsearch.study.records import TrialRecord
from hpsearch.study.shared_paths import variant_at
from trainables.base.schema import Config


def short_names(trials: Iterable[TrialRecord]) -> dict[str, str]:
    """Return a short name for the shared path of each searched value: the pretext task first, then `init`.

    It is the path's last part, or the whole path where two of them end alike.
    """
    seen = dict.fromkeys(path for trial in trials for path in trial.shared_params)
    paths = sorted(seen, key=lambda path: (not path.startswith("pretext"), not path.startswith("init")))
    times = Counter(map(_last, paths))
    return {path: _last(path) if times[_last(path)] == 1 else path for path in paths}


def design(trial: TrialRecord, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the searched values of a trial under their short names."""
    return {names[path]: value for path, value in trial.shared_params.items()}


def run_name(trial: TrialRecord, names: Mapping[str, str]) -> str:
    """Return the design at a glance, such as `07 puzzling grid=3 flag=3 ssl_weight=12`.

    The value of a choice between words needs no key beside it. A confirmation says what it repeats, as in
    `12 confirms 07 seed=1001 puzzling grid=3`.
    """
    parts = [f"{trial.number:02d}"]
    if trial.confirms is not None:
        parts.append(f"confirms {trial.confirms:02d} seed={trial.config.seed}")
    known = design(trial, names)
    for name, value in ((name, known[name]) for name in names.values() if name in known):
        text = shown(value)
        parts.append(text if isinstance(value, str) and not _is_number(text) else f"{name}={text}")
    return " ".join(parts)


def shown(value: object) -> str:
    """Return a value as text for people: three significant digits, YAML's words for the rest."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            return f"{value:.3g}"
        case _:
            return str(value)


class Row(NamedTuple):
    """One value of a config: its dotted path, the path without names of variants, and the value as text."""

    path: str
    shared: str
    text: str


def rows(config: Config, path: str = "", shared: str = "") -> Iterator[Row]:
    """Yield every value of a config.

    A variant is a row of its own (`pretext` = `puzzling`) and its settings follow below its name
    (`pretext.puzzling.grid` = `3`). Their shared path leaves that name out (`pretext.grid`), so that
    settings of the same meaning stand in one column.
    """
    return _rows(config, config.model_dump(mode="json"), path, shared)


def _rows(config: Config, plain: Mapping[str, Any], path: str, shared: str) -> Iterator[Row]:
    """Yield the rows of a config, whose values are those of `plain` as JSON has them."""
    for name in type(config).model_fields:
        value, variant = getattr(config, name), variant_at(type(config), name)
        if not isinstance(value, Config):
            yield Row(
                path + name, shared + name, value if isinstance(value, str) else json.dumps(plain[name])
            )
        elif variant is None:
            yield from _rows(value, plain[name], f"{path}{name}.", f"{shared}{name}.")
        else:
            chosen = variant.name_of(value)
            yield Row(path + name, shared + name, chosen)
            settings = {} if plain[name] == chosen else plain[name][chosen]
            yield from _rows(value, settings, f"{path}{name}.{chosen}.", f"{shared}{name}.")


def _last(path: str) -> str:
    return path.rpartition(".")[2]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
