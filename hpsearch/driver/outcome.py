"""What a launch leaves in the study's folder: leaderboard, report, and the winner's config and weights."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from hpsearch.report.files import write_report
from hpsearch.results.leaderboard import records, render
from hpsearch.study.records import StudyRecord
from hpsearch.study.spec import StudySpec
from hpsearch.study.store import SPACE
from trainables.base.errors import InputError
from trainables.training.checkpoints import BEST_WEIGHTS

CONFIRMED = "confirmed"
"""What the leaderboard calls the mean over a trial's confirmations; the names of its interval begin so."""

BEST_CONFIG = "best.yaml"
"""The winner: the same file as the space, without holes."""


def summaries(record: StudyRecord) -> dict[int, dict[str, float]]:
    """Return what the confirmations of each trial say, by its number, under the leaderboard's names."""
    return {
        row["trial"]: {
            key: float(value) for key, value in row.items() if key.startswith(CONFIRMED) and value is not None
        }
        for row in records(record)
        if row[CONFIRMED] is not None
    }


def write_outcome(spec: StudySpec, record: StudyRecord, say: Callable[[str], None]) -> list[Path]:
    """Write the leaderboard, and the winner's config and weights; return the files. Say what is gone."""
    leaderboard = record.folder / "leaderboard.csv"
    leaderboard.write_text(render(record, "csv"), encoding="utf-8")
    files = [record.folder / SPACE, leaderboard]
    best = record.best
    if best is not None:
        config = record.folder / BEST_CONFIG
        with config.open("w", encoding="utf-8") as out:
            out.write(f"# Trial {best.number} of {record.name}: {record.objective} = {best.objective:.4f}\n")
            YAML().dump(spec.space.fill(best.params), out)
        files.append(config)
        weights = best.folder / BEST_WEIGHTS
        if weights.is_file():
            shutil.copyfile(weights, record.folder / BEST_WEIGHTS)
        else:
            (record.folder / BEST_WEIGHTS).unlink(missing_ok=True)  # those of another trial
            root = record.folder.parent.parent
            words = ["python", "-m", "trainables", config, "--root", root, "--weights", weights]
            say(
                f"the weights of the best trial, {best.number}, are gone: {weights}. Its config is whole; "
                f"to train it again: {shlex.join(map(str, words))}"
            )
    return files


def write_page(record: StudyRecord, say: Callable[[str], None]) -> list[Path]:
    """Write the report's page and return it; say why where a file that it shows is damaged."""
    try:
        return write_report(record)[:1]
    except InputError as error:
        say(f"no report was written: {error}")
        return []
