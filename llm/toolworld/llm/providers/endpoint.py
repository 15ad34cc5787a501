"""Models behind OpenAI-compatible endpoints: hosted, vLLM, llama.cpp, Ollama."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from orjson import Fragment

from toolworld.ground import EncodingError, ModelError, encode, encode_joined
from toolworld.llm.formats.schema_dialects import Dialect
from toolworld.llm.message import Message, Reasoning
from toolworld.llm.model import Completion, Finish, Request, Structure
from toolworld.llm.providers.connection import Endpoint, RefusedRequestError
from toolworld.llm.providers.received import (
    ReceivedCompletion,
    UnusableAnswerError,
    read_refusal,
    read_tool_calls,
    read_usage,
)

MAX_COMPLAINT_CHARACTERS = 300
"""Length to which an endpoint's error message is cut when it is quoted."""
WEAKER_STRUCTURE: dict[Structure, Structure] = {"strict": "schema", "schema": "object", "object": "text"}
"""The next weaker way to enforce a response format, for endpoints that refuse the stronger one."""
_UNSUPPORTED_STATUSES = frozenset({400, 404, 415, 422, 500, 501})
"""Status codes with which endpoints answer to a `response_format` that they do not support."""
# fmt: off
_OPTIONAL_PARAMETERS = (
    "parallel_tool_calls", "temperature", "top_p", "stop", "seed", "max_completion_tokens", "max_tokens",
)
# fmt: on
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
                body = encode_joined(payload)
                answer = await self.endpoint.post(body)
            except RefusedRequestError as problem:
                # The key is removed before the text is cut, since a part of the key would not be recognized. If every
                # structure is refused, the first reason is reported: the request itself is at fault, not its format.
                said = read_refusal(problem.body)
                complaint = self.endpoint.without_key(f"status {problem.status}: {said.message}")
                complaint = complaint[:MAX_COMPLAINT_CHARACTERS]
                may_leave_out = problem.status in _REFUSED_STATUSES
                if may_leave_out and self._leave_out(payload, request.messages, said.param, complaint):
                    continue
                refusal = refusal or f"{self.name} at {self.endpoint.where} refused the request: {complaint}"
                weaker = WEAKER_STRUCTURE.get(structure) if structure else None
                if weaker is None or problem.status not in _UNSUPPORTED_STATUSES:
                    raise ModelError(refusal, unbilled=problem.status < 500) from None
                structure = weaker
                continue
            except UnusableAnswerError as problem:
                reason = self.endpoint.without_key(str(problem))[:MAX_COMPLAINT_CHARACTERS]
                raise ModelError(f"{self.name} at {self.endpoint.where} answered {reason}") from None
            except (aiohttp.ClientError, OSError, ValueError, EncodingError) as problem:
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
        payload |= dict(request.sampling)
        if request.tools:
            payload["tools"] = [{"type": "function", "function": Fragment(tool.encoded_wire)} for tool in request.tools]
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

    def _wire(self, message: Message) -> Fragment:
        """The message for this endpoint, as JSON."""
        thought = self._thought(message)
        return Fragment(message.encoded_wire if thought is None else encode({**message.wire(), _REASONING: thought}))

    def _thought(self, message: Message) -> str | None:
        """What this model thought before, which is sent back to it and to no other."""
        own = message.reasoning is not None and message.reasoning.model == self.name
        return message.reasoning.text if own and message.reasoning and _REASONING not in self._refused else None

    def _without_refused(self, payload: dict[str, Any]) -> dict[str, Any]:
        for name in self._refused:
            value = payload.pop(name, None)
            other = _TOKEN_LIMITS.get(name)
            if value is not None and other is not None and other not in self._refused:
                payload[other] = value
        return payload

    def _leave_out(
        self, payload: dict[str, Any], messages: Sequence[Message], param: str | None, complaint: str
    ) -> bool:
        """Remember the parameter that an endpoint complains of; False if it complains of none that was sent."""
        sent = [name for name in _OPTIONAL_PARAMETERS if name in payload]
        if any(self._thought(message) is not None for message in messages):
            sent.append(_REASONING)
        named = [name for name in sent if re.search(rf"\b{name}\b", complaint)]
        if param in sent:
            named = [param]
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
