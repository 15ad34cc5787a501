"""Endpoints of models that answer with anything: an answer is used, or the endpoint is blamed, and nothing grows."""

import gzip
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.support.model_endpoint import Payload, Reply, endpoint
from tests.trials.hostility.sending import any_value

from toolworld.llm import Message, Request, RetryPolicy
from toolworld.llm.providers.connection import connect
from toolworld.llm.providers.endpoint import EndpointModel

_ASKED = Request((Message(role="user", content="Hello"),))


@asynccontextmanager
async def hostile_endpoint() -> AsyncGenerator[Callable[[random.Random], Awaitable[str | None]]]:
    """Asks a model behind an endpoint whose answer is drawn; what is wrong with what comes of it."""
    chosen: list[Reply] = [Reply()]

    def answer(_: Payload) -> Reply:
        return chosen[0]

    async with endpoint(answer) as fake, connect(fake.url, None, RetryPolicy(seconds=2, retries=0)) as at:
        model = EndpointModel("m", at, "big")

        async def ask(chance: random.Random) -> str | None:
            chosen[0] = _reply(chance)
            said = await model.complete(_ASKED)
            usage = said.usage
            return f"usage {usage}" if min(usage.prompt_tokens, usage.completion_tokens) < 0 else None

        yield ask


def _reply(chance: random.Random) -> Reply:
    message: dict[str, Any] = {"role": "assistant", "content": any_value(chance), "tool_calls": any_value(chance)}
    right = {
        "id": "x",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": any_value(chance),
    }
    body = json.dumps(right).encode()
    cut = body[: chance.randrange(len(body))]
    raw = chance.choice(
        [
            cut,
            b"\xff" + body,
            b"[" * 20_000,
            b'{"a":' * 5_000,
            b"",
            b"null",
            b"{" + b'"b" ' * 2_000,
            body,
            body,
            body,
            b"x" * 9_000_000,
        ]
        if chance.random() < 0.5
        else [body]
    )
    if chance.random() < 0.02:
        return Reply(raw=gzip.compress(b" " * 50_000_000), headers={"Content-Encoding": "gzip"})
    if chance.random() < 0.3:
        usage: Any = {
            "prompt_tokens": chance.choice([-5, 0, 2**70, "9", None]),
            "completion_tokens": chance.choice([-1, 1e30, True]),
        }
        return Reply(content="x", usage=usage)
    if chance.random() < 0.1:
        return Reply(body={"error": any_value(chance)}, status=chance.choice([200, 400, 500]))
    return Reply(raw=raw, status=chance.choice([200, 200, 200, 400, 500]), hangs_up=chance.random() < 0.05)
