"""The door: a link that works once, a cookie, and nothing for those who have neither."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from werkzeug.test import Client

from hpsearch.door.guard import Guard, loopback
from hpsearch.door.secret import Secret

HOST = "127.0.0.1:5000"
URL = f"http://{HOST}"


def pages(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"the runs"]


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def guard(secret: Secret) -> Guard:
    return Guard(pages, {"GET": ["/", "/runs/<run>"], "POST": ["/runs/<run>"]}, secret, loopback)


def test_the_link_signs_a_browser_in_once_and_another_not(guard: Guard, secret: Secret) -> None:
    mine, other = Client(guard), Client(guard)
    link = f"/?token={secret.link_token}"
    assert mine.get("/", base_url=URL).status_code == 401
    first = mine.get(link, base_url=URL)
    assert first.status_code == 200 and b"location.replace('/'" in first.data
    [cookie] = first.headers.getlist("Set-Cookie")
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert secret.link_token not in cookie
    assert first.headers["Cache-Control"] == "no-store"
    assert mine.get("/", base_url=URL).data == b"the runs"
    assert b"the runs" not in mine.get(link, base_url=URL).data, "its token is taken out of the address"
    assert other.get(link, base_url=URL).status_code == 401, "the link was used"
    assert other.get("/", base_url=URL).status_code == 401


def test_the_secret_itself_signs_in_by_the_form(guard: Guard, secret: Secret) -> None:
    browser = Client(guard)
    wrong = browser.post("/sign-in", base_url=URL, data={"token": "guess"})
    assert wrong.status_code == 401 and "Set-Cookie" not in wrong.headers
    huge = browser.post("/sign-in", base_url=URL, data={"token": "x" * 100_000})
    assert huge.status_code == 413
    assert browser.post("/sign-in", base_url=URL, data={"token": secret.value}).status_code == 200
    assert browser.get("/runs/7", base_url=URL).data == b"the runs"


def test_a_page_of_another_port_cannot_sign_a_browser_in(guard: Guard, secret: Secret) -> None:
    headers = {"Origin": "http://127.0.0.1:6000"}
    answer = Client(guard).post("/sign-in", base_url=URL, data={"token": secret.value}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/other"),
        ("GET", "/runs/7/"),
        ("GET", "/runs/"),
        ("GET", "/runs//7"),
        ("GET", "/runs/7/8"),
        ("GET", "/./runs/7"),
        ("PUT", "/runs/7"),
        ("DELETE", "/"),
        ("OPTIONS", "/nowhere"),
        ("TRACE", "/"),
        ("X" * 300, "/"),
    ],
)
def test_only_routes_of_the_list_are_served(guard: Guard, secret: Secret, method: str, path: str) -> None:
    headers = {"Host": HOST, "Authorization": f"Bearer {secret.value}"}
    assert Client(guard).open(path, method=method, headers=headers).status_code == 404


@pytest.mark.parametrize("token", ["", "x", "é", "\udcff", "x" * 10_000])
def test_anything_else_proves_nothing(secret: Secret, token: str) -> None:
    assert not secret.opens(token)
    assert not secret.is_proven({secret.cookie: token}, f"Bearer {token}")
    assert not secret.is_proven({}, "")
    assert secret.opens(secret.link_token) and not secret.opens(secret.link_token)


def test_secrets_of_two_starts_are_two(secret: Secret) -> None:
    other = Secret()
    assert other.value != secret.value and other.cookie != secret.cookie
    assert len(secret.value) >= 43, "256 bits"


def test_every_answer_keeps_frames_and_other_pages_out(guard: Guard, secret: Secret) -> None:
    for headers in ({"Host": HOST}, {"Host": HOST, "Authorization": f"Bearer {secret.value}"}):
        answer = Client(guard).get("/", headers=headers)
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost:1", "[::1]:5000", "127.0.0.1:65535"])
def test_this_machine_has_several_names(host: str) -> None:
    assert loopback(host)


@pytest.mark.parametrize(
    "host", ["", "elsewhere", "localhost.elsewhere:80", "127.0.0.1:", "localhost:80x", "a@localhost", "::1"]
)
def test_other_names_are_others(host: str) -> None:
    assert not loopback(host)
