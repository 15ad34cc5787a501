"""The lines that a client sends over stdio, each of which is answered if it asks something.

The SDK passes over what is no message, and at the end of the input drops what it is working on.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, BinaryIO, cast

import anyio
import mcp_types as types
from anyio import to_thread
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from toolworld.ground import describe_error
from toolworld.server.mcp.handshake_calls import CANCELLED

MAX_LINE_BYTES = 1 << 20
"""How long a message may be."""
END_SECONDS = 60.0
"""How long the end of the input is held back while requests are being answered."""

Answer = Callable[[SessionMessage], Awaitable[None]]


class CheckedLines:
    """Reads lines, and passes those on that are messages; the others are answered with an error.

    Args:
        file: Where the lines come from.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._answer: Answer | None = None
        self._can_answer = anyio.Event()
        self._asked = Counter[str | int]()
        self._all_answered = anyio.Event()

    def answer_with(self, answer: Answer) -> None:
        """Begin to read, and answer what is no message."""
        self._answer = answer
        self._can_answer.set()

    async def __aiter__(self) -> AsyncIterator[str]:
        await self._can_answer.wait()
        while line := await to_thread.run_sync(self._file.readline, MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                await self._skip_rest(line)
                await self._refuse(types.INVALID_REQUEST, f"a message has at most {MAX_LINE_BYTES >> 20} MiB", None)
            elif line.strip() and await self._is_message(line):
                yield line.decode(errors="replace")
        with anyio.move_on_after(END_SECONDS):
            while self._asked.total():
                self._all_answered = anyio.Event()
                await self._all_answered.wait()

    def note_answer(self, sent: SessionMessage) -> None:
        """Note what was sent to the client."""
        answer = sent.message
        if isinstance(answer, types.JSONRPCResponse | types.JSONRPCError) and answer.id is not None:
            self._forget(answer.id)

    def _forget(self, request: object) -> None:
        """Wait for the answer to a request no more."""
        if isinstance(request, str | int) and self._asked[request]:
            self._asked[request] -= 1
        if not self._asked.total():
            self._all_answered.set()

    async def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = await to_thread.run_sync(self._file.readline, MAX_LINE_BYTES)

    async def _is_message(self, line: bytes) -> bool:
        text = line.decode(errors="replace")
        try:
            message = types.jsonrpc_message_adapter.validate_json(text, by_name=False)
        except ValidationError as problem:
            await self._refuse(*_complaint(text, problem))
            return False
        if isinstance(message, types.JSONRPCRequest):
            self._asked[message.id] += 1
        elif isinstance(message, types.JSONRPCNotification) and "id" in json.loads(text):
            await self._refuse(types.INVALID_REQUEST, "the id of a request is a text or an integer", None)
            return False
        elif isinstance(message, types.JSONRPCNotification) and message.method == CANCELLED:
            self._forget((message.params or {}).get("requestId"))  # it need not be answered
        return True

    async def _refuse(self, code: int, message: str, request: str | int | None) -> None:
        assert self._answer is not None
        error = types.JSONRPCError(jsonrpc="2.0", id=request, error=types.ErrorData(code=code, message=message))
        await self._answer(SessionMessage(error))


def _complaint(text: str, problem: ValidationError) -> tuple[int, str, str | int | None]:
    """The error that a line is answered with, and the id of its request where there is one."""
    try:
        sent = json.loads(text)
    except (ValueError, RecursionError):
        return types.PARSE_ERROR, "this line is not JSON, or nested too deeply", None
    if not isinstance(sent, dict):
        return types.INVALID_REQUEST, "a message is a JSON object; batches are not part of the protocol", None
    request: object = cast("dict[str, Any]", sent).get("id")
    named = request if isinstance(request, str | int) and not isinstance(request, bool) else None
    if isinstance(named, str):
        named = named.encode(errors="replace").decode()
    return types.INVALID_REQUEST, f"this is no message of JSON-RPC 2.0: {describe_error(problem)}"[:500], named
