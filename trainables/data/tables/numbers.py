"""Numbers as people write them into tables."""

from __future__ import annotations

import re

DECIMAL_COMMA = re.compile(r"\s*[-+]?\d*,\d+\s*")


def number(text: str, *, decimal_comma: bool) -> float:
    """Return the number that a text is; a degree sign after it is left out.

    With `decimal_comma`, 0,94 is 0.94: only where thousands cannot be meant. Raises `ValueError` for no
    number; the message continues a sentence.
    """
    plain = text.strip().removesuffix("°").replace("\N{MINUS SIGN}", "-")
    if decimal_comma and DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        raise ValueError(f"{text!r} is not a number: write it as -12.5") from None
