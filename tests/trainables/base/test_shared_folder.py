"""A folder that several machines share: what a machine that does not see it is told."""

from __future__ import annotations

import shutil
from pathlib import Path

from trainables.base.shared_folder import MARK, SharedFolder, shared


def test_who_sees_what_the_driver_wrote_has_the_folder_and_nothing_stays_in_it(tmp_path: Path) -> None:
    (tmp_path / f"{MARK}of-a-driver-that-was-killed").touch()
    with shared(tmp_path) as folder:
        assert folder.fault() is None
        assert [path.name for path in tmp_path.iterdir()] == [folder.mark]
    assert list(tmp_path.iterdir()) == []


def test_a_machine_without_the_folder_or_with_another_of_its_name_is_told_so(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with shared(root) as folder:
        root.rename(tmp_path / "elsewhere")
        assert f"it does not see {root}" in str(folder.fault())
        root.mkdir()
        assert "is another folder than the driver's" in str(folder.fault())
        shutil.rmtree(root)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    folder = Path("/proc/self")  # not even root writes there
    assert "cannot write below /proc/self" in str(SharedFolder(folder, "stat").fault())
