from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.base.names import FOLDER_NAME


@pytest.mark.parametrize("name", ["biwi", "300w_lp.v2", "0", "a" * 64, "rendered-heads-0a1b2c"])
def test_a_plain_word_is_a_folder_name(name: str) -> None:
    assert FOLDER_NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../x",
        "/etc",
        "a/b",
        ".hidden",
        "-x",
        "a b",
        "a\n",
        "a" * 65,
        "run\u0661",
        "\u00e4",
        "a\u00e9",
    ],
)
def test_a_path_an_option_or_a_hidden_file_is_not(name: str) -> None:
    assert not FOLDER_NAME.fullmatch(name)


@given(st.from_regex(FOLDER_NAME, fullmatch=True))
def test_whatever_matches_is_one_visible_folder_below_another(name: str) -> None:
    path = Path("/root") / name
    assert path.parent == Path("/root") and path.name == name and name[0] not in ".-"
