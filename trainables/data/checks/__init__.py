"""What an expert looks for in a dataset: one kind of fault, one file; one row here, as they are reported."""

from trainables.data.checks.angles import angles
from trainables.data.checks.appearance import appearance
from trainables.data.checks.copies import copies
from trainables.data.checks.counts import counts, finite, limits
from trainables.data.checks.crops import crops
from trainables.data.checks.finding import Check
from trainables.data.checks.images import images
from trainables.data.checks.imported import imported
from trainables.data.checks.near_copies import near_copies
from trainables.data.checks.subjects import subjects

CHECKS: tuple[Check, ...] = (
    counts,
    finite,
    limits,
    subjects,
    copies,
    images,
    near_copies,
    imported,
    angles,
    appearance,
    crops,
)
