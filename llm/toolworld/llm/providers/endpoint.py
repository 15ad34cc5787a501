"""Models behind OpenAI-compatible endpoints: hosted, vLLM, llama.cpp, Ollama.

Status codes that may pass (408, 409, 429, 5xx), time-outs and connections that break, in the middle
of a body too, are tried again by the `openai` package: with backoff, and as long as Retry-After says.
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

SHOWN = 300
"""How many characters of an endpoint's complaint a message quotes."""
WEAKER: dict[Structure, Structure] = {"strict": "schema", "schema": "object", "object": "text"}
"""What is tried where an endpoint refuses a way of holding an answer to its form."""
_REFUSALS = frozenset({400, 404, 415, 422, 500, 501})
"""How endpoints answer to a `response_format` that they do not know."""
_JSON = {"Content-Type": "application/json"}
_FINISHES: dict[str, Finish] = {"length": "length", "tool_calls": "tool_calls", "content_filter": "filter"}


@dataclass(slots=True)
class Endpoint:
    """A connection to an endpoint, shared by the models behind it."""

    client: openai.AsyncOpenAI
    where: str
    """What messages call it."""
    retry_policy: RetryPolicy
    slots: anyio.CapacityLimiter
    key: str | None
    """Taken out of everything that comes back."""
    _free_from: float = 0.0
    """When the next request may begin."""

    async def post(self, body: bytes) -> "_Answer":
        """Send a request and give the answer, without the key wherever it stood in it.

        Raises:
            ValidationError: the answer is no chat completion.
            openai.OpenAIError: the endpoint refuses, or does not answer.
            TimeoutError: all tries together took too long.
        """
        async with self.slots:
            now = anyio.current_time()
            begins = max(now, self._free_from)
            self._free_from = begins + self.retry_policy.spacing
            if begins > now:
                await anyio.sleep(begins - now)
            with anyio.fail_after(self.retry_policy.total_seconds):
                answer = await self.client.post(
                    "/chat/completions", content=body, options={"headers": _JSON}, cast_to=object
                )
        return _Answer.model_validate_json(self.without_key(encode(answer).decode()))

    def without_key(self, text: str) -> str:
        """Take the key out of a text."""
        return text.replace(self.key, "[key]") if self.key else text


@asynccontextmanager
async def connect(url: str, key: str | None, retry_policy: RetryPolicy) -> AsyncGenerator[Endpoint]:
    """Connect to an endpoint; nothing is sent yet.

    The transport is aiohttp's: the default one takes twice the CPU time a request.
    """
    client = openai.AsyncOpenAI(
        base_url=url,
        api_key=key or "none",
        max_retries=retry_policy.retries,
        timeout=retry_policy.seconds,
        http_client=openai.DefaultAioHttpClient(timeout=retry_policy.seconds, trust_env=False),
    )
    try:
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
    """What the endpoint calls it."""
    dialect: Dialect = "schema"
    is_small: bool = False
    structure: Structure = "schema"
    """How answers are held to their form, where nothing else is known of the form."""
    _known: dict[str, Structure] = field(default_factory=dict[str, Structure])
    """The way that has worked, by form: endpoints refuse some schemas and take others."""

    async def complete(self, request: Request) -> Completion:
        """Answer once, in a weaker way of holding the answer to its form where the endpoint does not know the stronger.

        Raises:
            ModelError: the endpoint cannot be reached, refuses the request, or answers something else.
        """
        structure = self._known.get(request.response_format.digest, self.structure) if request.response_format else None
        first: str | None = None
        while True:
            try:
                body = encode(self._payload(request, structure))
                answer = await self.endpoint.post(body)
            except openai.APIStatusError as problem:
                said = self.endpoint.without_key(_said(problem))[:SHOWN]
                first = first or f"{self.name} at {self.endpoint.where} refused the request: {said}"
                weaker = WEAKER.get(structure) if structure else None
                if weaker is None or problem.status_code not in _REFUSALS:
                    raise ModelError(first, unbilled=problem.status_code < 500) from None
                structure = weaker
                continue
            except ValidationError as problem:
                said = self.endpoint.without_key(describe_error(problem))
                raise ModelError(
                    f"{self.name} at {self.endpoint.where} answered something else than a chat completion: {said}"
                ) from None
            except (openai.OpenAIError, TimeoutError, EncodingError) as problem:
                said = self.endpoint.without_key(_root(problem))[:SHOWN]
                raise ModelError(f"{self.name} at {self.endpoint.where} does not answer: {said}") from None
            if structure and request.response_format:
                self._known[request.response_format.digest] = structure
            return self._read(request, answer, structure, len(body))

    def _payload(self, request: Request, structure: Structure | None) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "model": self.model,
            "messages": [message.wire() for message in self._worded(request, structure)],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
        }
        if self.dialect == "strict":  # hosted models count what they think as well
            payload["max_completion_tokens"] = payload.pop("max_tokens")
        if request.seed is not None:
            payload["seed"] = request.seed
        if request.tools:
            payload["tools"] = [{"type": "function", "function": tool.model_dump()} for tool in request.tools]
            payload["parallel_tool_calls"] = True
        if request.response_format and structure in ("strict", "schema"):
            schema = request.response_format.in_dialect(self._dialect(structure)).schema
            strict = structure == "strict" or self.dialect != "strict"
            named = {"name": request.response_format.name, "schema": schema, "strict": strict}
            payload["response_format"] = {"type": "json_schema", "json_schema": named}
        elif request.response_format and structure == "object":
            payload["response_format"] = {"type": "json_object"}
        return payload

    def _dialect(self, structure: Structure) -> Dialect:
        return "strict" if structure == "strict" else "schema" if self.dialect == "strict" else self.dialect

    def _worded(self, request: Request, structure: Structure | None) -> tuple[Message, ...]:
        """Put the form into words for endpoints that cannot be given the schema."""
        if request.response_format is None or structure in ("strict", "schema"):
            return request.messages
        schema = encode(request.response_format.schema).decode()
        words = f"Answer with one JSON object and nothing else. It must match this JSON Schema:\n{schema}"
        head = request.messages[0]
        if head.role != "system":
            return (Message(role="system", content=words), *request.messages)
        return (Message(role="system", content=f"{head.content}\n\n{words}"), *request.messages[1:])

    def _read(self, request: Request, answer: "_Answer", structure: Structure | None, sent: int) -> Completion:
        choice = answer.choices[0]
        text = choice.message.content or choice.message.refusal or ""
        calls, problem = _tool_calls(choice.message.tool_calls or ())
        value = None
        finish = _FINISHES.get(choice.finish_reason or "", "stop")
        if request.response_format and problem is None:
            told = self._dialect(structure) if structure in ("strict", "schema") else None
            value, problem = request.response_format.read(text, told)
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
            usage=_usage(answer, sent),
        )


class _Given(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _GivenFunction(_Given):
    name: str
    arguments: str | None = None


class _GivenCall(_Given):
    id: str | None = None
    function: _GivenFunction


class _GivenMessage(_Given):
    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[_GivenCall, ...] | None = None


class _Choice(_Given):
    message: _GivenMessage
    finish_reason: str | None = None


class _PromptDetails(_Given):
    cached_tokens: int | None = None


class _GivenUsage(_Given):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _PromptDetails | None = None


class _Answer(_Given):
    choices: Annotated[tuple[_Choice, ...], Field(min_length=1)]
    usage: _GivenUsage | None = None


def _tool_calls(given: tuple[_GivenCall, ...]) -> tuple[tuple[ToolCall, ...], str | None]:
    """Read the calls of tools, or say what is wrong with them."""
    calls: list[ToolCall] = []
    for number, call in enumerate(given):
        try:
            arguments = decode(call.function.arguments or "{}")
        except EncodingError as problem:
            return (), f"the arguments of the call of {call.function.name} are {problem}"
        if not isinstance(arguments, dict):
            return (), f"the arguments of the call of {call.function.name} are not a JSON object"
        calls.append(ToolCall(id=call.id or f"call_{number}", name=call.function.name, arguments=arguments))
    return tuple(calls), None


def _usage(answer: _Answer, sent: int) -> Usage:
    """Read what an answer cost in tokens; an endpoint that does not say is taken to use three bytes for one."""
    used = answer.usage
    if used is None:
        said = len(answer.choices[0].message.model_dump_json().encode())
        return Usage(completions=1, prompt_tokens=-(-sent // 3), completion_tokens=-(-said // 3))
    details = used.prompt_tokens_details
    return Usage(
        completions=1,
        prompt_tokens=used.prompt_tokens,
        cached_tokens=(details.cached_tokens or 0) if details else 0,
        completion_tokens=used.completion_tokens,
    )


def _root(problem: BaseException) -> str:
    """Give what lies beneath: `Connection refused` says more than `Connection error`."""
    told = str(problem) or type(problem).__name__
    beneath = problem.__cause__
    while beneath is not None:
        told = str(beneath) or told
        beneath = beneath.__cause__
    return told


def _said(problem: openai.APIStatusError) -> str:
    """Give what an endpoint complains of, in short."""
    body = cast("object", problem.body)
    told = cast("dict[str, object]", body).get("message") if isinstance(body, dict) else None
    said = told if isinstance(told, str) else problem.message
    return f"status {problem.status_code}: {' '.join(said.split())}"
