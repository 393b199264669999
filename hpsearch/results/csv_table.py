"""Records as a CSV table with a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any


def csv_table(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the table; its columns are the keys of all records, and a record without one leaves it empty."""
    out = io.StringIO()
    columns = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()
