"""Texts that people chose, such as names of options, files and subjects, made harmless where they are shown.

One function for each place: a terminal, a CSV file that a spreadsheet opens, and Markdown. HTML is escaped by
its template engine.
"""

from __future__ import annotations

import re
import unicodedata

_UNSHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories of control and format characters (changes of the writing direction among them), of
surrogates, and of line separators."""

_FORMULA = ("=", "+", "-", "@")
"""What begins a formula in a spreadsheet."""

_MARKDOWN = re.compile(r"[&<>|\\`*\[\]!~]|(?<!\w)_|_(?!\w)|://|\s+")


def terminal_text(text: str) -> str:
    """Return a text whose control characters are written out (`\\x1b`), but for line ends and tabs."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(char) for char in text)


def csv_cell(value: object) -> object:
    """Return the value of a cell; a text that a spreadsheet would take as a formula has a quote before it.

    A number is kept as it is, also one that is written as a text. Control characters are written out.
    """
    if not isinstance(value, str):
        return value
    text = terminal_text(value).replace("\t", "\\t")
    return f"'{text}" if text.startswith(_FORMULA) and not _is_number(text) else text


def markdown_text(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line and inside a table too."""
    return _MARKDOWN.sub(_as_entities, terminal_text(text))


def _written_out(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _UNSHOWN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_entities(found: re.Match[str]) -> str:
    if found[0].isspace():
        return " "
    return "".join(f"&#{ord(char)};" for char in found[0])
