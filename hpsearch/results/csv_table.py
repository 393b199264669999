"""Records as a CSV table with a header."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from trainables.base.plain_text import csv_cell


def csv_table(records: Sequence[Mapping[str, Any]]) -> str:
    """Return the table; its columns are the keys of all records, and a record without one leaves it empty.

    No cell is a formula to a spreadsheet that opens it.
    """
    out = io.StringIO()
    columns = list(dict.fromkeys(name for record in records for name in record))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(csv_cell, columns))
    writer.writerows([csv_cell(record.get(name)) for name in columns] for record in records)
    return out.getvalue()
