"""The titles of arms, the same in every chart, table and sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hpsearch.results.arms import Arm
from hpsearch.study.naming import design, rows, short_names, shown
from trainables.pretext import members_of
from trainables.target import TargetConfig

ALONE = "supervised learning alone"
"""What helpers are compared with, in all words for people: designs without a pretext task.

A file sets it by `pretext: none`, so its value is `none` in titles and tables of values; the paper's own rows
call it SL. In code the one design that a helper is compared with is the baseline.
"""

VIEWS = {"shared": "", "split": " in split batches", "two": " in two views"}
"""How a sentence names the images that the pose is learned from."""

SEPARATOR = " · "
"""Between the values of a title."""

MOST_NUMBERS = 3
"""Trial numbers that a sentence lists."""


def guessing(target: TargetConfig) -> str:
    """Return what the training mean gives, in words: nothing was learned where that is no worse."""
    return f"always guessing {target.mean_name}"


def names_of(arms: Sequence[Arm]) -> dict[str, str]:
    """Return the short names of the searched values, the pretext task first, the seed left out."""
    names = short_names(trial for arm in arms for trial in arm.trials)
    order = sorted(names, key=lambda path: (not path.startswith("pretext"), path != "init"))
    return {path: names[path] for path in order if path != "seed"}


def values_of(arm: Arm, names: Mapping[str, str]) -> dict[str, str]:
    """Return an arm's searched values as text, under their short names."""
    known = design(arm.trials[0], {**names, "seed": "seed"})
    return {name: shown(known[name]) for name in names.values() if name in known}


def title(arm: Arm, names: Mapping[str, str]) -> str:
    """Return an arm in one line, such as `puzzling · grid 3` or `pretext none`: what a word alone says."""
    values = values_of(arm, names)
    parts = [value if _is_word(value) else f"{name} {value}" for name, value in values.items()]
    return SEPARATOR.join(parts) or "the one design"


def words_of(arm: Arm) -> str:
    """Return what an arm adds to supervised learning alone, as a sentence begins.

    `Puzzling in two views`, or of several helpers `Puzzling with equivariance`.
    """
    known = {row.shared: row.text for row in rows(arm.config)}
    task, view = known["pretext"], known.get("pretext.view", "")
    if arm.is_supervised_alone:
        return f"Supervised learning from {known['init']} weights"
    if helpers := members_of(arm.config.pretext):
        return " with ".join(helpers).capitalize()
    return task.capitalize() + VIEWS.get(view, f" in view {view}" if view else "")


def title_with_trials(arm: Arm, names: Mapping[str, str]) -> str:
    """Return an arm's title and the numbers of the search's own finished trials of it."""
    numbers = [str(trial.number) for trial, _ in arm.runs() if trial.confirms is None]
    listed = ", ".join(numbers[:MOST_NUMBERS]) + (", …" if len(numbers) > MOST_NUMBERS else "")
    trials = "trial" if len(numbers) == 1 else "trials"
    return f"{title(arm, names)} ({trials} {listed})" if numbers else title(arm, names)


def _is_word(text: str) -> bool:
    number = text.replace(".", "", 1).replace("e-", "", 1).isdigit()
    return not number and text not in ("none", "true", "false", "null")
