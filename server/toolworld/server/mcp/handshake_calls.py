"""Calls of handshake clients over HTTP, which end when the client cancels them or hangs up.

In that era a client cancels with a message of its own, in another request, and the SDK's transport without sessions
cannot tell which call it means; nor does it see that a client has hung up.
"""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import NamedTuple

import anyio
from starlette.types import Message, Receive, Scope

from toolworld.ground import JsonObject, task_group
from toolworld.server.mcp.bodies import as_object, with_body

CANCELLED = "notifications/cancelled"
Answer = Callable[[Receive, anyio.CancelScope], Awaitable[None]]
"""Answers a request, given its body again, and makes the call inside of a scope that ends it."""


class CallKey(NamedTuple):
    """What a client calls a request by: its id is its own, in its session or at an episode's URL."""

    path: str
    session: str
    request: str


class HandshakeCalls:
    """The calls that are being made, so that they can be cancelled."""

    def __init__(self) -> None:
        self._running: dict[CallKey, list[anyio.CancelScope]] = {}

    async def answer(self, body: bytes, session: str, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer a request, and end its call where the client cancels it or hangs up.

        Args:
            body: The request's body, which was read.
            session: The client's MCP session, or empty.
            scope: The request.
            receive: Where the client's hanging up is told.
            answer: Answers it.
        """
        message, place = as_object(body), (scope["path"], session)
        if message.get("method") == CANCELLED:
            self._cancel(CallKey(*place, repr(_params(message).get("requestId"))))
        call, gone = anyio.CancelScope(), anyio.Event()

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            gone.set()
            call.cancel()

        async with task_group() as tasks:
            tasks.start_soon(watch)
            with self._running_as(CallKey(*place, repr(message.get("id"))), call):
                await answer(_with_body(body, gone), call)
            tasks.cancel_scope.cancel()

    def _cancel(self, key: CallKey) -> None:
        """Cancel a call. Of two with one id nobody can tell which is meant, so that neither is."""
        running = self._running.get(key, [])
        if len(running) == 1:
            running[0].cancel()

    @contextmanager
    def _running_as(self, key: CallKey, call: anyio.CancelScope) -> Generator[None]:
        self._running.setdefault(key, []).append(call)
        try:
            yield
        finally:
            self._running[key].remove(call)
            if not self._running[key]:
                del self._running[key]


def _with_body(body: bytes, gone: anyio.Event) -> Receive:
    async def hung_up() -> Message:
        await gone.wait()
        return {"type": "http.disconnect"}

    return with_body(body, hung_up)


def _params(message: JsonObject) -> JsonObject:
    params = message.get("params")
    return params if isinstance(params, dict) else {}
