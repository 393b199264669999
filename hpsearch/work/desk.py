"""The desk between a source and a backend that runs several items in parallel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from hpsearch.work.items import NoWork, WorkItem, WorkSource
from trainables.base.errors import Fault


class Desk:
    """Hands out a source's items, `room()` of them at once, and keeps them by the id that a backend gives.

    What a worker could not run is taken back and handed out again, before anything new.
    """

    def __init__(self, source: WorkSource, room: Callable[[], int]) -> None:
        self._source, self._room = source, room
        self._items: dict[str, WorkItem] = {}
        self._under_way: set[str] = set()
        self._returned: list[WorkItem] = []
        self._times: Counter[int] = Counter()  # by the identity of an item, all of which are kept

    def next_item(self) -> WorkItem | NoWork:
        """Return what is to run next. While anything is under way, the source is never done."""
        if len(self._under_way) >= max(1, self._room()):
            return NoWork.WAIT
        if self._returned:
            return self._returned.pop(0)
        item = self._source.next_item()
        return NoWork.WAIT if item is NoWork.DONE and self._under_way else item

    def begin(self, key: str, item: WorkItem) -> None:
        """Note that an item is under way."""
        self._items[key] = item
        self._under_way.add(key)

    def of(self, key: str) -> WorkItem:
        """Return the item with that id, which may have ended."""
        return self._items[key]

    def ended(self, key: str) -> WorkItem:
        """Note that an item is no longer under way; return it."""
        self._under_way.discard(key)
        return self._items[key]

    def take_back(self, key: str) -> None:
        """Take an item back that its worker could not run, which is not the item's fault."""
        self._returned.append(self.ended(key))

    def take_back_again(self, key: str, times: int) -> bool:
        """Take an item back for what may have passed, so many times at most; return whether it was."""
        times_before = self._times[id(self._items[key])]
        self._times[id(self._items[key])] += 1
        if times_before < times:
            self.take_back(key)
        return times_before < times

    def input_lost(self, key: str, faults: Sequence[Fault]) -> None:
        """Give an item back to the source whose input a worker and this process both found bad."""
        self._source.input_lost(self.ended(key), faults)
