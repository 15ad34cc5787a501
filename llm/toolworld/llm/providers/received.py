"""Answers of chat-completion endpoints: read leniently, since endpoints differ, and not believed blindly."""

from typing import Annotated, Any, NamedTuple, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from toolworld.ground import EncodingError, JsonValue, decode, describe_error, encode
from toolworld.llm.message import ToolCall
from toolworld.llm.usage import Usage

TEMPLATE_TOKENS = 2_000
"""What a chat template may add to a prompt, besides a token for each byte that was sent."""
MAX_REFUSAL_BYTES = 2_000
"""How much of a refusal in words is read."""


class UnusableAnswerError(Exception):
    """An endpoint answered something else than a chat completion.

    Args:
        message: What it answered.
        may_recover: Whether the same request may well be answered if it is sent again.
    """

    def __init__(self, message: str, may_recover: bool = False) -> None:
        super().__init__(message)
        self.may_recover = may_recover


class _ReceivedPart(BaseModel):
    """A part of an answer, of which only the fields that are used are declared; endpoints add many others."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _joined(content: object) -> object:
    """The text of a content that comes as a list of parts."""
    if not isinstance(content, list):
        return content
    parts = [cast("dict[str, object]", part) for part in cast("list[object]", content) if isinstance(part, dict)]
    return "".join(str(part["text"]) for part in parts if isinstance(part.get("text"), str))


def _counted(tokens: object) -> object:
    """A count of tokens; what is none counts as not reported."""
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) and tokens >= 0 else 0


Text = Annotated[str | None, BeforeValidator(_joined)]
Count = Annotated[int, BeforeValidator(_counted)]


class ReceivedFunction(_ReceivedPart):
    """The function of a call."""

    name: str
    arguments: Any = None


class ReceivedCall(_ReceivedPart):
    """A tool call."""

    id: str | None = None
    function: ReceivedFunction


class ReceivedMessage(_ReceivedPart):
    """The message of a choice."""

    content: Text = None
    refusal: str | None = None
    reasoning_content: Text = None
    tool_calls: tuple[ReceivedCall, ...] | None = None


class ReceivedChoice(_ReceivedPart):
    """A choice."""

    message: ReceivedMessage
    finish_reason: str | None = None


class ReceivedPromptDetails(_ReceivedPart):
    """Details of the prompt's tokens."""

    cached_tokens: Count = 0


class ReceivedUsage(_ReceivedPart):
    """The usage that an endpoint reports."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    prompt_tokens_details: ReceivedPromptDetails | None = None


class ReceivedCompletion(_ReceivedPart):
    """A chat completion."""

    choices: Annotated[tuple[ReceivedChoice, ...], Field(min_length=1)]
    usage: ReceivedUsage | None = None


def read_completion(body: bytes) -> ReceivedCompletion:
    """Read the body of an answer with status 200.

    Raises:
        UnusableAnswerError: it is no chat completion; the message quotes the endpoint's own complaint, if there is one.
    """
    try:
        answer = decode(body)
    except EncodingError as problem:
        raise UnusableAnswerError(f"something else than a chat completion: {problem}", may_recover=True) from None
    if not isinstance(answer, dict):
        raise UnusableAnswerError("something else than a chat completion: no JSON object")
    error = answer.get("error")
    if error:
        raise UnusableAnswerError(f"with an error: {_quoted(error)}", may_recover=_may_recover(error))
    if not answer.get("choices"):
        raise UnusableAnswerError("with no choices", may_recover=True)
    try:
        return ReceivedCompletion.model_validate(answer)
    except ValidationError as problem:
        raise UnusableAnswerError(f"something else than a chat completion: {describe_error(problem)}") from None


class Refusal(NamedTuple):
    """What an endpoint says about a request that it refuses."""

    message: str
    """On one line."""
    param: str | None
    """The parameter that it complains of, where it names one."""


def read_refusal(body: bytes) -> Refusal:
    """Read the body of an answer with an error status: an OpenAI error, another server's JSON, or words."""
    try:
        answer = decode(body)
    except EncodingError:
        return Refusal(" ".join(body[:MAX_REFUSAL_BYTES].decode(errors="replace").split()), None)
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    param = error.get("param") if isinstance(error, dict) else None
    return Refusal(_quoted(error), param if isinstance(param, str) else None)


def read_tool_calls(received: tuple[ReceivedCall, ...]) -> tuple[tuple[ToolCall, ...], str | None]:
    """The parsed tool calls and None, or no calls and what is wrong with them."""
    calls: list[ToolCall] = []
    for number, call in enumerate(received):
        try:
            arguments = _read_arguments(call.function.arguments)
            encode(arguments)
        except EncodingError as problem:
            return (), f"the arguments of the call of {call.function.name} are {problem}"
        if not isinstance(arguments, dict):
            return (), f"the arguments of the call of {call.function.name} are not a JSON object"
        calls.append(ToolCall(id=call.id or f"call_{number}", name=call.function.name, arguments=arguments))
    return tuple(calls), None


def _read_arguments(arguments: Any) -> JsonValue:
    """Arguments as endpoints write them: as JSON text, blank, as an object, or as JSON text in JSON text."""
    for _ in range(3):
        if not isinstance(arguments, str):
            break
        arguments = decode(arguments) if arguments.strip() else {}
    return {} if arguments is None else arguments


def read_usage(answer: ReceivedCompletion, sent_bytes: int, max_tokens: int) -> Usage:
    """The usage that an endpoint reports, within reason.

    What it does not report is estimated, one token for three bytes. It cannot report more prompt tokens than it was
    sent bytes, nor more completion tokens than were allowed or came.
    """
    reported = answer.usage or ReceivedUsage()
    answer_bytes = len(answer.choices[0].message.model_dump_json().encode())
    prompt = min(reported.prompt_tokens, sent_bytes + TEMPLATE_TOKENS) or -(-sent_bytes // 3)
    completion = min(reported.completion_tokens, max(max_tokens, answer_bytes)) or -(-answer_bytes // 3)
    details = reported.prompt_tokens_details
    cached = min(details.cached_tokens, prompt) if details else 0
    return Usage(completions=1, prompt_tokens=prompt, cached_tokens=cached, completion_tokens=completion)


def _quoted(error: JsonValue) -> str:
    message = error.get("message") if isinstance(error, dict) else error
    return " ".join((message if isinstance(message, str) else encode(error).decode()).split())


def _may_recover(error: JsonValue) -> bool:
    code = error.get("code") or error.get("status") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal() and len(code) < 9:
        code = int(code)
    return isinstance(code, int) and (code in (408, 409, 429) or code >= 500)
