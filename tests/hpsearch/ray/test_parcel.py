"""Files as the text of a job's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpsearch.ray.parcel import LINE_BYTES, pack, unpack
from trainables.base.errors import InputError


@pytest.fixture
def parcel(tmp_path: Path) -> list[str]:
    (tmp_path / "best.pt").write_bytes(bytes(range(256)) * (LINE_BYTES // 128))
    (tmp_path / "empty.csv").write_bytes(b"")
    return list(pack([tmp_path / "best.pt", tmp_path / "empty.csv"]))


def test_every_byte_arrives(tmp_path: Path, parcel: list[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    files = unpack("\n".join(parcel) + "\n", out)
    assert [file.name for file in files] == ["best.pt", "empty.csv"]
    assert all(file.read_bytes() == (tmp_path / file.name).read_bytes() for file in files)


def test_a_parcel_that_is_cut_or_damaged_is_refused(tmp_path: Path, parcel: list[str]) -> None:
    with pytest.raises(InputError, match="cut short"):
        unpack("\n".join(parcel[:-1]), tmp_path)
    with pytest.raises(InputError, match=r"best\.pt came damaged"):
        unpack("\n".join([parcel[0], *parcel[2:]]), tmp_path)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", ".profile"])
def test_a_head_writes_no_file_elsewhere(tmp_path: Path, parcel: list[str], name: str) -> None:
    with pytest.raises(InputError, match="no plain name"):
        unpack("\n".join(parcel).replace("best.pt", name), tmp_path)
    assert not (tmp_path.parent / "evil").exists()
