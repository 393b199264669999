"""A study and what the report's sections are made from, each computed when the first section asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hpsearch.report.paper.judging import Judgement, judge
from hpsearch.report.paper.repeats import PaperTable, tables_of
from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.comparison import Comparison, compare
from hpsearch.results.front import Front, front_of
from hpsearch.results.titles import names_of
from hpsearch.study.importance import importances
from hpsearch.study.records import StudyRecord


@dataclass(frozen=True)
class Report:
    """What is reported of a study, which may be running.

    Nothing is computed before it is asked for: what cannot be computed costs the sections that need it.
    """

    study: StudyRecord
    leaving: bool = False
    """Whether the launch that writes it ends now: the page is not that of a running study."""

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The designs with all their runs, best first."""
        return arms_of(self.study)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The short name of each arm, by its design."""
        return names_of(self.arms)

    @cached_property
    def comparison(self) -> Comparison:
        """The leader beside the baseline."""
        return compare(self.arms, self.study.equal_within)

    @cached_property
    def front(self) -> Front | None:
        """The designs that no other beats in all objectives; None where there is one objective."""
        return front_of(self.study, self.arms)

    @cached_property
    def tables(self) -> tuple[PaperTable, ...]:
        """The paper's tables that the study repeats rows of."""
        return tables_of(self.arms)

    @cached_property
    def claims(self) -> tuple[Judgement, ...]:
        """The paper's claims that the study can test."""
        return judge(self.tables)

    @cached_property
    def importances(self) -> Mapping[str, float]:
        """The share of each searched value in what distinguishes the best trials."""
        return importances(self.study)
