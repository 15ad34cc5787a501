"""Requests that never end: they are refused or hung up on, and cost nobody else anything."""

import resource
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import ByteStream, SocketAttribute
from tests.conftest import Serving
from tests.support.counters import counter_environment, open_trusted

from toolworld.ground import UsageError
from toolworld.server.http import bounded_protocol
from toolworld.server.http.bounded_protocol import MAX_HEAD_BYTES, BoundedHttpProtocol
from toolworld.server.http.connections import Connections, most_connections


@asynccontextmanager
async def running(serving: Serving) -> AsyncGenerator[str]:
    async with open_trusted([counter_environment()]) as episodes, serving(episodes) as url:
        yield url


async def connect(base: str) -> ByteStream:
    return await anyio.connect_tcp("127.0.0.1", int(base.rpartition(":")[2]))


async def everything(stream: ByteStream) -> bytes:
    received = b""
    with anyio.fail_after(10):
        try:
            while True:
                received += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return received


@pytest.mark.parametrize("piece", [b"x-a: " + b"a" * 1000 + b"\r\n", b"a" * 1000])
async def test_an_endless_header_is_refused_and_holds_nobody_up(serving: Serving, piece: bytes) -> None:
    async with running(serving) as base:
        stalled = 0

        async def attack() -> None:
            nonlocal stalled
            async with await connect(base) as stream:
                await stream.send(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx-long: ")
                try:
                    for _ in range(20_000):
                        await stream.send(piece)
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    stalled += 1

        async with anyio.create_task_group() as group, httpx.AsyncClient(base_url=base) as client:
            for _ in range(6):
                group.start_soon(attack)
            longest = 0.0
            for _ in range(30):
                began = time.monotonic()
                assert (await client.get("/healthz")).status_code == 200
                longest = max(longest, time.monotonic() - began)
            assert longest < 2
        assert stalled == 6


@pytest.mark.parametrize("headers", [1, 3_000])
async def test_a_large_head_is_answered_with_431(serving: Serving, headers: int) -> None:
    async with running(serving) as base:
        line = b"x-a: " + b"a" * (2 * MAX_HEAD_BYTES // headers) + b"\r\n"
        async with await connect(base) as stream:
            await stream.send(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n")
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                await stream.send(line * headers + b"\r\n")
            assert (await everything(stream)).startswith(b"HTTP/1.1 431 ") or headers == 3_000


async def test_a_head_just_under_the_limit_and_a_large_body_behind_it_are_served(serving: Serving) -> None:
    async with running(serving) as base:
        async with httpx.AsyncClient(base_url=base) as client:
            long = {"x-long": "a" * (MAX_HEAD_BYTES - 1_000)}
            assert (await client.get("/healthz", headers=long)).status_code == 200
            body = '{"environment": "counters", "seed": 1' + " " * 300_000 + "}"
            headers = {"content-type": "application/json"}
            for _ in range(3):
                assert (await client.post("/episodes", content=body, headers=headers)).status_code == 201


async def test_pipelined_requests_are_all_answered(serving: Serving) -> None:
    async with running(serving) as base:
        async with await connect(base) as stream:
            await stream.send(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" * 3)
            long = b"x-long: " + b"a" * 900
            await stream.send((b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n" + long + b"\r\n\r\n") * 200)
            await stream.send(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")
            assert (await everything(stream)).count(b"HTTP/1.1 200") == 204


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HT",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\n",
        b"POST /episodes HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 50\r\n\r\n{",
    ],
)
async def test_a_request_that_does_not_come_is_hung_up_on(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    async with running(serving) as base:
        monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS", 0.3)
        monkeypatch.setattr(bounded_protocol, "BODY_SECONDS", 0.3)
        async with await connect(base) as stream:
            if sent:
                await stream.send(sent)
            began = time.monotonic()
            await everything(stream)
            assert time.monotonic() - began < 5


async def test_an_answer_may_take_longer_than_a_request(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(serving) as base:
        monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS", 0.2)
        monkeypatch.setattr(bounded_protocol, "BODY_SECONDS", 0.2)
        async with httpx.AsyncClient(base_url=base) as client:
            assert (await client.get("/healthz")).status_code == 200
            await anyio.sleep(0.4)  # a connection between requests is kept as long as uvicorn keeps it
            assert (await client.get("/healthz")).status_code == 200


async def test_endless_trailers_are_hung_up_on(serving: Serving) -> None:
    async with running(serving) as base:
        async with await connect(base) as stream:
            head = b"POST /episodes HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
            await stream.send(head)
            sent = 0
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                for _ in range(2_000):
                    await stream.send(b"a: b\r\n" * 1_000)
                    sent += 1
            assert sent < 2_000


async def test_half_open_and_idle_connections_lock_nobody_out(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Connections(20)

    def protocol(**options: Any) -> BoundedHttpProtocol:
        return BoundedHttpProtocol(waiting=shared, **options)

    monkeypatch.setattr("tests.conftest.BoundedHttpProtocol", protocol)
    async with running(serving) as base, AsyncExitStack() as stack:
        head = b"POST /episodes HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n"
        unfinished = (b"", b"GET /healthz HT", head + b"{")
        opened = [await stack.enter_async_context(await connect(base)) for _ in range(15)]
        for number, stream in enumerate(opened):
            await stream.send(unfinished[number % 3])
        held = httpx.AsyncClient(base_url=base)
        await stack.enter_async_context(held)
        for _ in range(50):  # each on a connection of its own, and none is refused
            more = await stack.enter_async_context(await connect(base))
            await more.send(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
            with anyio.fail_after(5):
                assert (await more.receive()).startswith(b"HTTP/1.1 200")
        assert await everything(opened[0]) == b""  # it has waited longest
        assert (await held.get("/healthz")).status_code == 200


async def test_a_client_that_reads_nothing_is_let_go(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_protocol, "READ_SECONDS", 0.3)
    async with running(serving) as base:
        stream = await anyio.connect_tcp("127.0.0.1", int(base.rpartition(":")[2]))
        stream.extra(SocketAttribute.raw_socket).setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = b"GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        with anyio.fail_after(20), suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            while True:  # until the server hangs up
                await stream.send(request)
        await stream.aclose()


@pytest.mark.parametrize(("soft", "expected"), [(1024, 976), (49, 1), (200_000, 10_000)])
def test_the_limit_of_open_files_leaves_room_for_connections(
    monkeypatch: pytest.MonkeyPatch, soft: int, expected: int
) -> None:
    limit = soft

    def getrlimit(_: int) -> tuple[int, int]:
        return limit, limit

    def setrlimit(_: int, __: tuple[int, int]) -> None:
        pass

    monkeypatch.setattr(resource, "getrlimit", getrlimit)
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    assert most_connections() == expected
    limit = 40
    with pytest.raises(UsageError, match="ulimit -n"):
        most_connections()


@pytest.mark.parametrize("before", [b"", b"POST / HTTP/1.1\r\ncontent-length: 9000\r\n\r\n" + b"x" * 9000])
async def test_a_flood_of_pipelined_requests_holds_nobody_up(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    most = 0

    class Watched(BoundedHttpProtocol):
        def on_headers_complete(self) -> None:
            nonlocal most
            super().on_headers_complete()
            most = max(most, self._outstanding())

    monkeypatch.setattr("tests.conftest.BoundedHttpProtocol", Watched)
    async with running(serving) as base, httpx.AsyncClient(base_url=base, timeout=20) as honest:
        async with await connect(base) as stream, anyio.create_task_group() as tasks:

            async def flood() -> None:
                with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    await stream.send(before + b"GET / HTTP/1.1\r\n\r\n" * 40_000)

            tasks.start_soon(flood)
            await anyio.sleep(0.05)
            for _ in range(20):
                began = time.monotonic()
                assert (await honest.get("/healthz")).status_code == 200
                assert time.monotonic() - began < 2
            tasks.cancel_scope.cancel()
    assert 16 <= most < 300  # those of the piece in which the bound was reached
