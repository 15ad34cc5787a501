"""Models behind OpenAI-compatible endpoints: hosted, vLLM, llama.cpp, Ollama.

The `openai` package retries transient status codes (408, 409, 429, 5xx), time-outs and broken
connections (even in the middle of a body), with backoff and respecting Retry-After.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import httpx2
import openai

from toolworld.ground import EncodingError, ModelError, encode
from toolworld.llm.formats.schema_dialects import Dialect
from toolworld.llm.message import Message, Reasoning
from toolworld.llm.model import Completion, Finish, Request, Structure
from toolworld.llm.providers.bounded_client import BoundedClient
from toolworld.llm.providers.received import (
    ReceivedCompletion,
    UnusableAnswerError,
    read_completion,
    read_tool_calls,
    read_usage,
)
from toolworld.llm.retry_policy import RetryPolicy

MAX_COMPLAINT_CHARACTERS = 300
"""Length to which an endpoint's error message is cut when it is quoted."""
WEAKER_STRUCTURE: dict[Structure, Structure] = {"strict": "schema", "schema": "object", "object": "text"}
"""The next weaker way to enforce a response format, for endpoints that refuse the stronger one."""
_UNSUPPORTED_STATUSES = frozenset({400, 404, 415, 422, 500, 501})
"""Status codes with which endpoints answer to a `response_format` that they do not support."""
_JSON_HEADERS = {"Content-Type": "application/json"}
FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 0.5, 8.0
"""Waits between attempts where an endpoint answered what is no completion; each is twice as long as the one before."""
_OPTIONAL_PARAMETERS = ("parallel_tool_calls", "temperature", "seed", "max_completion_tokens", "max_tokens")
"""Parameters of a request that it is still the same request without. An endpoint may refuse each of them."""
_TOKEN_LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_REASONING = "reasoning_content"
_REFUSED_STATUSES = frozenset({400, 404, 415, 422})
"""Status codes with which endpoints answer to a parameter that they do not know."""
_UNSUPPORTED = re.compile(
    r"(?i)unsupported|not (?:\w+ )?(?:supported|permitted|allowed|accepted)|unknown|unrecogni[sz]ed|unexpected"
)
"""How endpoints say that they do not know a parameter; a value that is too large is another matter."""
_FINISHES: dict[str, Finish] = {"length": "length", "tool_calls": "tool_calls", "content_filter": "filter"}


@dataclass(slots=True)
class Endpoint:
    """A connection to an endpoint, shared by the models behind it. It limits the number and rate of requests."""

    client: openai.AsyncOpenAI
    where: str
    """The name of the endpoint in error messages: its URL."""
    retry_policy: RetryPolicy
    slots: anyio.CapacityLimiter
    """Limits simultaneous requests."""
    key: str | None
    """The key, which is removed from all responses and error messages; None if there is none to remove."""
    _next_start: float = 0.0
    """The earliest time at which the next request may start, on the clock of `anyio.current_time`."""

    async def post(self, body: bytes) -> ReceivedCompletion:
        """Send a request body and return the parsed answer, from which the key is removed.

        An answer that is no completion, but may be one the next time, is asked for again, as an error status is.

        Raises:
            UnusableAnswerError: the answer is not a chat completion.
            openai.OpenAIError: the endpoint refuses the request, or does not answer.
            TimeoutError: all attempts together took too long.
        """
        async with self.slots:
            now = anyio.current_time()
            # Each request takes the next start time before it sleeps, so that waiting requests start one after another.
            start = max(now, self._next_start)
            self._next_start = start + self.retry_policy.spacing
            if start > now:
                await anyio.sleep(start - now)
            # The package limits single attempts; this also covers the waits that an endpoint asks for by Retry-After.
            with anyio.fail_after(self.retry_policy.total_seconds):
                for attempt in range(self.retry_policy.retries + 1):
                    try:
                        return read_completion(await self._send(body))
                    except UnusableAnswerError as problem:
                        if not problem.may_recover or attempt == self.retry_policy.retries:
                            raise
                    await anyio.sleep(min(FIRST_WAIT_SECONDS * 2**attempt, MAX_WAIT_SECONDS))
        raise AssertionError("the last attempt returns or raises")

    async def _send(self, body: bytes) -> bytes:
        response = await self.client.post(
            "/chat/completions", content=body, options={"headers": _JSON_HEADERS}, cast_to=httpx2.Response
        )
        # The key is removed from the JSON before parsing, so that no field of the answer can hold it.
        return response.content.replace(self.key.encode(), b"[key]") if self.key else response.content

    def without_key(self, text: str) -> str:
        """The text with the key replaced by `[key]`."""
        return text.replace(self.key, "[key]") if self.key else text


@asynccontextmanager
async def connect(url: str, key: str | None, retry_policy: RetryPolicy) -> AsyncGenerator[Endpoint]:
    """Connect to an endpoint; nothing is sent yet.

    Raises:
        ModelError: the key cannot stand in a header.
    """
    if key and not (key.isascii() and key.isprintable()):
        raise ModelError(f"the key for {url} has characters that a header cannot hold")
    client = openai.AsyncOpenAI(
        base_url=url,
        api_key=key or "none",
        max_retries=retry_policy.retries,
        timeout=retry_policy.seconds,
        http_client=BoundedClient(key, retry_policy.seconds),
    )
    try:
        # A key of a few characters is hardly a secret, and replacing it would damage ordinary text.
        slots = anyio.CapacityLimiter(retry_policy.concurrency)
        yield Endpoint(client, url, retry_policy, slots, key if key and len(key) > 7 else None)
    finally:
        with anyio.CancelScope(shield=True):
            await client.close()


@dataclass(slots=True)
class EndpointModel:
    """A model behind an endpoint."""

    name: str
    endpoint: Endpoint
    model: str
    """The name of the model at the endpoint."""
    dialect: Dialect = "schema"
    is_small: bool = False
    structure: Structure = "schema"
    """How a response format is enforced at first."""
    _structures: dict[str, Structure] = field(default_factory=dict[str, Structure])
    """The structures that the endpoint accepted, by digest of the response format: it may refuse only some schemas."""
    _refused: dict[str, None] = field(default_factory=dict[str, None])
    """Parameters that the endpoint has refused, in the order in which it did."""

    async def complete(self, request: Request) -> Completion:
        """Request one completion. What the endpoint refuses is left out, or asked for more weakly, and that remembered.

        Raises:
            ModelError: the endpoint cannot be reached, refuses the request, or does not answer with a chat completion.
        """
        structure = (
            self._structures.get(request.response_format.digest, self.structure) if request.response_format else None
        )
        refusal: str | None = None
        payload: dict[str, Any] = {}
        while True:
            try:
                payload = self._payload(request, structure)
                body = encode(payload)
                answer = await self.endpoint.post(body)
            except openai.APIStatusError as problem:
                # The key is removed before the text is cut, since a part of the key would not be recognized. If every
                # structure is refused, the first reason is reported: the request itself is at fault, not its format.
                complaint = self.endpoint.without_key(_complaint(problem))[:MAX_COMPLAINT_CHARACTERS]
                if problem.status_code in _REFUSED_STATUSES and self._leave_out(payload, problem, complaint):
                    continue
                refusal = refusal or f"{self.name} at {self.endpoint.where} refused the request: {complaint}"
                weaker = WEAKER_STRUCTURE.get(structure) if structure else None
                if weaker is None or problem.status_code not in _UNSUPPORTED_STATUSES:
                    raise ModelError(refusal, unbilled=problem.status_code < 500) from None
                structure = weaker
                continue
            except UnusableAnswerError as problem:
                reason = self.endpoint.without_key(str(problem))[:MAX_COMPLAINT_CHARACTERS]
                raise ModelError(f"{self.name} at {self.endpoint.where} answered {reason}") from None
            except (openai.OpenAIError, httpx2.HTTPError, TimeoutError, EncodingError) as problem:
                reason = self.endpoint.without_key(_root_cause(problem))[:MAX_COMPLAINT_CHARACTERS]
                raise ModelError(f"{self.name} at {self.endpoint.where} does not answer: {reason}") from None
            if structure and request.response_format:
                self._structures[request.response_format.digest] = structure
            return self._completion(request, answer, structure, len(body))

    def _payload(self, request: Request, structure: Structure | None) -> dict[str, Any]:
        """The request body of the chat-completions API."""
        payload: dict[str, Any] = {
            "model": self.model,
            "messages": [self._wire(message) for message in self._messages(request, structure)],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
        }
        if self.dialect == "strict":  # hosted reasoning models require this name, and count reasoning tokens too
            payload["max_completion_tokens"] = payload.pop("max_tokens")
        if request.seed is not None:
            payload["seed"] = request.seed
        if request.tools:
            payload["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in request.tools]
            payload["parallel_tool_calls"] = True
        if request.response_format and structure in ("strict", "schema"):
            schema = request.response_format.in_dialect(self._dialect(structure)).schema
            # OpenAI accepts the flag only for schemas that obey the rules of strict mode, as the strict dialect does.
            # To other engines, it only means that the schema is to be enforced.
            strict = structure == "strict" or self.dialect != "strict"
            json_schema = {"name": request.response_format.name, "schema": schema, "strict": strict}
            payload["response_format"] = {"type": "json_schema", "json_schema": json_schema}
        elif request.response_format and structure == "object":
            payload["response_format"] = {"type": "json_object"}
        return self._without_refused(payload)

    def _wire(self, message: Message) -> dict[str, Any]:
        """The message for this endpoint; what this model thought before is sent back to it, and to no other."""
        body: dict[str, Any] = dict(message.wire())
        own = message.reasoning is not None and message.reasoning.model == self.name
        if own and message.reasoning is not None and _REASONING not in self._refused:
            body[_REASONING] = message.reasoning.text
        return body

    def _without_refused(self, payload: dict[str, Any]) -> dict[str, Any]:
        for name in self._refused:
            value = payload.pop(name, None)
            other = _TOKEN_LIMITS.get(name)
            if value is not None and other is not None and other not in self._refused:
                payload[other] = value
        return payload

    def _leave_out(self, payload: dict[str, Any], problem: openai.APIStatusError, complaint: str) -> bool:
        """Remember the parameter that an endpoint complains of; False if it complains of none that was sent."""
        sent = [name for name in _OPTIONAL_PARAMETERS if name in payload]
        if any(_REASONING in message for message in payload["messages"]):
            sent.append(_REASONING)
        named = [name for name in sent if re.search(rf"\b{name}\b", complaint)]
        if problem.param in sent:
            named = [problem.param]
        elif not _UNSUPPORTED.search(complaint):
            named = []
        # a complaint about one limit often names the other one, which is to be used instead
        refused = min(named, key=lambda name: complaint.find(name)) if named else None
        if refused is not None and _TOKEN_LIMITS.get(refused) in self._refused:
            return False  # without any limit a model may go on for ever
        if refused is not None:
            self._refused[refused] = None
        return refused is not None

    def _dialect(self, structure: Structure) -> Dialect:
        """The dialect in which the schema is sent."""
        return "strict" if structure == "strict" else "schema" if self.dialect == "strict" else self.dialect

    def _messages(self, request: Request, structure: Structure | None) -> tuple[Message, ...]:
        """The messages, with the schema in the system message if it is not given to the decoder."""
        if request.response_format is None or structure in ("strict", "schema"):
            return request.messages
        schema = encode(request.response_format.schema).decode()
        instructions = f"Answer with one JSON object and nothing else. It must match this JSON Schema:\n{schema}"
        first = request.messages[0]
        if first.role != "system":
            return (Message(role="system", content=instructions), *request.messages)
        return (Message(role="system", content=f"{first.content}\n\n{instructions}"), *request.messages[1:])

    def _completion(
        self, request: Request, answer: ReceivedCompletion, structure: Structure | None, sent_bytes: int
    ) -> Completion:
        choice = answer.choices[0]
        text = choice.message.content or choice.message.refusal or ""
        calls, problem = read_tool_calls(choice.message.tool_calls or ())
        thought = choice.message.reasoning_content
        value = None
        finish = _FINISHES.get(choice.finish_reason or "", "stop")
        if request.response_format and problem is None:
            dialect = self._dialect(structure) if structure in ("strict", "schema") else None
            value, problem = request.response_format.read(text, dialect)
        # The parser's complaint about an incomplete answer would not tell the model how to repair it.
        if problem and finish == "length":
            problem = f"it was cut off at {request.max_tokens} tokens; be shorter"
        return Completion(
            text=text,
            tool_calls=calls,
            value=value,
            problem=problem,
            finish=finish,
            structure=structure,
            model=self.name,
            usage=read_usage(answer, sent_bytes, request.max_tokens),
            reasoning=Reasoning(text=thought, model=self.name) if thought else None,
        )


def _root_cause(problem: BaseException) -> str:
    """The message of the innermost cause: `Connection refused` says more than `Connection error`."""
    message = str(problem) or type(problem).__name__
    cause = problem.__cause__
    while cause is not None:
        message = str(cause) or message
        cause = cause.__cause__
    return message


def _complaint(problem: openai.APIStatusError) -> str:
    """The status code and the error message of an endpoint, on one line."""
    body = cast("object", problem.body)
    reported = cast("dict[str, object]", body).get("message") if isinstance(body, dict) else None
    message = reported if isinstance(reported, str) else problem.message
    return f"status {problem.status_code}: {' '.join(message.split())}"
