"""A model that says what it is told to: an OpenAI-compatible endpoint of chat completions with a script."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from toolworld.environments import Call
from toolworld.ground import encode
from toolworld.server import bind

Turn = str | Sequence[Call]
"""What the model says at once: words, or calls that are made together."""


@dataclass
class ScriptedModel:
    """A model whose turns are known beforehand, and what it was asked.

    Which turn is next follows from the conversation it is sent, so a request that is repeated gets the same answer.
    """

    script: Sequence[Turn]
    key: str
    """What it wants to be paid with: a request without it is refused."""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The bodies of the requests that it answered."""

    @property
    def app(self) -> Starlette:
        """The application that answers for it."""
        return Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])

    async def _complete(self, request: Request) -> JSONResponse:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _refuse(401, "the key is missing or wrong")
        body = await request.json()
        if body.get("stream"):
            return _refuse(400, "this model does not stream")
        at = sum(message["role"] == "assistant" for message in body["messages"])
        if at >= len(self.script):
            return _refuse(400, f"the script has {len(self.script)} turns, and this would be one more")
        self.requests.append(body)
        return JSONResponse(_completion(body["model"], at, self.script[at]))


class Message(NamedTuple):
    """A message of a conversation that a model was sent."""

    role: str
    text: str
    answers: str | None
    """The id of the tool call that it is the result of."""


def conversation(body: dict[str, Any]) -> list[Message]:
    """Read the messages of a request, whether their content is a string or a list of parts."""
    return [
        Message(message["role"], _text(message.get("content")), message.get("tool_call_id"))
        for message in body["messages"]
    ]


def offered(body: dict[str, Any]) -> list[str]:
    """Name the tools that a request offers."""
    return [tool["function"]["name"] for tool in body["tools"]]


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncGenerator[str]:
    """Serve an application on a free port of loopback, and give its base URL."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    with bind("127.0.0.1:0", None) as socket:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [socket])
            with anyio.fail_after(10):
                while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await anyio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{socket.getsockname()[1]}"
            finally:
                server.should_exit = True


def _text(content: list[dict[str, Any]] | str | None) -> str:
    return "".join(part["text"] for part in content) if isinstance(content, list) else content or ""


def _completion(model: str, at: int, turn: Turn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": turn if isinstance(turn, str) else None}
    if not isinstance(turn, str):
        message["tool_calls"] = [_tool_call(f"call_{at}_{place}", call) for place, call in enumerate(turn)]
    finish = "stop" if isinstance(turn, str) else "tool_calls"
    return {
        "id": f"chatcmpl-{at}",
        "object": "chat.completion",
        "created": 1767225600,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def _tool_call(name: str, call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": encode(call.arguments).decode()}
    return {"id": name, "type": "function", "function": function}


def _refuse(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, status)
