"""Tables as Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trainables.base.errors import Fault, InputError, why
from trainables.data.tables.table import Row

ROWS_AT_ONCE = 1024


class ParquetTable:
    """A Parquet file. Raises `InputError` where its columns cannot be read."""

    decimal_commas = False

    def __init__(self, file: Path) -> None:
        from pyarrow import parquet

        self.file = file
        try:
            self.columns = tuple(parquet.read_schema(file).names)
        except (OSError, ValueError) as error:  # pyarrow's own are among them
            raise InputError(Fault(f"this table cannot be read: {why(error)}", file=str(file))) from None

    def rows(self) -> Iterator[Row]:
        """Yield the rows."""
        from pyarrow import parquet

        with parquet.ParquetFile(self.file) as opened:
            for batch in opened.iter_batches(batch_size=ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    yield {name: str(value) for name, value in row.items() if value not in (None, "")}
