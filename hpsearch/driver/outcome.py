"""What a launch leaves in the study's folder: leaderboard, report, and the winner's config and weights."""

from __future__ import annotations

import shlex
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from hpsearch.report.files import write_report
from hpsearch.results.kept_noise import keep_noise
from hpsearch.results.leaderboard import LEADERBOARD, records, render
from hpsearch.study.records import StudyRecord
from hpsearch.study.store import SPACE, keep_space, left
from hpsearch.study.trial_log import Log
from trainables.base.atomic import in_one_step, write_text
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


def write_outcome(record: StudyRecord, say: Callable[[str], None]) -> list[Path]:
    """Write the leaderboard, and the winner's config and weights; return the files. Say what is gone."""
    leaderboard = record.folder / LEADERBOARD
    write_text(render(record, "csv"), leaderboard)
    if not (record.folder / SPACE).is_file():  # removed: no command would find the study
        keep_space(record.spec, record.folder)
    files = [record.folder / SPACE, leaderboard]
    keep_noise(record)
    best = record.best
    if best is not None:
        config = record.folder / BEST_CONFIG
        with in_one_step(config, 0) as draft, draft.open("w", encoding="utf-8") as out:
            aim = record.objective.name
            out.write(f"# Trial {best.number} of {record.name}: {aim} = {best.objective:.4f}\n")
            YAML().dump(record.spec.fill(best.params), out)
        files.append(config)
        weights = best.folder / BEST_WEIGHTS
        size = weights.stat().st_size if weights.is_file() else 0
        if size:
            with in_one_step(record.folder / BEST_WEIGHTS, size) as draft:
                shutil.copyfile(weights, draft)
        else:
            (record.folder / BEST_WEIGHTS).unlink(missing_ok=True)  # those of another trial
            words = ["python", "-m", "trainables", config, "--root", record.root, "--weights", weights]
            what = "empty" if weights.is_file() else "gone"
            say(
                f"the weights of the best trial, {best.number}, are {what}: {weights}. Its config is intact; "
                f"to train it again: {shlex.join(map(str, words))}"
            )
    return files


def write_page(record: StudyRecord, say: Callable[[str], None]) -> list[Path]:
    """Write the report of a launch that ends and return it; say which parts could not be made.

    Whatever fails in it, the launch ends as it would have.
    """
    again = f"hpsearch report {record.name} writes it again"
    try:
        written = write_report(left(record), leaving=True)
    except InputError as error:
        say(f"no report was written: {error}")
        return []
    except Exception as error:  # noqa: BLE001  (a search has ended, and its results are worth more than a page)
        Log(record.folder).say(traceback.format_exc())
        say(f"no report was written, because of a bug in hpsearch ({error!r}); see the log: {again}")
        return []
    for fault in written.faults:
        say(f"the report lacks a part: {fault}")
    return written.files[:1]
