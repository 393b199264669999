"""Names that are safe as the name of a folder, such as those of datasets and studies."""

from __future__ import annotations

import re

FOLDER_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
"""One folder below another, never a path, never hidden; in ASCII, as every tool and file system takes it."""

FOLDER_NAME_RULE = "a letter or digit, then at most 63 letters, digits, '_', '.' or '-', all of them ASCII"
"""`FOLDER_NAME` in words, for messages."""
