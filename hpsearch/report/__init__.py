"""The report: the results of a study as one HTML page and as CSV files."""
