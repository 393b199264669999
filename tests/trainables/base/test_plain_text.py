from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.base.plain_text import csv_cell, markdown_text, terminal_text

PLAIN = "puzzling grid=3, ssl_weight 1e-3 (größer) 左"


def test_a_plain_text_is_kept_everywhere() -> None:
    assert terminal_text(PLAIN) == csv_cell(PLAIN) == markdown_text(PLAIN) == PLAIN
    assert terminal_text("two\nlines\tand a tab") == "two\nlines\tand a tab"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("over\rwritten\x08", "over\\x0dwritten\\x08"),
        ("\x9b31m", "\\x9b31m"),
        ("gnp.\u202eexe", "gnp.\\u202eexe"),
        ("bad\udcff", "bad\\udcff"),
    ],
)
def test_a_terminal_obeys_no_name(text: str, shown: str) -> None:
    assert terminal_text(text) == shown
    terminal_text(text).encode()


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A0", "+1+cmd", "-2+3", "@SUM(A1)", "-", "=1"])
def test_a_spreadsheet_calculates_no_name(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", [1, -1.5, None, True, "-1.5", "+3", "-1e-3", "a=b", "x-1"])
def test_numbers_and_other_texts_are_kept_in_a_table(value: object) -> None:
    assert csv_cell(value) == value


@given(st.text())
def test_no_text_begins_a_formula_or_has_a_control_character(text: str) -> None:
    cell = str(csv_cell(text))
    assert not cell.startswith(("=", "@", "\t", "\r"))
    out = io.StringIO()
    csv.writer(out).writerow((cell, "next"))
    assert out.getvalue().encode()
    assert next(csv.reader(io.StringIO(out.getvalue(), newline="")))[1] == "next"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", "a &#124; b"),
        ("<script>x</script>", "&#60;script&#62;x&#60;/script&#62;"),
        ("[here](javascript:x)", "&#91;here&#93;(javascript:x)"),
        ("![x](http://a/b.png)", "&#33;&#91;x&#93;(http&#58;&#47;&#47;a/b.png)"),
        ("**bold** _it_ `code`", "&#42;&#42;bold&#42;&#42; &#95;it&#95; &#96;code&#96;"),
        ("two\n# lines", "two # lines"),
        ("&lt;", "&#38;lt;"),
    ],
)
def test_markdown_shows_a_name_as_it_is(text: str, shown: str) -> None:
    assert markdown_text(text) == shown
