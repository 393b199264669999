"""The token with which Ray asks who somebody is: what this machine shows to clusters, and asks of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # compiled

from trainables.base.errors import InputError

AUTH_MODE, AUTH_TOKEN, AUTH_TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"
"""Ray's own: `token` or `disabled`; the token; the file that holds it, else `~/.ray/auth_token`."""


def check_token(without_token: bool) -> None:
    """See that the environment does not switch tokens off. Raises `InputError` unless `without_token`."""
    mode = os.environ.get(AUTH_MODE, "token")
    if mode.lower() != "token" and not without_token:
        raise InputError(
            f"{AUTH_MODE} must be token, or not set: without one, anyone who reaches a port of Ray can run "
            f"code as you; got {mode!r}. If that is what you want, pass --without-token"
        )


@contextmanager
def authenticated(*, without_token: bool) -> Iterator[None]:
    """Show running clusters the token of this user in this block, or none with `without_token`.

    Raises `InputError` where the environment switches tokens off.
    """
    check_token(without_token)
    with environment(authentication("running", Path(), without_token)):
        yield


def authentication(address: str | None, scratch: Path, without_token: bool) -> dict[str, str | None]:
    """Return the environment in which Ray asks for a token and shows it: a local one has one of its own."""
    if without_token:
        return {AUTH_MODE: "disabled"}
    if address is not None:
        _close_token_file()
        return {AUTH_MODE: "token"}
    file = scratch / "token"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secrets.token_hex(32))
    return {AUTH_MODE: "token", AUTH_TOKEN: None, AUTH_TOKEN_PATH: str(file)}


def _close_token_file() -> None:
    """Keep other users from reading the token of the user's clusters, which Ray writes for all to read."""
    file = Path(os.environ.get(AUTH_TOKEN_PATH) or Path("~/.ray/auth_token").expanduser())
    if file.is_file() and file.stat().st_uid == os.getuid() and file.stat().st_mode & 0o077:
        file.chmod(0o600)


@contextmanager
def environment(values: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables that Ray and its processes read, or remove them (None), for this block."""
    before = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(before)


def _set(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    Config.initialize("")  # Ray has read both when it was imported
    AuthenticationTokenLoader.instance().reset_cache()
