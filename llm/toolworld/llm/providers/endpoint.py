"""Models behind OpenAI-compatible endpoints: hosted, vLLM, llama.cpp, Ollama.

The `openai` package retries transient status codes (408, 409, 429, 5xx), time-outs and broken
connections (even in the middle of a body), with backoff and respecting Retry-After.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import anyio
import openai
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolworld.ground import EncodingError, ModelError, decode, describe_error, encode
from toolworld.llm.formats.schema_dialects import Dialect
from toolworld.llm.message import Message, ToolCall
from toolworld.llm.model import Completion, Finish, Request, Structure
from toolworld.llm.retry_policy import RetryPolicy
from toolworld.llm.usage import Usage

MAX_COMPLAINT_CHARACTERS = 300
"""Length to which an endpoint's error message is cut when it is quoted."""
WEAKER_STRUCTURE: dict[Structure, Structure] = {"strict": "schema", "schema": "object", "object": "text"}
"""The next weaker way to enforce a response format, for endpoints that refuse the stronger one."""
_UNSUPPORTED_STATUSES = frozenset({400, 404, 415, 422, 500, 501})
"""Status codes with which endpoints answer to a `response_format` that they do not support."""
_JSON_HEADERS = {"Content-Type": "application/json"}
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

    async def post(self, body: bytes) -> "_ChatCompletion":
        """Send a request body and return the parsed answer, from which the key is removed.

        Raises:
            ValidationError: the answer is not a chat completion.
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
                answer = await self.client.post(
                    "/chat/completions", content=body, options={"headers": _JSON_HEADERS}, cast_to=object
                )
        # The key is removed from the JSON before parsing, so that no field of the answer can hold it.
        return _ChatCompletion.model_validate_json(self.without_key(encode(answer).decode()))

    def without_key(self, text: str) -> str:
        """The text with the key replaced by `[key]`."""
        return text.replace(self.key, "[key]") if self.key else text


@asynccontextmanager
async def connect(url: str, key: str | None, retry_policy: RetryPolicy) -> AsyncGenerator[Endpoint]:
    """Connect to an endpoint; nothing is sent yet.

    The transport is aiohttp, because the default one takes twice the CPU time per request.
    """
    client = openai.AsyncOpenAI(
        base_url=url,
        api_key=key or "none",
        max_retries=retry_policy.retries,
        timeout=retry_policy.seconds,
        http_client=openai.DefaultAioHttpClient(timeout=retry_policy.seconds, trust_env=False),
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

    async def complete(self, request: Request) -> Completion:
        """Request one completion. If the endpoint refuses the response format, try again with a weaker structure.

        Raises:
            ModelError: the endpoint cannot be reached, refuses the request, or does not answer with a chat completion.
        """
        structure = (
            self._structures.get(request.response_format.digest, self.structure) if request.response_format else None
        )
        refusal: str | None = None
        while True:
            try:
                body = encode(self._payload(request, structure))
                answer = await self.endpoint.post(body)
            except openai.APIStatusError as problem:
                # The key is removed before the text is cut, since a part of the key would not be recognized. If every
                # structure is refused, the first reason is reported: the request itself is at fault, not its format.
                complaint = self.endpoint.without_key(_complaint(problem))[:MAX_COMPLAINT_CHARACTERS]
                refusal = refusal or f"{self.name} at {self.endpoint.where} refused the request: {complaint}"
                weaker = WEAKER_STRUCTURE.get(structure) if structure else None
                if weaker is None or problem.status_code not in _UNSUPPORTED_STATUSES:
                    raise ModelError(refusal, unbilled=problem.status_code < 500) from None
                structure = weaker
                continue
            except ValidationError as problem:
                reason = self.endpoint.without_key(describe_error(problem))
                raise ModelError(
                    f"{self.name} at {self.endpoint.where} answered something else than a chat completion: {reason}"
                ) from None
            except (openai.OpenAIError, TimeoutError, EncodingError) as problem:
                reason = self.endpoint.without_key(_root_cause(problem))[:MAX_COMPLAINT_CHARACTERS]
                raise ModelError(f"{self.name} at {self.endpoint.where} does not answer: {reason}") from None
            if structure and request.response_format:
                self._structures[request.response_format.digest] = structure
            return self._completion(request, answer, structure, len(body))

    def _payload(self, request: Request, structure: Structure | None) -> dict[str, Any]:
        """The request body of the chat-completions API."""
        payload: dict[str, Any] = {
            "model": self.model,
            "messages": [message.wire() for message in self._messages(request, structure)],
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
        return payload

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
        self, request: Request, answer: "_ChatCompletion", structure: Structure | None, sent_bytes: int
    ) -> Completion:
        choice = answer.choices[0]
        text = choice.message.content or choice.message.refusal or ""
        calls, problem = _tool_calls(choice.message.tool_calls or ())
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
            usage=_usage(answer, sent_bytes),
        )


class _ResponsePart(BaseModel):
    """A part of a response, of which only the fields that are used are declared; endpoints add many others."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _ReceivedFunction(_ResponsePart):
    name: str
    arguments: str | None = None


class _ReceivedCall(_ResponsePart):
    id: str | None = None
    function: _ReceivedFunction


class _ReceivedMessage(_ResponsePart):
    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[_ReceivedCall, ...] | None = None


class _Choice(_ResponsePart):
    message: _ReceivedMessage
    finish_reason: str | None = None


class _PromptDetails(_ResponsePart):
    cached_tokens: int | None = None


class _ReceivedUsage(_ResponsePart):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None


class _ChatCompletion(_ResponsePart):
    choices: Annotated[tuple[_Choice, ...], Field(min_length=1)]
    usage: _ReceivedUsage | None = None


def _tool_calls(received: tuple[_ReceivedCall, ...]) -> tuple[tuple[ToolCall, ...], str | None]:
    """The parsed tool calls and None, or no calls and what is wrong with them."""
    calls: list[ToolCall] = []
    for number, call in enumerate(received):
        try:
            arguments = decode(call.function.arguments or "{}")
        except EncodingError as problem:
            return (), f"the arguments of the call of {call.function.name} are {problem}"
        if not isinstance(arguments, dict):
            return (), f"the arguments of the call of {call.function.name} are not a JSON object"
        calls.append(ToolCall(id=call.id or f"call_{number}", name=call.function.name, arguments=arguments))
    return tuple(calls), None


def _usage(answer: _ChatCompletion, sent_bytes: int) -> Usage:
    """The usage that the endpoint reports; if it reports none, an estimate of one token per three bytes."""
    reported = answer.usage
    if reported is None:
        answer_bytes = len(answer.choices[0].message.model_dump_json().encode())
        return Usage(completions=1, prompt_tokens=-(-sent_bytes // 3), completion_tokens=-(-answer_bytes // 3))
    details = reported.prompt_tokens_details
    return Usage(
        completions=1,
        prompt_tokens=reported.prompt_tokens,
        cached_tokens=(details.cached_tokens or 0) if details else 0,
        completion_tokens=reported.completion_tokens,
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
