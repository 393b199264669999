import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from support.made_up import MadeUpConfig

from trainables.base.errors import InputError
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.import_report import ImportReport, Progress
from trainables.data.datasets.importing import import_dataset
from trainables.data.datasets.parts import CHUNK


def imported(tmp_path: Path, out: str = "out", **options: object) -> ImportReport:
    """Import made-up images with one worker."""
    given = {name: options.pop(name) for name in ("reject_limit", "progress", "timeout_s") if name in options}
    config = MadeUpConfig(**options)  # type: ignore[arg-type]
    return import_dataset("made-up", config, tmp_path, tmp_path / out, processes=1, **given)  # type: ignore[arg-type]


def reads(tmp_path: Path) -> Counter[str]:
    """Return how often each image was read so far."""
    log = tmp_path / "read.log"
    return Counter(log.read_text().split()) if log.exists() else Counter()


def test_rows_stand_in_the_order_of_the_listing_with_exact_angles(tmp_path: Path) -> None:
    seen: list[Progress] = []
    report = imported(tmp_path, count=CHUNK + 6, unwanted=(3, 4), progress=seen.append)
    table = report.dataset.labels()
    assert list(table["file"]) == [f"images/{n:05d}.jpg" for n in range(CHUNK + 6) if n not in (3, 4)]
    assert list(table["yaw_deg"]) == [n / 7 for n in range(CHUNK + 6) if n not in (3, 4)]
    assert "sha256" not in table
    assert report.left_out == {"made to be unwanted": 2}
    assert report.dataset.card.details["made"] == "up"
    assert report.dataset.card.details["left_out"] == {"made to be unwanted": 2}
    assert (seen[-1].done, seen[-1].total, seen[-1].left_out, seen[-1].left_s) == (CHUNK + 6, CHUNK + 6, 2, 0)
    assert seen[0].images_per_s > 0
    assert not (tmp_path / "out" / ".import").exists()
    assert check_dataset(tmp_path / "out").faults == ()


def test_importing_again_does_nothing_and_says_so(tmp_path: Path) -> None:
    first = imported(tmp_path)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*")}
    second = imported(tmp_path)
    assert "nothing to do" in second.text and "nothing to do" not in first.text
    assert (second.imported, first.imported) == (0, 10)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("*")} == before
    assert set(reads(tmp_path).values()) == {1}


def test_other_options_or_files_are_refused_with_what_differs(tmp_path: Path) -> None:
    imported(tmp_path)
    with pytest.raises(InputError, match=r"an import with other options \(jpeg_quality was 95, now 90\)"):
        imported(tmp_path, jpeg_quality=90)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("keep me")
    with pytest.raises(InputError, match="holds other files"):
        imported(tmp_path, out="notes")


def test_unreadable_images_are_set_aside_with_their_reason(tmp_path: Path) -> None:
    report = imported(tmp_path, count=200, broken=(7,), crashing=(150,))
    assert report.rejected == 2 and len(report.dataset.labels()) == 198
    with (tmp_path / "out" / "rejects.csv").open() as file:
        assert list(csv.reader(file)) == [
            ["file", "reason"],
            ["7.raw", "made to be broken"],
            ["150.raw", "its reader crashed (SIGSEGV)"],
        ]
    assert "2 could not be read" in report.text
    assert reads(tmp_path)["150"] == 2  # once more in a fresh process, in case it was not its fault


def test_above_one_percent_of_rejects_the_import_fails_and_can_be_allowed(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"3 of 200 images \(1\.5%\) cannot be read, at most 1% may.*rejects\.csv"
    ):
        imported(tmp_path, count=200, broken=(1, 2, 3))
    assert not (tmp_path / "out" / "dataset.json").exists()
    assert (tmp_path / "out" / "rejects.csv").read_text().count("made to be broken") == 3
    report = imported(tmp_path, count=200, broken=(1, 2, 3), reject_limit=0.02)
    assert len(report.dataset.labels()) == 197
    assert Counter(reads(tmp_path).values()) == {1: 200 - CHUNK, 2: CHUNK}  # the chunk with rejects again


def test_a_refused_import_goes_on_once_it_is_corrected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="every image is left out"):
        imported(tmp_path, count=10, unwanted=tuple(range(10)))
    report = imported(tmp_path, count=8, jpeg_quality=90)
    assert len(report.dataset.labels()) == 8 and len(list((tmp_path / "out" / "images").iterdir())) == 8
    assert check_dataset(tmp_path / "out").faults == ()


def test_a_hopeless_import_is_given_up_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainables.data.datasets.importing.ENOUGH_REJECTS", 100)
    with pytest.raises(InputError, match="128 of 500 images"):
        imported(tmp_path, count=500, broken=tuple(range(500)))
    assert len(reads(tmp_path)) < 500


def test_an_import_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no image to import"):
        imported(tmp_path, count=0)
    with pytest.raises(InputError, match=r"every image is left out .*2 by the rule: made to be unwanted"):
        imported(tmp_path, count=2, unwanted=(0, 1))


def test_angles_that_are_no_numbers_are_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from support.made_up import MadeUp

    from trainables.data.datasets.parts import ImportOne, Reject

    dataset = MadeUp(tmp_path, MadeUpConfig())
    item = next(iter(dataset.items()))
    labelled = dataset.read(item)
    monkeypatch.setattr(
        MadeUp, "read", lambda *_: labelled.__class__(**{**vars(labelled), "labels": (float("nan"), 0, 0)})
    )
    outcome = ImportOne(dataset, tmp_path, 16, 95)(item)
    assert isinstance(outcome, Reject) and "not finite" in outcome.reason


def test_a_disk_that_cannot_be_written_is_no_reject(tmp_path: Path) -> None:
    (tmp_path / "out" / ".import").mkdir(parents=True)
    (tmp_path / "out" / "images").write_text("a file where the folder must go")
    with pytest.raises(OSError, match="images"):
        imported(tmp_path)
    (tmp_path / "out" / "images").unlink()
    assert len(imported(tmp_path).dataset.labels()) == 10


COMMAND = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from support.made_up import MadeUpConfig
from trainables.data.datasets.importing import import_dataset

if __name__ == "__main__":
    raw = Path(sys.argv[1])
    import_dataset("made-up", MadeUpConfig(count=260, seconds=0.005), raw, raw / "out", processes=1)
"""


def test_a_killed_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    command = tmp_path / "command.py"
    command.write_text(COMMAND)
    here = Path(__file__).parent
    parts = tmp_path / "out" / ".import" / "parts"
    for wanted in (1, 3):
        environment = {**os.environ, "PYTHONPATH": str(here.parents[2])}
        running = subprocess.Popen([sys.executable, str(command), str(tmp_path), str(here)], env=environment)
        deadline = time.monotonic() + 60
        while len(list(parts.glob("*.json"))) < wanted and time.monotonic() < deadline:
            assert running.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        with pytest.raises(InputError, match="another process"):
            imported(tmp_path, count=260, seconds=0.005)
        running.send_signal(signal.SIGKILL)
        running.wait()
    report = imported(tmp_path, count=260, seconds=0.005)
    whole = imported(tmp_path, out="whole", count=260)
    assert report.dataset.card.content_hash == whole.dataset.card.content_hash
    assert report.imported <= 260 - 3 * CHUNK
    assert check_dataset(tmp_path / "out").faults == ()
    twice = [name for name, times in reads(tmp_path).items() if times > 2]
    assert len(twice) <= 2 * CHUNK  # each kill costs a worker at most its chunk


def test_the_card_can_be_read_as_text(tmp_path: Path) -> None:
    imported(tmp_path)
    card = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert card["details"]["options"]["image_px"] == 16
    assert card["convention"] == "none"
