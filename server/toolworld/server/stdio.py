"""MCP over stdin and stdout, tolerant of clients that probe.

Some clients send `server/discover` first and then `initialize` on the same pipe; the SDK fixes the
protocol era at the first request and would refuse. So every leading `server/discover` is answered
by a short-lived connection of its own, and the era is decided by what comes after.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from toolworld.server.mcp_server import Door, entered

Incoming = SessionMessage | Exception


async def serve_stdio(server: Server[Any], door: Door) -> None:
    """Serve one client on this process's stdin and stdout until it closes them."""
    async with stdio_server() as (reading, writing):
        await serve_streams(server, door, reading, writing)


async def serve_streams(
    server: Server[Any],
    door: Door,
    reading: Any,
    writing: Any,
) -> None:
    """Serve one client on a pair of message streams."""
    with entered(door):
        async with writing:
            opening = await _answer_probes(server, reading, writing)
            if opening is not None:
                async with _put_back(opening, reading) as rest:
                    await server.run(rest, writing, server.create_initialization_options())


async def _answer_probes(server: Server[Any], reading: Any, writing: Any) -> Incoming | None:
    """Answer each leading `server/discover`; give the first message that is none, or None at the end."""
    async for message in reading:
        if not _is_probe(message):
            return message
        async with _put_back(message, None) as alone:
            replies, answers = _stream()
            await _run_aside(server, alone, replies)
            async for reply in answers:
                await writing.send(reply)
    return None


async def _run_aside(server: Server[Any], reading: Any, replies: MemoryObjectSendStream[SessionMessage]) -> None:
    await server.run(reading, replies, server.create_initialization_options())


def _is_probe(message: Incoming) -> bool:
    return (
        isinstance(message, SessionMessage)
        and isinstance(message.message, JSONRPCRequest)
        and message.message.method == "server/discover"
    )


@asynccontextmanager
async def _put_back(first: Incoming, rest: Any | None) -> AsyncGenerator[MemoryObjectReceiveStream[Incoming]]:
    """Give a stream that begins with a message and goes on with the rest of another stream."""
    send, receive = anyio.create_memory_object_stream[Incoming](1)

    async def relay() -> None:
        async with send:
            await send.send(first)
            if rest is not None:
                async for message in rest:
                    await send.send(message)

    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.enter_context(receive)
        tasks.start_soon(relay)
        yield receive
        tasks.cancel_scope.cancel()


def _stream() -> tuple[MemoryObjectSendStream[SessionMessage], MemoryObjectReceiveStream[SessionMessage]]:
    return anyio.create_memory_object_stream[SessionMessage](16)
