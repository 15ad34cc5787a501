"""Host as RFC 3986 has it, and Origin as RFC 6454 has it."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from toolworld.server.security.origin import KnownHosts


async def status_of(
    *headers: tuple[str, str], names: tuple[str, ...] = ("sim.example.org",), any_host: bool = False
) -> int:
    """The status that a request with these headers gets; 200 where it is passed on."""
    statuses: list[int] = []

    async def passed(scope: Scope, receive: Receive, send: Send) -> None:
        statuses.append(200)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Any:
        raise AssertionError("nobody reads")

    raw = [(name.encode(), value.encode()) for name, value in headers]
    await KnownHosts(passed, ("sim.example.org",), any_host)(
        {"type": "http", "headers": raw, "method": "GET"}, receive, send
    )
    return statuses[0]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:80", "localhost:", "LOCALHOST:5", "[::1]:8", "[::1]", "sim.example.org:443"],
)
async def test_names_of_this_server_are_known(host: str) -> None:
    assert await status_of(("host", host)) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.com@127.0.0.1",
        "user:pw@localhost:80",
        "127.0.0.1@evil.com",
        "127.0.0.1/evil",
        "127.0.0.1#x",
        "127.0.0.1?x",
        "127.0.0.1:80:80",
        "127.0.0.1:http",
        "127.0.0.1, evil.com",
        "evil.com",
        "localhost.evil.com",
        "",
        "[::1",
        "::1",
        "0x7f.0.0.1",
        "127.1",
        "local host",
        "localhost\\",
    ],
)
async def test_what_a_careless_parser_takes_for_one_is_not(host: str) -> None:
    assert await status_of(("host", host)) == 421


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:8", "https://SIM.example.org"]
)
async def test_origins_of_this_machine_and_of_the_servers_names_are_allowed(origin: str) -> None:
    assert await status_of(("host", "127.0.0.1"), ("origin", origin)) == 200


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.com",
        "http://localhost@evil.com",
        "http://evil.com/localhost",
        "http://localhost/",
        "http://user@localhost",
        "file://localhost",
        "localhost",
        "http://localhost http://evil.com",
        "http:localhost",
    ],
)
async def test_other_origins_and_what_is_no_origin_are_refused(origin: str) -> None:
    assert await status_of(("host", "127.0.0.1"), ("origin", origin)) == 403
    assert await status_of(("host", "127.0.0.1"), ("origin", origin), any_host=True) == 403


async def test_a_second_host_or_origin_is_refused() -> None:
    assert await status_of(("host", "127.0.0.1"), ("host", "evil.com")) == 400
    assert await status_of(("host", "127.0.0.1"), ("origin", "http://localhost"), ("origin", "http://evil.com")) == 400


async def test_where_every_host_is_accepted_an_origin_has_to_be_the_hosts_own() -> None:
    assert await status_of(("host", "any.example"), any_host=True) == 200
    assert await status_of(("host", "any.example"), ("origin", "https://any.example"), any_host=True) == 200
    assert await status_of(("host", "any.example"), ("origin", "https://other.example"), any_host=True) == 403
