"""The example of a plug-in: pip installs it, its tests pass, a search uses and records what it adds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.launches import furnish, hpsearch_there

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "hpsearch-example-plugin"
ORIGIN = "hpsearch-example-plugin 0.1.0"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that pip has installed the package into, without the network."""
    folder = tmp_path_factory.mktemp("site")
    source = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("source") / "example")  # where pip builds
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", folder]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def path_with(installed: Path) -> str:
    return os.pathsep.join(map(str, (installed, ROOT)))


def run(installed: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run Python with this checkout and the installed package."""
    environment = {**os.environ, "PYTHONPATH": path_with(installed)}
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_its_rows_are_listed(installed: Path) -> None:
    listed = run(installed, "-m", "hpsearch", "plugins")
    assert listed.returncode == 0, listed.stdout
    rows = [line.split() for line in listed.stdout.splitlines()]
    assert [row[:4] for row in rows] == [
        ["backbones", "slim", *ORIGIN.split()],
        ["pretext", "flipping", *ORIGIN.split()],
    ]


@pytest.mark.slow
def test_its_own_tests_pass(installed: Path) -> None:
    options = ("-p", "no:cacheprovider", "--rootdir", EXAMPLE, "-k", "default")
    done = run(installed, "-m", "pytest", *options, EXAMPLE / "tests")
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed, \d+ deselected", done.stdout), done.stdout


@pytest.mark.slow
def test_a_search_uses_and_records_what_it_adds(installed: Path, tmp_path: Path, rendered: Path) -> None:
    root = furnish(tmp_path, rendered)
    launch = ("launch", EXAMPLE / "space.yaml", "--root", root, "--in-process")
    show = ("show", "--root", root, "--format", "json")
    launched, (_, shown) = hpsearch_there(launch, show, PYTHONPATH=path_with(installed))
    assert launched[0] == 0, launched[1]
    study = json.loads(shown)
    assert study["plugins"] == {"backbones slim": ORIGIN, "pretext flipping": ORIGIN}
    best = (root / "studies" / "example-plugin" / "best.yaml").read_text()
    assert "slim" in best


def test_without_the_package_a_study_of_it_says_what_is_missing(installed: Path, tmp_path: Path) -> None:
    refused = run(tmp_path, "-m", "hpsearch", "check", EXAMPLE / "space.yaml")
    assert refused.returncode == 2
    assert "'slim' is unknown" in refused.stderr and "'flipping' is unknown" in refused.stderr
