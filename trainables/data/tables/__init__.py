"""Tables of labels as people have them. One format, one file; one row here for each ending of a name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trainables.base.errors import Fault, InputError
from trainables.data.tables.delimited import DelimitedTable
from trainables.data.tables.json_lines import JsonLinesTable
from trainables.data.tables.parquet import ParquetTable
from trainables.data.tables.table import LabelTable

FORMATS: dict[str, Callable[[Path], LabelTable]] = {
    ".csv": DelimitedTable,
    ".tsv": DelimitedTable,
    ".parquet": ParquetTable,
    ".jsonl": JsonLinesTable,
}

DEFAULT_NAMES = tuple(f"labels{ending}" for ending in FORMATS)
"""What the table of a folder is called, unless it is named itself."""


def open_table(path: Path) -> LabelTable:
    """Return the table at `path`: a file, or a folder that holds one of `DEFAULT_NAMES`.

    Raises `InputError` where there is none or more than one, and where its heading cannot be read.
    """
    files = [path] if path.is_file() else [path / name for name in DEFAULT_NAMES if (path / name).is_file()]
    if len(files) > 1:
        names = " and ".join(file.name for file in files)
        raise InputError(Fault(f"this folder holds {names}: name the one to read", file=str(path)))
    if not files or files[0].suffix.lower() not in FORMATS:
        *others, last = FORMATS
        rule = (
            f"expected a table that ends in {', '.join(others)} or {last} (spreadsheets save as .csv, JSON "
            f"as one object per line), or a folder with one of {', '.join(DEFAULT_NAMES)}"
        )
        raise InputError(Fault(rule, file=str(path)))
    return FORMATS[files[0].suffix.lower()](files[0])
