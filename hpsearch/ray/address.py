"""The address of a cluster's head, for jobs: that of its dashboard."""

from __future__ import annotations

from urllib.parse import urlparse

from trainables.base.errors import InputError


def check_url(address: str) -> None:
    """Raise `InputError` for what is not the address of a head's dashboard."""
    parts = urlparse(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise InputError(f"--address must be that of the head's dashboard, http://HOST:8265; got {address!r}")
