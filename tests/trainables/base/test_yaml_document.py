from __future__ import annotations

import time
from pathlib import Path

import pytest

from trainables.base.errors import InputError
from trainables.base.yaml_document import load_yaml


def read(folder: Path, text: str) -> dict[str, object]:
    return dict(load_yaml(write(folder, text)).tree)


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("yes", "yes"),
        ("true", True),
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        ("'1e-3'", "1e-3"),
        ("010", 10),
        ("0x10", 16),
        ("12:30:00", "12:30:00"),
        ("~", None),
        ("", None),
        (".5", 0.5),
        ("'1'", "1"),
        ("&here true", True),
        ("[1, [true, x]]", [1, [True, "x"]]),
    ],
)
def test_values_follow_yaml_1_2(tmp_path: Path, written: str, value: object) -> None:
    found = read(tmp_path, f"key: {written}\n")["key"]
    assert found == value
    assert type(found) is type(value)


def test_an_alias_repeats_the_value_with_its_type(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x {on: true}\nb: *x\n") == {"a": {"on": True}, "b": {"on": True}}


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    text = "a:\n  b: 1\n\n  # a remark\n  c:\n    - x\n    - {d: 2,\n       e: 3}\n"
    document = load_yaml(write(tmp_path, text))
    wanted = {("a",): 1, ("a", "b"): 2, ("a", "c"): 5, ("a", "c", 0): 6, ("a", "c", 1): 7}
    wanted |= {("a", "c", 1, "d"): 7, ("a", "c", 1, "e"): 8}
    assert document.lines == wanted
    assert document.line(("a", "c", 1, "e", "unknown", 5)) == 8
    assert document.line(("unknown",)) is None


def test_every_doubled_key_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\na: 3\n1: x\n'1': y\n")
    assert [(f.where, f.line) for f in caught.value.faults] == [("b", 4), ("", 5), ("", 7)]
    assert "'c'" in caught.value.faults[0].message


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("x: 1\na: !!python/object/apply:os.system [ls]\n", 2, "tags are not used"),
        ("a: !mine {b: 1}\n", 1, "tags are not used"),
        ("x: 1\na: !mine b\n", 2, "could not determine a constructor"),
        ("x: 1\na: 2020-01-01\n", 2, "write '2020-01-01'"),
        ("a:\n  true: 1\n", 2, "keys are names, got 'true'"),
        ("a: 1\n? [b, c]\n: 1\n", 2, "keys are names, got a list"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "no merge keys"),
        ("a: [1\nb: 2\n", 2, "not YAML"),
        ("a:\n\tb: 1\n", 2, "not YAML"),
        ("a: 1\n---\nb: 1\n", 2, "not YAML"),
        ("a: *nowhere\n", 1, "undefined alias"),
        ("- a\n", None, "expected a mapping"),
        ("", None, "the file is empty"),
        ("a: &x {b: *x}\n", None, "nested more than"),
        ("a: " + "[" * 200 + "]" * 200, None, "nested more than"),
        ("a: \x01\n", None, "not YAML"),
        ("a: " + "9" * 5000, 1, "cannot be read"),
        ("a: 1\nb: -" + "9" * 400, 2, "a whole number lies between -9223372036854775807 and"),
        (
            "a: " + str(2**63),
            1,
            "a whole number lies between -9223372036854775807 and 9223372036854775807, got",
        ),
    ],
)
def test_what_is_no_plain_yaml_is_refused(tmp_path: Path, text: str, line: int | None, expected: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_yaml(path)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line) == (str(path), line)
    assert expected in fault.message


def test_an_alias_bomb_is_cut_off_at_once(tmp_path: Path) -> None:
    text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        text += f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]\n"
    began = time.monotonic()
    with pytest.raises(InputError, match="aliases included"):
        read(tmp_path, text)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: " + "x" * 90_000_000, "is larger than 1 MiB"),
        ("a: [" + "1," * 500_000 + "1]", "500000 lines and commas, more than 20000"),
        ("a:\n" + "- \n" * 300_000, "300001 lines and commas, more than 20000"),
    ],
    ids=("long", "dense", "lines"),
)
def test_a_file_too_large_to_be_settings_is_refused_before_it_is_parsed(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = write(tmp_path, text)
    began = time.monotonic()
    with pytest.raises(InputError, match=reason):
        load_yaml(path)
    assert time.monotonic() - began < 1


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.yaml: no such file"):
        load_yaml(tmp_path / "nothing.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        load_yaml(tmp_path)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: \xff\n")
    with pytest.raises(InputError, match="cannot be read"):
        load_yaml(latin)
