"""The command line: arguments into calls, results into text and exit statuses."""
