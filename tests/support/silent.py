"""A launch of which nothing is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from hpsearch.driver.screen import Show


class Silent:
    """A screen that shows nothing; see `hpsearch.driver.screen.Screen`."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def doing(self, what: str) -> None:
        """Show nothing."""

    def interrupted(self, why: str) -> None:
        """Say nothing."""

    def planned(self, spec: Any) -> None:
        """Show nothing."""

    def building(self, what: str) -> Any:
        """Show nothing."""
        return nullcontext(lambda done, total: None)

    @contextmanager
    def searching(self, spec: Any, resources: Any, concurrent: int) -> Iterator[Show]:
        """Show nothing."""
        yield lambda study, trial: None
