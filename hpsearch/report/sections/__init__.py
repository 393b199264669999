"""The sections of the report, from top to bottom. A section is one file, one template and one row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hpsearch.report.paper.section import claims_section, table_section
from hpsearch.report.pruning import PruningStatistics, pruning_statistics
from hpsearch.report.report import Report
from hpsearch.report.sections.cost import cost_section
from hpsearch.report.sections.effort import effort_section
from hpsearch.report.sections.failures import failures_section
from hpsearch.report.sections.figures import figures_section
from hpsearch.report.sections.front import front_section
from hpsearch.report.sections.images import images_section
from hpsearch.report.sections.intervals import intervals_section
from hpsearch.report.sections.leaderboard import leaderboard_section
from hpsearch.report.sections.quality import quality_section
from hpsearch.report.sections.rivals import rivals_section
from hpsearch.report.sections.trials import trials_section
from hpsearch.study.folders import datasets_folder

__all__ = ["SECTIONS", "SectionKind"]


@dataclass(frozen=True)
class SectionKind:
    """A section of the page: its heading where it fails, its template, and what it makes of a report.

    `build` returns what the template shows as `section`, and None or nothing where there is nothing to show.
    A section with charts has them as `charts`.
    """

    title: str
    template: str
    build: Callable[[Report], object]


def _pruning(report: Report) -> PruningStatistics | None:
    found = pruning_statistics(report.study)
    return found if found.pruned else None


SECTIONS: tuple[SectionKind, ...] = (
    SectionKind(
        "Front",
        "front",
        lambda report: front_section(report.front, report.names, report.study.latency_machine),
    ),
    SectionKind("Helpers", "rivals", lambda report: rivals_section(report.comparison, report.names)),
    SectionKind("Intervals", "intervals", lambda report: intervals_section(report.comparison)),
    SectionKind(
        "Leaderboard",
        "leaderboard",
        lambda report: leaderboard_section(report.arms, report.names, report.comparison.baseline),
    ),
    SectionKind(
        "Quality",
        "quality",
        lambda report: quality_section(report.arms, report.names, report.comparison.baseline),
    ),
    SectionKind(
        "Images",
        "images",
        lambda report: images_section(report.study.best, datasets_folder(report.study.root)),
    ),
    SectionKind("Trials", "trials", lambda report: trials_section(report.study, report.importances)),
    SectionKind("Failed trials", "failures", lambda report: failures_section(report.study)),
    SectionKind(
        "Effort",
        "effort",
        lambda report: effort_section(report.study, report.arms, report.names, report.comparison),
    ),
    SectionKind("Cost", "cost", lambda report: cost_section(report.study, report.arms, report.names)),
    SectionKind("Pruning", "pruning", _pruning),
    SectionKind(
        "The paper's tables", "paper_tables", lambda report: tuple(map(table_section, report.tables))
    ),
    SectionKind("The paper's claims", "claims", lambda report: claims_section(report.tables, report.claims)),
    SectionKind(
        "Figures",
        "figures",
        lambda report: figures_section(report.arms, report.names, report.comparison.baseline, report.tables),
    ),
)
