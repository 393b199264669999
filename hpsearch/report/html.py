"""HTML as text: elements, tables, and numbers as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from hpsearch.report import svg
from hpsearch.results.comparison import signed
from hpsearch.results.statistics import Interval


@dataclass(frozen=True)
class Cell:
    """A cell's content: text, or markup that is taken as it is; `number` sets it to the right."""

    text: str = ""
    number: bool = False
    markup: str = ""
    kind: str = ""

    def written(self, name: str) -> str:
        """Return the element."""
        kinds = " ".join(kind for kind in ("n" if self.number else "", self.kind) if kind)
        return element(name, self.markup or escape(self.text), kinds)


def element(name: str, content: str, kind: str = "") -> str:
    """Return an element around markup, with its CSS classes."""
    opened = f'{name} class="{kind}"' if kind else name
    return f"<{opened}>{content}</{name}>"


def table(
    heads: Sequence[Cell],
    rows: Sequence[tuple[str, Sequence[Cell]]],
    groups: Sequence[tuple[str, int]] = (),
) -> str:
    """Return a table; each row has a CSS class and its cells. `groups` are heads above that many columns."""
    head = "".join(cell.written("th") for cell in heads)
    if groups:
        above = "".join(
            f'<th class="group" colspan="{columns}">{escape(words)}</th>' for words, columns in groups
        )
        head = f"{above}</tr><tr>{head}"
    body = "".join(element("tr", "".join(cell.written("td") for cell in cells), kind) for kind, cells in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def degrees(value: float | None) -> str:
    """Return an error with two digits, nothing for None."""
    return "" if value is None else f"{value:.2f}"


def number(text: str) -> Cell:
    """Return a cell set to the right."""
    return Cell(text, number=True)


def difference(found: Interval | None) -> str:
    """Return a difference with its sign and, where there is one, its interval."""
    if found is None:
        return ""
    if found.half is None:
        return signed(found.mean)
    return f"{signed(found.mean)} [{signed(found.mean - found.half)}, {signed(found.mean + found.half)}]"


def whisker(found: Interval, scale: svg.Scale, marked: float | None, hint: str, colour: str) -> str:
    """Return a dot with its interval on a scale; `marked` is where the baseline lies."""
    parts = []
    if marked is not None:
        parts.append(svg.line((scale(marked), 0), (scale(marked), 18), "zero"))
    if found.half is not None:
        ends = scale(found.mean - found.half), scale(found.mean + found.half)
        parts.append(svg.line((ends[0], 9), (ends[1], 9), "whisker"))
        parts += [svg.line((end, 6), (end, 12), "whisker") for end in ends]
    parts.append(svg.dot((scale(found.mean), 9), 4, colour, hint))
    return svg.picture(190, 18, parts, hint)


def section(title: str, *parts: str) -> str:
    """Return a section of the page."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph."""
    return element("p", escape(text), kind)
