"""How hostile requests are made and sent, and what is expected of the answer."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.wire import MODERN, Reply, Wire, mcp_headers

Attack = Callable[[Wire, random.Random, list[str], int], Awaitable[Reply]]
"""Sends something hostile over a connection; it knows the episodes of the victims and the server's port."""
WRONG = 599
"""The status of a reply that is not what is right."""

TOOLS = ["get_patron", "update_contact", "pay_charge", "renew_loan", "search_catalogue", "no_such_tool"]
_TEXTS = ["", "\x00", "\ud800", "é" * 99, "B2040", "../..", "{}"]
_SIMPLE: list[Any] = [None, True, -1, 0, 2**63, 2**64, -(2**70), 1e308, 0.1, *_TEXTS]


def right_message(chance: random.Random) -> dict[str, Any]:
    """A message that is all right: only ever a read."""
    params = {"name": "get_patron", "arguments": {"patron_id": "B2040"}, "_meta": MODERN}
    return {"jsonrpc": "2.0", "id": chance.randrange(99), "method": "tools/call", "params": params}


def request_headers(port: int, length: int, **more: str) -> dict[str, str]:
    plain = {"host": f"127.0.0.1:{port}", "content-type": "application/json", "content-length": str(length)}
    return {**plain, **mcp_headers("tools/call", "get_patron"), **more}


def request(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape") + body


async def post(wire: Wire, path: str, body: bytes, port: int, **headers: str) -> Reply:
    return await wire.send(request("POST", path, request_headers(port, len(body), **headers), body))


def any_value(chance: random.Random, depth: int = 0) -> Any:
    """A value that nobody asked for."""
    if depth > 3 or chance.random() < 0.6:
        return chance.choice(_SIMPLE)
    if chance.random() < 0.5:
        return [any_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {str(any_value(chance, 4)): any_value(chance, depth + 1) for _ in range(chance.randrange(4))}


async def expect(allowed: set[int], asked: Awaitable[Reply]) -> Reply:
    """The reply, or one that is a fault where its status is none of those that are right."""
    reply = await asked
    if reply.status in allowed:
        return reply
    return Reply(WRONG, b"", f"status {reply.status}, not {sorted(allowed)}: ".encode() + reply.body[:150])


async def send_alone(port: int, sent: bytes) -> Reply:
    """Send bytes on a connection of their own, which is not waited for long."""
    short = Wire(port, retry_policy=1)
    try:
        return await short.send(sent)
    except TimeoutError:
        return Reply(0, b"", b"")
    finally:
        await short.close()
