"""Lines with wrong values under right checksums: each is read, or answered with the line; no traceback."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import studies

from hpsearch.results.leaderboard import render
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.journal.lines import Checksum, Event, line_of
from hpsearch.study.opening import read_study
from hpsearch.study.records import LaunchRecord, Placement
from hpsearch.study.spec import StudySpec
from trainables.base.errors import InputError

HALVING = "{sampler: random, pruner: {successive_halving: {warmup_epochs: 2, reduction_factor: 2}}}"
WRONG: tuple[Any, ...] = (None, -1, 0, 10**30, 1.5, "x", "", [], {}, True, [1], {"a": 1}, float("nan"))
LINES = 200


def events(folder: Path, spec: StudySpec) -> list[Event]:
    """Return the events of a study with everything that a journal may hold."""
    study = studies.open_in(folder, spec)
    study.launched(LaunchRecord(5, None, None, 2, began_s=1.0))
    for _ in range(4):
        ask = study.ask()
        study.place(ask.number, Placement("host", "cpu", 1.0, 0.0))
        studies.train(study, ask)
    study.tested(0, {"test/held/mae_deg": 3.0})
    studies.train(study, study.ask_again(0, seed=7, plan=(2, 2)))
    studies.train(study, study.ask(), until=4)
    study.fail(study.ask().number, "for a reason")
    return [json.loads(line) for line in (folder / JOURNAL).read_text().splitlines()]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def damaged(value: Any, rng: random.Random) -> Any:
    """Return a copy in which one value, or one in a text that is JSON, is gone or another."""
    copy = json.loads(json.dumps(value))
    inside = list(places(copy))
    if not inside:
        return rng.choice(WRONG)
    *above, key = rng.choice(inside)
    holder = copy
    for step in above:
        holder = holder[step]
    match rng.randrange(3), holder[key]:
        case 0, _ if isinstance(holder, dict):
            del holder[key]
        case 1, str(text) if text.startswith("{"):
            holder[key] = json.dumps(damaged(json.loads(text), rng))
        case _:
            holder[key] = rng.choice(WRONG)
    return copy


def test_no_wrong_value_under_a_right_checksum_ends_in_a_traceback(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, HALVING)
    folder = tmp_path / spec.name
    whole, rng, said = events(folder, spec), random.Random(20), 0  # noqa: S311
    for event in whole:
        del event["check"]
    for _ in range(LINES):
        number = rng.randrange(len(whole))
        content, last = b"", Checksum()
        for event in (*whole[:number], damaged(whole[number], rng), *whole[number + 1 :]):
            line, last = line_of(event, last)
            content += line
        (folder / JOURNAL).write_bytes(content)
        try:
            render(read_study(folder, spec), "csv")
        except InputError as error:
            said += 1
            assert error.faults[0].file == str(folder / JOURNAL)
            for opened in (read_study, studies.open_in):
                try:
                    opened(folder, spec)
                except InputError as again:
                    assert again.faults == error.faults
            assert (folder / JOURNAL).read_bytes() == content
        else:
            study = studies.open_in(folder, spec)
            studies.train(study, study.ask())
    assert said > LINES // 4
