"""The secret of one start of a server: a link that works once turns into a browser's cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping

BYTES = 32
BEARER = "Bearer "


class Secret:
    """Random, made at each start. It is proven by a cookie, by a bearer token, or once by `link_token`.

    The loopback address keeps no user of a machine out: on a login node, everyone reaches every port.
    """

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(BYTES)
        self.link_token = secrets.token_urlsafe(BYTES)
        self.cookie = f"hpsearch-{hashlib.sha256(self.value.encode()).hexdigest()[:12]}"
        """The cookie's name, one of its own for each start: browsers do not tell a host's ports apart."""
        self._unused = True
        self._lock = threading.Lock()

    def is_proven(self, cookies: Mapping[str, str], authorization: str) -> bool:
        """Return whether a request brings the secret: as its cookie, or as `Authorization: Bearer SECRET`."""
        bearer = authorization.removeprefix(BEARER) if authorization.startswith(BEARER) else ""
        return _equal(cookies.get(self.cookie, ""), self.value) | _equal(bearer, self.value)

    def opens(self, token: str) -> bool:
        """Return whether a token signs a browser in: the link's, the first time, or the secret itself."""
        if _equal(token, self.value):
            return True
        with self._lock:
            if not (self._unused and _equal(token, self.link_token)):
                return False
            self._unused = False
            return True


def _equal(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing of how much is right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
