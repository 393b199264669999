from __future__ import annotations

from pathlib import Path

import pytest

from hpsearch.reference.markdown import COMMAND, main, pages

DOCS = Path(__file__).parents[3] / "docs"


def test_the_pages_on_disk_are_those_the_code_gives() -> None:
    for name, text in pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"{name} is an older one; run: {COMMAND}"


def test_the_command_writes_the_pages_over_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    assert main([str(folder)]) == 0
    (folder / "keys.md").write_text("old", encoding="utf-8")
    assert main([str(folder)]) == 0
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == pages()


def test_without_a_folder_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert COMMAND in capsys.readouterr().err
