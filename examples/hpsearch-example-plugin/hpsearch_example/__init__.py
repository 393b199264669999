"""A backbone and a pretext task for hpsearch; `pyproject.toml` names them as entry points."""
