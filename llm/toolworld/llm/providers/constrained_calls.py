"""Tool calls for models without native tool calling: a response format with one branch per tool, and one for text."""

from collections.abc import Sequence
from dataclasses import replace

from toolworld.ground import JsonSchema, JsonValue, encode
from toolworld.llm.formats.response_format import ResponseFormat
from toolworld.llm.message import Message, ToolCall
from toolworld.llm.model import Completion, Request, ToolDefinition
from toolworld.llm.providers.tool_retrieval import can_embed, most_fitting

MAX_TOOLS = 4
"""Number of tools that the model may choose from; with embeddings installed, they choose the only one."""
MAX_MESSAGES = 8
"""Number of latest messages that the model is shown."""
MAX_MESSAGE_CHARACTERS = 600
"""Length to which each message is cut."""

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
    """Rewrite a request with tools as one that asks for a tool call or for text, as JSON in a response format."""
    tools = most_fitting(_latest_user_text(request.messages), request.tools, 1 if can_embed() else MAX_TOOLS)
    branches: list[JsonValue] = [_call_schema(tool) for tool in tools]
    text: JsonSchema = {"type": "object", "properties": {"say": {"type": "string"}}, "required": ["say"]}
    response_format = ResponseFormat({"type": "object", "anyOf": [*branches, text]}, "call")
    listed = "\n".join(f"{tool.name}({', '.join(_parameter_names(tool))}): {tool.description[:120]}" for tool in tools)
    return replace(
        request,
        messages=(Message(role="system", content=_INSTRUCTIONS + listed), _transcript(request)),
        tools=(),
        response_format=response_format,
    )


def read_call(completion: Completion, request: Request) -> Completion:
    """Convert an answer in the response format of `as_form` to a tool call or to text."""
    value = completion.value
    if not isinstance(value, dict):
        return completion
    if "say" in value:
        return completion.model_copy(update={"text": str(value["say"]), "value": None})
    arguments = value.get("arguments")
    # The number of earlier calls, which makes the id unique in the conversation.
    number = sum(len(message.tool_calls) for message in request.messages)
    call = ToolCall(
        id=f"call_{number}", name=str(value["name"]), arguments=arguments if isinstance(arguments, dict) else {}
    )
    return completion.model_copy(update={"text": "", "value": None, "tool_calls": (call,), "finish": "tool_calls"})


def _call_schema(tool: ToolDefinition) -> JsonSchema:
    properties: JsonSchema = {"name": {"const": tool.name}, "arguments": tool.parameters}
    return {"type": "object", "properties": properties, "required": ["name", "arguments"]}


def _parameter_names(tool: ToolDefinition) -> list[str]:
    properties = tool.parameters.get("properties")
    return list(properties) if isinstance(properties, dict) else []


def _transcript(request: Request) -> Message:
    """The latest turns as the lines of a dialogue, as in the instructions; the model continues with the next line."""
    names = {"user": "Customer", "assistant": "You", "tool": "Tool"}
    turns = [message for message in request.messages if message.role != "system"][-MAX_MESSAGES:]
    lines = [f"{names[turn.role]}: {_line(turn)[:MAX_MESSAGE_CHARACTERS]}" for turn in turns]
    return Message(role="user", content="\n".join(lines) + "\nYou:")


def _line(message: Message) -> str:
    # Earlier turns of the model are written as it is to answer now; it can only make one call at a time.
    if message.tool_calls:
        call = message.tool_calls[0]
        return encode({"name": call.name, "arguments": call.arguments}).decode()
    return encode({"say": message.content}).decode() if message.role == "assistant" else message.content or ""


def _latest_user_text(messages: Sequence[Message]) -> str:
    texts = [message.content or "" for message in messages if message.role == "user"]
    return " ".join(texts[-2:])
