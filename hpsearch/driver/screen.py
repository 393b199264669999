"""What the user sees of a launch: the interface that the driver speaks to."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from hpsearch.study.records import StudyRecord, TrialRecord
from hpsearch.study.spec import StudySpec
from hpsearch.work.backend import Watcher
from hpsearch.work.resources import TrialResources
from trainables.training.training_data import Progress

Show = Callable[[StudyRecord, TrialRecord | None], None]
"""Shows a study in which a trial has changed; None: at the beginning."""


class Screen(Watcher, Protocol):
    """What the user sees of a launch."""

    def planned(self, spec: StudySpec) -> None:
        """Show what is searched, before anything of it is done."""
        ...

    def building(self, what: str) -> AbstractContextManager[Progress]:
        """Show how far the building of a dataset is."""
        ...

    def searching(
        self, spec: StudySpec, resources: TrialResources, concurrent: int
    ) -> AbstractContextManager[Show]:
        """Show the search; the function it gives is called with every change."""
        ...
