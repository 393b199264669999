from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trainables.base.package_digest import PackageDigest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a package that is found first, and forget it afterwards."""
    folder = tmp_path / "here" / "made_up_package"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("one = 1\n")
    monkeypatch.syspath_prepend(folder.parent)
    importlib.invalidate_caches()
    yield folder
    sys.modules.pop("made_up_package", None)


def test_changed_new_and_renamed_files_differ_and_what_python_wrote_itself_does_not(package: Path) -> None:
    driver = PackageDigest.of("made_up_package")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "x.pyc").touch()
    assert driver.difference(same_machine=True) is None
    digests = {driver.sha256}
    (package / "more.py").touch()
    digests.add(PackageDigest.of("made_up_package").sha256)
    (package / "more.py").rename(package / "other.py")
    digests.add(PackageDigest.of("made_up_package").sha256)
    (package / "__init__.py").write_text("one = 2\n")
    digests.add(PackageDigest.of("made_up_package").sha256)
    assert len(digests) == 4
    said = driver.difference(same_machine=True)
    assert said and said.startswith(f"it runs the code in {package.parent} (digest ")
    assert driver.sha256[:12] in said


def test_a_copy_elsewhere_is_the_same_code_on_another_machine_alone(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = PackageDigest.of("made_up_package")
    package.parent.rename(tmp_path / "there")
    assert driver.difference(same_machine=False) == "no package 'made_up_package' is found there"
    monkeypatch.syspath_prepend(tmp_path / "there")
    importlib.invalidate_caches()
    assert driver.difference(same_machine=False) is None
    assert str(tmp_path / "there") in str(driver.difference(same_machine=True))


def test_both_packages_are_found_where_they_stand() -> None:
    root = Path(__file__).parents[3]
    found = PackageDigest.of("hpsearch", "trainables")
    assert found.folders == (("hpsearch", root / "hpsearch"), ("trainables", root / "trainables"))
