"""Calls of tools for models that only follow a form: one of the tools with its arguments, or words."""

from collections.abc import Sequence
from dataclasses import replace

from toolworld.ground import JsonSchema, JsonValue, encode
from toolworld.llm.formats.response_format import ResponseFormat
from toolworld.llm.message import Message, ToolCall
from toolworld.llm.model import Completion, Request, ToolDefinition
from toolworld.llm.providers.tool_retrieval import can_embed, most_fitting

OFFERED = 4
"""How many tools a small model may choose from, where embeddings have not chosen for it."""
RECENT = 8
"""How many of the latest messages it is shown."""
LONGEST = 600
"""Characters of a message."""

_INSTRUCTIONS = """You help a customer by calling tools. Answer with one JSON object:
{"name": TOOL, "arguments": {...}} calls a tool, {"say": TEXT} says something to the customer.

Customer: Where is my parcel P-77?
You: {"name": "track_parcel", "arguments": {"parcel_id": "P-77"}}
Tool: {"parcel_id": "P-77", "status": "on its way"}
You: {"say": "Your parcel P-77 is on its way."}
Customer: Cancel my parcel please.
You: {"say": "What is the number of the parcel?"}

The tools:
"""


def as_form(request: Request) -> Request:
    """Ask for a call of a tool, or for words, as JSON."""
    tools = most_fitting(_latest_words(request.messages), request.tools, 1 if can_embed() else OFFERED)
    branches: list[JsonValue] = [_branch(tool) for tool in tools]
    words: JsonSchema = {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]}
    form = ResponseFormat({"type": "object", "anyOf": [*branches, words]}, "call")
    listed = "\n".join(f"{tool.name}({', '.join(_parameters(tool))}): {tool.description[:120]}" for tool in tools)
    return replace(
        request,
        messages=(Message(role="system", content=_INSTRUCTIONS + listed), _told(request)),
        tools=(),
        response_format=form,
    )


def read_call(completion: Completion, request: Request) -> Completion:
    """Give an answer in the form as a call of a tool, or as words."""
    value = completion.value
    if not isinstance(value, dict):
        return completion
    if "say" in value:
        return completion.model_copy(update={"text": str(value["say"]), "value": None})
    arguments = value.get("arguments")
    number = sum(len(message.tool_calls) for message in request.messages)
    call = ToolCall(
        id=f"call_{number}", name=str(value["name"]), arguments=arguments if isinstance(arguments, dict) else {}
    )
    return completion.model_copy(update={"text": "", "value": None, "tool_calls": (call,), "finish": "tool_calls"})


def _branch(tool: ToolDefinition) -> JsonSchema:
    properties: JsonSchema = {"name": {"const": tool.name}, "arguments": tool.parameters}
    return {"type": "object", "properties": properties, "required": ["name", "arguments"]}


def _parameters(tool: ToolDefinition) -> list[str]:
    properties = tool.parameters.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _told(request: Request) -> Message:
    """Write the latest turns as a script, whose next line the model is to say."""
    names = {"user": "Customer", "assistant": "You", "tool": "Tool"}
    turns = [message for message in request.messages if message.role != "system"][-RECENT:]
    lines = [f"{names[turn.role]}: {_said(turn)[:LONGEST]}" for turn in turns]
    return Message(role="user", content="\n".join(lines) + "\nYou:")


def _said(message: Message) -> str:
    if message.tool_calls:
        call = message.tool_calls[0]
        return encode({"name": call.name, "arguments": call.arguments}).decode()
    return encode({"say": message.content}).decode() if message.role == "assistant" else message.content or ""


def _latest_words(messages: Sequence[Message]) -> str:
    said = [message.content or "" for message in messages if message.role == "user"]
    return " ".join(said[-2:])
