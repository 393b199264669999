"""The report as one HTML page that loads no other file: typed values, laid out by the templates."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule
from jinja2.utils import htmlsafe_json_dumps

from hpsearch.report.charts.bundle import vega_script
from hpsearch.report.links import Link
from hpsearch.report.report import Report
from hpsearch.report.sections import SECTIONS, SectionKind
from hpsearch.report.sections.page_top import page_top
from hpsearch.results.formats import duration, number, percent, signed, signed_percent
from hpsearch.results.titles import ALONE
from hpsearch.study.records import StudyRecord
from trainables.base.errors import InputError

DIGITS = 12
"""Of a content hash: enough to distinguish two datasets."""

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Drawn:
    """A rendered section and the data of its charts; `fault` says why it could not be made."""

    html: TemplateModule
    specs: Mapping[str, str]
    """The specification of each chart as JSON, by its name."""
    records: tuple[str, ...]
    """The trials that linked charts share, as JSON."""
    fault: str = ""


@dataclass(frozen=True)
class Page:
    """What the page shows, from top to bottom."""

    name: str
    top: TemplateModule
    renews_s: int | None
    """After how many seconds a browser reads the page again; None: never."""
    sections: tuple[TemplateModule, ...]
    provenance: tuple[str, ...]


@dataclass(frozen=True)
class Rendered:
    """The page as HTML, and a sentence for each section that could not be made."""

    html: str
    faults: tuple[str, ...]


def render(
    report: Report,
    sections: Iterable[SectionKind] = SECTIONS,
    links: Sequence[Link] = (),
    renews_s: int | None = None,
) -> Rendered:
    """Return the page. A section that fails says so in its place and hides no other."""
    engine = environment()
    kinds = (SectionKind("Summary", "top", lambda report: page_top(report, links, renews_s)), *sections)
    drawn = [found for kind in kinds if (found := _drawn(kind, report, engine))]
    top, *others = (one.html for one in drawn)  # of every study
    page = Page(report.study.name, top, renews_s, tuple(others), _provenance(report.study))
    specs = {name: spec for one in drawn for name, spec in one.specs.items()}
    html = engine.get_template("page.html.j2").render(
        page=page,
        trials=[record for one in drawn for record in one.records],
        unit=report.study.objective.unit.sign,
        specs=specs,
        vega_script=vega_script() if specs else "",
    )
    return Rendered(html, tuple(one.fault for one in drawn if one.fault))


def _drawn(kind: SectionKind, report: Report, engine: Environment) -> Drawn | None:
    """Return a section; None where there is nothing to show."""
    try:
        section = kind.build(report)
        if not section:
            return None
        template = engine.get_template(f"{kind.template}.html.j2")
        html = template.make_module({"section": section, "study": report.study.name})
        specs = {chart.name: _json(chart.spec) for chart in getattr(section, "charts", ())}
        return Drawn(html, specs, tuple(map(_json, getattr(section, "records", ()))))
    except Exception as error:  # noqa: BLE001  (a bug in one section must not cost the page)
        reason = reason_of(error)
    failed = engine.get_template("failed.html.j2").make_module({"title": kind.title, "reason": reason})
    return Drawn(failed, {}, (), f"{kind.title}: {reason}")


def _json(value: Any) -> str:
    """Return a value as JSON for the page. Raises for one that no browser could read, such as NaN."""
    return htmlsafe_json_dumps(value, separators=(",", ":"), allow_nan=False)


def reason_of(error: Exception) -> str:
    """Return why a part of a report could not be made, to those who read the report."""
    if isinstance(error, InputError):
        return str(error)
    return f"{type(error).__name__}: {error} ({_place(error)}). This is a bug in hpsearch."


def _place(error: Exception) -> str:
    """Return where in our own code an error was raised: file and line."""
    frames = traceback.extract_tb(error.__traceback__)
    last = [frame for frame in frames if PACKAGE in Path(frame.filename).parents][-1]
    return f"{Path(last.filename).relative_to(PACKAGE.parent)}, line {last.lineno}"


def environment() -> Environment:
    """Return the template engine: every value is escaped but SVG, and a missing one is an error."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["ALONE"] = ALONE
    for filter_ in (number, percent, signed, signed_percent, duration, breakable):
        made.filters[filter_.__name__] = filter_
    return made


def breakable(name: str) -> list[str]:
    """Return the parts of a name between which a line may break: behind each dot and underscore."""
    return re.findall(r"[^._]*[._]|[^._]+", name)


def _provenance(study: StudyRecord) -> tuple[str, ...]:
    """Return the parts of the page's last line: version, day, datasets and what the intervals are."""
    parts = [
        f"hpsearch {study.provenance.code_version}",
        *dict.fromkeys(study.provenance.plugin_texts.values()),
    ]
    if study.trials:
        last_s = max(trial.ended_s or trial.started_s for trial in study.trials)
        parts.append(f"last trial {time.strftime('%Y-%m-%d', time.gmtime(last_s))}")
    found = {role: text.partition(" @ ") for role, text in study.provenance.datasets.items()}
    parts.append("; ".join(f"{role} {name} @ {digest[:DIGITS]}" for role, (name, _, digest) in found.items()))
    return (*parts, "intervals: Student's t over seeds")
