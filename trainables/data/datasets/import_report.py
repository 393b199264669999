"""Progress and result of an import."""

from __future__ import annotations

from dataclasses import dataclass

from trainables.data.datasets.prepared import PreparedDataset


@dataclass(frozen=True)
class Progress:
    """The progress of an import: images done and in total, speed and remaining time."""

    done: int
    total: int
    rejected: int
    left_out: int
    images_per_s: float
    left_s: float


@dataclass(frozen=True)
class ImportReport:
    """The result of an import."""

    dataset: PreparedDataset
    rejected: int
    left_out: dict[str, int]  # rule -> images
    imported: int  # images read by this run; 0 where all had been imported
    seconds: float
    note: str = ""
    """What is to be known of these images beside their number."""

    @property
    def text(self) -> str:
        """The report in one paragraph."""
        card = self.dataset.card
        splits = ", ".join(f"{name} {count}" for name, count in card.splits.items())
        lines = [f"{self.dataset.folder}: {card.images} images of {card.subjects} subjects ({splits})"]
        lines += [f"{count} left out: {rule}" for rule, count in self.left_out.items()]
        if self.rejected:
            lines.append(f"{self.rejected} could not be read: {self.dataset.folder / 'rejects.csv'}")
        lines += card.details.get("notes", [])
        if not self.imported:
            lines.append("nothing to do: it was imported before")
        if self.note:
            lines.append(self.note)
        return "\n".join(lines)
