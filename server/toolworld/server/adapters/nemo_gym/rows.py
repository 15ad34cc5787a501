"""What NeMo Gym sends: rows of a dataset, and what a model answered, as items of OpenAI's Responses API."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ConfigDict, Field

from toolworld.datasets import from_chat
from toolworld.ground import EncodingError, Integer, JsonObject, JsonValue, Record, RecordError, decode
from toolworld.judges import IfUnclear
from toolworld.llm import Message


class TaskRow(Record):
    """What is used of a row; NeMo sends it back with every request, with fields of its own."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    task: str
    seed: Integer | None = None
    faults: str | None = None
    rollout: Integer = Field(default=0, alias="_ng_rollout_index")
    """Which repetition of the task it is."""
    if_unclear: IfUnclear = "none"
    """The reward where nothing failed and not everything could be decided; with `none` the rollout is left out."""


class CreateParams(Record):
    """What the model was sent first."""

    model_config = ConfigDict(extra="ignore")

    input: str | list[JsonObject] = Field(default_factory=list[JsonObject])


class ModelResponse(Record):
    """What a model answered."""

    model_config = ConfigDict(extra="ignore")

    output: list[JsonObject]

    @property
    def calls(self) -> list[JsonObject]:
        """The tool calls, in order."""
        return [item for item in self.output if item.get("type") == "function_call"]

    @property
    def said(self) -> str:
        """What it said, in one text."""
        return "\n".join(words for item in self.output if _is_spoken(item) if (words := _words(item.get("content"))))

    @property
    def answer(self) -> str | None:
        """The last thing that was said; None where nothing was."""
        spoken = [words for item in self.output if _is_spoken(item) if (words := _words(item.get("content")))]
        return spoken[-1] if spoken else None


class StepRow(TaskRow):
    """A row with what the model answered in this turn."""

    response: ModelResponse


class RewardedRows(Record):
    """The rows of many rollouts with their rewards."""

    model_config = ConfigDict(extra="ignore")

    verify_responses: list[dict[str, Any]]


class FinishedRow(StepRow):
    """A row with all that the model answered, and what it was told."""

    responses_create_params: CreateParams = CreateParams()

    @property
    def conversation(self) -> Sequence[Message]:
        """The whole conversation; empty where it cannot be read, so that only the last words count."""
        begin = self.responses_create_params.input
        items: list[JsonObject] = [{"role": "user", "content": begin}] if isinstance(begin, str) else begin
        try:
            return from_chat([*_as_chat([*items, *self.response.output])])
        except RecordError:
            return ()


def _as_chat(items: Sequence[JsonObject]) -> Iterator[JsonObject]:
    """Items of the Responses API as messages of chat completions."""
    for item in items:
        match item.get("type", "message"):
            case "function_call":
                function: JsonObject = {"name": item.get("name"), "arguments": _readable(item.get("arguments"))}
                call: JsonObject = {"id": item.get("call_id"), "type": "function", "function": function}
                yield {"role": "assistant", "content": None, "tool_calls": [call]}
            case "function_call_output":
                output = item.get("output")
                text = output if isinstance(output, str) else _words(output)
                yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": text}
            case "message":
                yield {"role": item.get("role"), "content": _words(item.get("content"))}
            case _:  # thoughts, which nobody heard
                continue


def _readable(arguments: JsonValue) -> JsonValue:
    """Arguments that a model wrote, or none where it wrote no JSON: the call was refused then."""
    try:
        return arguments if isinstance(arguments, str) and isinstance(decode(arguments), dict) else "{}"
    except EncodingError:
        return "{}"


def _is_spoken(item: JsonObject) -> bool:
    return item.get("type", "message") == "message" and item.get("role") == "assistant"


def _words(content: JsonValue) -> str:
    """The text of a content, which is a text or a list of parts."""
    if isinstance(content, list):
        parts: list[Any] = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
