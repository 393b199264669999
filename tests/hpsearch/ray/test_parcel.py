"""Files as the text of a job's log."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from hpsearch.ray.parcel import LINE_BYTES, Parcel, pack
from trainables.base.errors import InputError


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    (tmp_path / "best.pt").write_bytes(bytes(range(256)) * (LINE_BYTES // 128))
    (tmp_path / "report.csv").write_bytes(b"")
    return list(pack([tmp_path / "best.pt", tmp_path / "report.csv"]))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def unpack(text: str, folder: Path) -> list[Path]:
    parcel = Parcel()
    parcel.add(text)
    return parcel.unpack(folder)


def test_every_byte_arrives(tmp_path: Path, lines: list[str], out: Path) -> None:
    files = unpack("\n".join(lines) + "\n", out)
    assert [file.name for file in files] == ["best.pt", "report.csv"]
    assert all(file.read_bytes() == (tmp_path / file.name).read_bytes() for file in files)


def test_a_parcel_that_is_cut_or_damaged_is_refused(lines: list[str], out: Path) -> None:
    with pytest.raises(InputError, match="cut short"):
        unpack("\n".join(lines[:-1]), out)
    for damaged in ([lines[0], *lines[2:]], [lines[0], "x", *lines[1:]], [lines[0], "é", *lines[2:]]):
        with pytest.raises(InputError, match=r"best\.pt arrived damaged"):
            unpack("\n".join(damaged), out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", ".profile", "conftest.py", "best.pth", "report.csv"]
)
def test_a_head_writes_the_files_of_results_and_no_other(lines: list[str], out: Path, name: str) -> None:
    """Also no plain name: `--out .` in a checkout would let it write programs; and none twice."""
    content = base64.b64encode(b"evil").decode()
    more = f"file {name} {hashlib.sha256(b'evil').hexdigest()}\n{content}"
    with pytest.raises(InputError, match="nothing was written"):
        unpack("\n".join([*lines[:-1], more, lines[-1]]), out)
    assert list(out.iterdir()) == []


def test_a_head_that_never_ends_is_stopped() -> None:
    parcel = Parcel(most_bytes=1 << 20)
    with pytest.raises(InputError, match="more than 1 MiB"):
        for _ in range(100):
            parcel.add("x" * (1 << 16))
