"""An OpenAI-compatible endpoint that does as a test says: it answers, refuses, waits, or hangs up."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Payload = dict[str, Any]


@dataclass(slots=True)
class Reply:
    """What the endpoint does with a request."""

    content: str | None = "{}"
    tool_calls: list[Any] = field(default_factory=list[Any])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = None
    """Sent as it is, instead of a chat completion."""
    delay: float = 0
    hangs_up: bool = False
    """Whether the connection breaks in the middle of the body."""
    usage: Payload | None = field(default_factory=lambda: {"prompt_tokens": 10, "completion_tokens": 5})
    finish: str = "stop"
    more: Payload = field(default_factory=dict[str, Any])
    """Further fields of the message, in place of those above where they have the same name."""
    raw: bytes | None = None
    """The body, as it is."""
    seconds_between: float = 0
    """How long to wait before each byte of `raw`."""
    repeats: int = 1
    """How often `raw` is sent."""


@dataclass(slots=True)
class FakeEndpoint:
    """An endpoint, and what it was asked."""

    answer: Callable[[Payload], Reply]
    url: str = ""
    asked: list[Payload] = field(default_factory=list[Payload])
    keys: list[str] = field(default_factory=list[str])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    at_once: int = 0
    most_at_once: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        payload: Payload = await request.json()
        self.asked.append(payload)
        self.keys.append(request.headers.get("Authorization", ""))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            reply = self.answer(payload)
            await asyncio.sleep(reply.delay)
            return await self._send(request, reply)
        finally:
            self.at_once -= 1

    async def _send(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        message = {"role": "assistant", "content": reply.content, "tool_calls": reply.tool_calls or None}
        message |= reply.more
        choice = {"index": 0, "finish_reason": reply.finish, "message": message}
        whole = {"id": "x", "object": "chat.completion", "choices": [choice], "usage": reply.usage}
        if reply.hangs_up:
            response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
            await response.prepare(request)
            await response.write(b'{"id": "x", "cho')
            assert request.transport is not None
            request.transport.abort()
            return response
        if reply.raw is not None:
            return await _send_raw(request, reply, reply.raw)
        body = whole if reply.body is None else reply.body
        if isinstance(body, str):
            return web.Response(text=body, status=reply.status, headers=reply.headers)
        return web.json_response(body, status=reply.status, headers=reply.headers)


async def _send_raw(request: web.Request, reply: Reply, raw: bytes) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers={"Content-Type": "application/json", **reply.headers})
    await response.prepare(request)
    try:
        for _ in range(reply.repeats):
            for piece in (bytes([byte]) for byte in raw) if reply.seconds_between else (raw,):
                await asyncio.sleep(reply.seconds_between)
                await response.write(piece)
    except ConnectionError:
        pass  # the client has had enough
    return response


def refusal(status: int, message: str = "no", **headers: str) -> Reply:
    """A reply that refuses, in the form of OpenAI's errors."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body={"error": {"message": message}}, headers=named)


def _in_turn(replies: list[Reply]) -> Callable[[Payload], Reply]:
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@asynccontextmanager
async def endpoint(answer: Callable[[Payload], Reply] | list[Reply]) -> AsyncGenerator[FakeEndpoint]:
    """Serve an endpoint; a list is answered in order, its last reply again and again."""
    fake = FakeEndpoint(answer if callable(answer) else _in_turn(answer))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.handle)
    app.router.add_post("/v1/embeddings", fake.handle)
    app.router.add_post("/v1/completions", fake.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    fake.url = f"http://{host}:{port}/v1"
    try:
        yield fake
    finally:
        await runner.cleanup()
