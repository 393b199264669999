"""Records as CSV, read back by the standard library."""

from __future__ import annotations

import csv
import io

from hpsearch.results.csv_table import csv_table


def test_columns_are_the_keys_of_all_records_and_what_is_missing_is_empty() -> None:
    text = csv_table([{"a": 1, "b": 'two, "2"'}, {"a": 0.1, "c": None}])
    assert "\r" not in text
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"a": "1", "b": 'two, "2"', "c": ""},
        {"a": "0.1", "b": "", "c": ""},
    ]


def test_neither_names_nor_values_are_formulas() -> None:
    text = csv_table([{"params.=1+1": "=cmd|' /C calc'!A0", "@x": -1.5}])
    assert list(csv.reader(io.StringIO(text))) == [
        ["params.=1+1", "'@x"],
        ["'=cmd|' /C calc'!A0", "-1.5"],
    ]


def test_no_records_are_an_empty_table() -> None:
    assert csv_table([]).strip() == ""
