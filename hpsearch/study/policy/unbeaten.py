"""Which of a search's trials no other beats in all of their costs, kept up as trials end."""

from __future__ import annotations

Costs = tuple[float, ...]


class Unbeaten:
    """The front of the trials that were added: a sampler is shown all of it, however long the search."""

    def __init__(self) -> None:
        self._costs: dict[int, Costs] = {}

    def add(self, number: int, costs: Costs) -> None:
        """Add a trial that finished: smaller costs are better."""
        if any(no_worse(other, costs) for other in self._costs.values()):
            return
        self._costs = {known: other for known, other in self._costs.items() if not no_worse(costs, other)}
        self._costs[number] = costs

    @property
    def costs(self) -> dict[int, Costs]:
        """The costs of each trial of the front by its number."""
        return self._costs


def no_worse(one: Costs, other: Costs) -> bool:
    """Say whether costs are at most others in everything."""
    return all(mine <= its for mine, its in zip(one, other, strict=True))
