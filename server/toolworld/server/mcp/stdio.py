"""MCP over stdin and stdout, tolerant of clients that probe, and with an answer to whatever a client sends.

Some clients send `server/discover` first and then `initialize` on the same pipe; the SDK fixes the
protocol era at the first request and would refuse. So every leading `server/discover` is answered
by a short-lived connection of its own, and the era is decided by what comes after.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, cast

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from toolworld.ground import task_group
from toolworld.server.mcp.connection import Connection, connected
from toolworld.server.mcp.lines import CheckedLines

Incoming = SessionMessage | Exception


async def serve_stdio(server: Server[Any], connection: Connection) -> None:
    """Serve one client on this process's stdin and stdout until it closes them."""
    lines = CheckedLines(sys.stdin.buffer)
    async with stdio_server(stdin=cast(Any, lines)) as (reading, writing):
        lines.answer_with(writing.send)
        async with _noted(writing, lines) as noted:
            await serve_streams(server, connection, reading, noted)


@asynccontextmanager
async def _noted(writing: Any, lines: CheckedLines) -> AsyncGenerator[MemoryObjectSendStream[SessionMessage]]:
    """A stream that leads to another one, and tells what was sent."""
    send, receive = anyio.create_memory_object_stream[SessionMessage](0)

    async def relay() -> None:
        async with receive, writing:
            async for message in receive:
                await writing.send(message)
                lines.note_answer(message)

    async with task_group() as tasks:
        tasks.start_soon(relay)
        async with send:
            yield send


async def serve_streams(server: Server[Any], connection: Connection, reading: Any, writing: Any) -> None:
    """Serve one client on a pair of the SDK's message streams."""
    with connected(connection):
        async with writing:
            opening = await _answer_probes(server, reading, writing)
            if opening is not None:
                async with _put_back(opening, reading) as rest:
                    await server.run(rest, writing, server.create_initialization_options())


async def _answer_probes(server: Server[Any], reading: Any, writing: Any) -> Incoming | None:
    """Answer each leading `server/discover`; returns the first other message, or None at the end."""
    async for message in reading:
        if not _is_probe(message):
            return message
        await writing.send(await _answer_aside(server, message))
    return None


def _is_probe(message: Incoming) -> bool:
    return (
        isinstance(message, SessionMessage)
        and isinstance(message.message, JSONRPCRequest)
        and message.message.method == "server/discover"
    )


async def _answer_aside(server: Server[Any], request: Incoming) -> SessionMessage:
    """Answer one request on a connection of its own."""
    ask, requests = anyio.create_memory_object_stream[Incoming](1)
    replies, answers = anyio.create_memory_object_stream[SessionMessage](1)
    async with ask, requests, replies, answers, task_group() as tasks:
        tasks.start_soon(server.run, requests, replies, server.create_initialization_options())
        await ask.send(request)
        answer = await answers.receive()
        tasks.cancel_scope.cancel()
    return answer


@asynccontextmanager
async def _put_back(first: Incoming, rest: Any) -> AsyncGenerator[MemoryObjectReceiveStream[Incoming]]:
    """A stream that begins with a message and goes on with the rest of another stream."""
    send, receive = anyio.create_memory_object_stream[Incoming](1)

    async def relay() -> None:
        async with send:
            await send.send(first)
            async for message in rest:
                await send.send(message)

    async with receive, task_group() as tasks:
        tasks.start_soon(relay)
        yield receive
        tasks.cancel_scope.cancel()
