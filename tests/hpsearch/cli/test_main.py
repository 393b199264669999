"""The command line: a root or output that cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import studies

from hpsearch.cli.main import main
from trainables.__main__ import main as train

SPACES = Path(__file__).parents[3] / "search_spaces"
SPACE = str(SPACES / "quickstart.yaml")
PLAIN = "data: {train: {dataset: rendered-heads}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with a study, beside a file where folders are asked for."""
    given = studies.spec(tmp_path / "root" / "studies" / "demo", "{name: demo}")
    study = studies.open_in(tmp_path / "root" / "studies" / "demo", given)
    studies.train(study, study.ask())
    (tmp_path / "file").write_text("mine")
    return tmp_path / "root"


@pytest.mark.parametrize(
    "words",
    [
        ["launch", SPACE, "--root", "file"],
        ["launch", SPACE, "--root", "file/below"],
        ["data", "build", "rendered-heads", "--root", "file/below"],
        ["data", "import", "folder", "file", "--out", "mine", "--root", "file"],
        ["report", "demo", "--root", "root", "--out", "file/below/report.html"],
    ],
    ids=" ".join,
)
def test_a_place_where_nothing_can_be_written_is_bad_input(
    root: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root.parent)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "file/" in said and "cannot create a folder here: Not a directory" in said, said
    assert Path("file").read_text() == "mine"


@pytest.mark.parametrize("option", ["--root", "--weights"])
def test_training_alone_looks_before_it_starts(
    tmp_path: Path, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("config.yaml").write_text(PLAIN)
    monkeypatch.setattr(sys, "argv", ["trainables", "config.yaml", option, "file/below/here"])
    assert train() == 2
    assert "file/below" in capsys.readouterr().err
    assert not list(tmp_path.rglob("dataset.json"))


def test_one_config_trains_below_the_root_of_the_search_and_on_at_least_one_thread(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("trainables.__main__._train", lambda file, root, *_: asked.append(root))
    monkeypatch.setenv("HPSEARCH_ROOT", "/shared/runs")
    monkeypatch.setattr(sys, "argv", ["trainables", "config.yaml"])
    assert train() == 0
    monkeypatch.setattr(sys, "argv", ["trainables", "config.yaml", "--root", "mine"])
    assert train() == 0
    assert asked == [Path("/shared/runs"), Path("mine")]
    for threads in ("0", "-1"):
        monkeypatch.setattr(sys, "argv", ["trainables", "config.yaml", "--threads", threads])
        with pytest.raises(SystemExit) as ended:
            train()
        assert ended.value.code == 2
        assert f"must be a whole number, at least 1, got '{threads}'" in capsys.readouterr().err


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_home_folder_that_no_shell_has_put_in_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    if how == "variable":
        monkeypatch.setenv("HPSEARCH_ROOT", "~/runs")
    assert main(["list", *(["--root=~/runs"] if how == "option" else [])]) == 0
    assert f"below {tmp_path}/runs" in capsys.readouterr().out
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize("how", [">&-", "2>&-", ">&- 2>&-", "PYTHONIOENCODING=ascii"])
def test_output_that_is_closed_or_knows_few_letters_ends_nothing(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "studies" / "demo"
    study = studies.open_in(folder, studies.spec(folder, "{name: demo, pruner: none}"))
    studies.train(study, study.ask())
    command = f"{sys.executable} -m hpsearch show demo --root {tmp_path}"
    shell = f"{how} {command}" if "=" in how else f"{command} {how}"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("error" in done.stdout) == (how in ("2>&-", "PYTHONIOENCODING=ascii"))
