from __future__ import annotations

from pathlib import Path

from hpsearch.reference.file_map import ROOT, WIDTH, render


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_files_come_before_folders_each_with_the_summary_of_its_docstring(tmp_path: Path) -> None:
    write(tmp_path / "hpsearch" / "__init__.py", '"""The search.\n\nMore of it."""\n')
    write(tmp_path / "hpsearch" / "z.py", '"""Ends with a\nsecond line: ä.\n\nDetails.\n"""\n')
    write(tmp_path / "hpsearch" / "a" / "__init__.py", '"""Begins."""\n')
    write(tmp_path / "hpsearch" / "a" / "b.py", "VALUE = 1\n")
    write(tmp_path / "hpsearch" / "no_package" / "c.py", '"""Is not listed."""\n')
    write(tmp_path / "trainables" / "__init__.py", '"""The trial."""\n')
    assert render(tmp_path).splitlines() == [
        "```text",
        f"{'hpsearch/':<{WIDTH}} The search",
        f"{'  z.py':<{WIDTH}} Ends with a second line: ä",
        f"{'  a/':<{WIDTH}} Begins",
        "    b.py",
        "",
        f"{'trainables/':<{WIDTH}} The trial",
        "```",
    ]


def test_every_module_has_one_line_that_says_what_it_is() -> None:
    lines = [line.split() for line in render().splitlines() if line and not line.startswith("```")]
    assert all(len(words) > 1 for words in lines)
    modules = [path for package in ("hpsearch", "trainables") for path in (ROOT / package).rglob("*.py")]
    names = [path.name if path.name != "__init__.py" else f"{path.parent.name}/" for path in modules]
    assert sorted(words[0] for words in lines) == sorted(names)
