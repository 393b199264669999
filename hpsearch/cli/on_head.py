"""`python -m hpsearch.cli.on_head VERSION WORDS...`: runs a command on the head of a cluster, for a Ray Job.

The version is that of whoever sent it: what two versions mean by a search space may differ.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from hpsearch.cli.main import main
from hpsearch.ray.job_events import JobEvent, tell
from hpsearch.study.code_version import code_version
from trainables.base.atomic import write_text
from trainables.base.errors import InputError
from trainables.base.root import ROOT_VARIABLE, default_root

if TYPE_CHECKING:
    from hpsearch.study.records import StudyRecord

PACK = "pack"
"""The command that sends a study's results: `pack STUDY [--root DIR]`."""


def run(words: Sequence[str]) -> int:
    """Run the command after the version, and return its exit status."""
    sender, *command = words
    tell(JobEvent.ON_HEAD, version=code_version())
    if sender != version("hpsearch"):
        here = version("hpsearch")
        print(f"the head has hpsearch {here}, and this command came from {sender}: install the same")
        return 2
    if not any(word.partition("=")[0] == "--root" for word in command) and not default_root().is_absolute():
        print(f"give --root, a folder that all machines of the cluster see; {ROOT_VARIABLE} is not set there")
        return 2
    return _pack(command[1:]) if command[0] == PACK else main(command)


def _pack(words: Sequence[str]) -> int:
    """Write the report, and print the results of a study as a parcel."""
    from hpsearch.ray.parcel import pack
    from hpsearch.study.store import find_study

    try:
        study = find_study(Path(words[2]) if len(words) > 2 else default_root(), words[0])
    except InputError as error:
        print(*error.faults, sep="\n")
        return 2
    winner = [study.folder / name for name in ("best.yaml", "best.pt", "space.yaml")]
    with tempfile.TemporaryDirectory() as aside:
        try:
            written = _write(study, study.folder)
        except (InputError, OSError):  # the folder is another user's, or its disk is full
            written = _write(study, Path(aside))
        for line in pack(file for file in [*written, *winner] if file.is_file()):
            print(line)
    return 0


def _write(study: StudyRecord, folder: Path) -> list[Path]:
    """Write the report and the leaderboard of a study to a folder; return the files."""
    from hpsearch.report.files import write_report
    from hpsearch.results.leaderboard import LEADERBOARD, render

    report = write_report(study, None if folder == study.folder else folder).files
    leaderboard = folder / LEADERBOARD
    write_text(render(study, "csv"), leaderboard)
    return [*report, leaderboard]


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
