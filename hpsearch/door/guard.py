"""`Guard`: stands before a WSGI application; a signed-in user gets the routes that are served."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from hpsearch.door.secret import Secret

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

SIGN_IN = "/sign-in"
TOKEN = "token"  # noqa: S105  the name of a field
COOKIE_S = 30 * 24 * 3600
"""How long a browser keeps its cookie; the secret in it ends with the server."""

MOST_FORM_BYTES = 4096

HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",  # a page of another port must not lay itself over this one
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}

PAGE = (
    "<!doctype html><meta charset=utf-8><title>hpsearch</title><body style='font:16px sans-serif;margin:4em'>"
)

ONWARD = PAGE + (
    "<script>location.replace({path!r} + location.hash)</script>"
    "<noscript><a href='{href}'>Go on</a></noscript>"
)
"""Leads on from the link. After a redirect the browser would not yet send a cookie of SameSite=Strict."""

CLOSED = PAGE + (
    "<p>{why}<p>Open the link that <code>hpsearch ui</code> has printed. It works once. For another browser, "
    "paste here what the file holds that it names:"
    "<form method=post action={action}><input name={token} type=password autocomplete=off size=50> "
    "<button>Sign in</button></form>"
)

Routes = Mapping[str, Iterable[str]]
"""What is served, and nothing else: by method, paths as Flask writes them, such as `/runs/<run_id>`."""


class Guard:
    """The application behind it gets a request where all of this holds; else the answer is the guard's.

    - Its `Host` is `allows`, which keeps out pages that reach this machine under a name of their own (DNS
      rebinding); its `Origin`, where it has one, is the same: pages of other ports are other people's.
    - It brings the secret (401). Without a `secret`, the application asks for users and passwords itself.
    - Its route is among `routes` (404).
    """

    def __init__(
        self, app: WSGIApplication, routes: Routes, secret: Secret | None, allows: Callable[[str], bool]
    ) -> None:
        self._app = app
        self._secret = secret
        self._allows = allows
        rules = [Rule(path, methods=[method]) for method, paths in routes.items() for path in paths]
        self._routes = Map(rules, strict_slashes=True, merge_slashes=False, redirect_defaults=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or hand it on."""
        request = Request(environ)
        request.max_content_length = MOST_FORM_BYTES  # of the form of the guard itself
        answer = self._answer(request)
        if answer is not None:
            answer.headers.setdefault("Cache-Control", "no-store")
        return (answer or self._app)(environ, _with_headers(start_response))

    def _answer(self, request: Request) -> Response | None:
        host = request.headers.get("Host", "")
        if not self._allows(host):
            return Response("this server does not have that host name", 403)
        if _is_foreign(request.headers, host):
            return Response("requested by a page of another server", 403)
        if self._secret is not None and (closed := self._unproven(request, self._secret)) is not None:
            return closed
        return None if self._is_served(request) else Response("not served here", 404)

    def _unproven(self, request: Request, secret: Secret) -> Response | None:
        """Return the answer to a request without the secret, or to one that signs in; None for the others."""
        if request.path == SIGN_IN and request.method == "POST":
            try:
                return _signed_in(request, secret, request.form.get(TOKEN, "").strip(), "/")
            except RequestEntityTooLarge:
                return Response("too long", 413)
        token = request.args.get(TOKEN) if request.method == "GET" else None
        if secret.is_proven(request.cookies, request.headers.get("Authorization", "")):
            return None if token is None else _onward(request.path)  # the link, opened again
        if token is not None:
            return _signed_in(request, secret, token, request.path)
        return _closed("Sign in to see this page.")

    def _is_served(self, request: Request) -> bool:
        try:
            self._routes.bind("").match(request.path, request.method)
        except HTTPException:  # no such route, another method, or a redirect to a nicer path
            return False
        return True


def loopback(host: str) -> bool:
    """Return whether a `Host` is this machine, on any port: a tunnel's other end may have another."""
    name, colon, port = host.rpartition(":")
    return (name in LOOPBACK and port.isascii() and port.isdigit()) if colon else host in LOOPBACK


def _is_foreign(headers: Headers, host: str) -> bool:
    """Return whether a page of another origin asks; browsers take two ports of one host for one site."""
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return True
    site, mode = headers.get("Sec-Fetch-Site"), headers.get("Sec-Fetch-Mode")
    return site in ("cross-site", "same-site") and mode != "navigate"


def _signed_in(request: Request, secret: Secret, token: str, path: str) -> Response:
    if not secret.opens(token):
        return _closed("This link has been used already, or is from an earlier start.")
    answer = _onward(path)
    answer.set_cookie(
        secret.cookie,
        secret.value,
        max_age=COOKIE_S,
        httponly=True,
        samesite="Strict",
        secure=request.headers.get("X-Forwarded-Proto") == "https",
    )
    return answer


def _onward(path: str) -> Response:
    plain = path if path.isascii() and all(char.isalnum() or char in "/-_." for char in path) else "/"
    local = "/" + plain.lstrip("/")  # two slashes would lead to another host
    return Response(ONWARD.format(path=local, href=html.escape(local)), mimetype="text/html")


def _closed(why: str) -> Response:
    return Response(
        CLOSED.format(why=html.escape(why), action=SIGN_IN, token=TOKEN), 401, mimetype="text/html"
    )


def _with_headers(start_response: StartResponse) -> StartResponse:
    def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
        there = {name.lower() for name, _ in headers}
        more = [(name, value) for name, value in HEADERS.items() if name.lower() not in there]
        return start_response(status, [*headers, *more], *error)

    return start
