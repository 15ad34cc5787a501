"""Connections that are held rather than used, and sockets that say anything."""

import json
import random
from contextlib import suppress

import anyio
import websockets
from anyio.abc import SocketStream
from tests.support.served import TOKEN
from tests.support.wire import Reply, Wire
from tests.trials.hostility.sending import (
    WRONG,
    Attack,
    any_value,
    request,
    request_headers,
    right_message,
)

MOST_HELD = 2_000
"""Connections that are left half-open at a time."""
_HELD: list[SocketStream] = []


async def _half_open(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Connections whose request is never whole; all of them are kept as long as the server keeps them."""
    stream = await anyio.connect_tcp("127.0.0.1", port)
    _HELD.append(stream)
    if len(_HELD) > MOST_HELD:
        await _HELD.pop(0).aclose()
    unfinished = chance.choice(
        [
            b"",
            b"GET",
            b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ",
            b"POST / HTTP/1.1\r\ncontent-length: 99\r\n\r\n",
        ]
    )
    with suppress(anyio.BrokenResourceError):
        await stream.send(unfinished)
    return Reply(0, b"", b"")


async def _unread(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Many answers that are asked for and never read."""
    with suppress(OSError, anyio.BrokenResourceError):
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            body = json.dumps(right_message(chance)).encode()
            one = request("POST", f"/episodes/{victims[0]}/mcp", request_headers(port, len(body)), body)
            with anyio.move_on_after(0.05):
                await stream.send(one * 20)
    return Reply(0, b"", b"")


async def _hang_up(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """A client that is gone before its answer, or before its request is whole."""
    body = json.dumps(right_message(chance)).encode()
    one = request("POST", f"/episodes/{victims[0]}/mcp", request_headers(port, len(body)), body)
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        with suppress(anyio.BrokenResourceError):
            await stream.send(one[: chance.randrange(1, len(one) + 1)])
    return Reply(0, b"", b"")


async def _frames(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """A socket of OpenEnv's with the token, on which nothing is right."""
    url = f"ws://127.0.0.1:{port}/environments/library/openenv/ws"
    credential = {"Authorization": f"Bearer {TOKEN}"}
    async with websockets.connect(url, additional_headers=credential, max_size=None, open_timeout=60) as socket:
        kind = chance.choice(["reset", "step", "state", "mcp", "close", "no such", 5])
        frame: object = {"type": kind, "data": any_value(chance)}
        sent = chance.choice([json.dumps(frame), json.dumps(any_value(chance)), "{", "[" * 9_000, b"\xff\x00"])
        await socket.send(sent)
        with suppress(websockets.ConnectionClosed):
            answer = json.loads(await socket.recv())
            if answer.get("type") not in ("error", "observation", "state", "mcp"):
                return Reply(WRONG, b"", f"an answer of type {answer.get('type')!r}".encode())
    return Reply(0, b"", b"")


async def _sockets_of_strangers(wire: Wire, chance: random.Random, victims: list[str], port: int) -> Reply:
    """Without the token, of another origin, or for another host."""
    url = f"ws://127.0.0.1:{port}/environments/library/openenv/ws"
    wrong = chance.choice(
        [
            {"Authorization": chance.choice(["", f"Bearer {TOKEN}x", TOKEN])},
            {"Authorization": f"Bearer {TOKEN}", "Origin": chance.choice(["http://evil.example", "null"])},
            {"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"},
        ]
    )
    try:
        async with websockets.connect(url, additional_headers=wrong, open_timeout=60):
            return Reply(WRONG, b"", f"a socket was opened with {sorted(wrong)}".encode())
    except websockets.InvalidStatus as refused:
        return Reply(refused.response.status_code, b"", b"")
    except websockets.InvalidHandshake:
        return Reply(0, b"", b"")


async def let_go() -> None:
    """Close what is held."""
    while _HELD:
        await anyio.aclose_forcefully(_HELD.pop())


CONNECTIONS: dict[str, Attack] = {
    "half_open": _half_open,
    "unread": _unread,
    "hang_up": _hang_up,
    "frames": _frames,
    "sockets_of_strangers": _sockets_of_strangers,
}
