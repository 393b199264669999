"""Studies in Python and in notebooks: as tables, as charts, and with their verdict."""
