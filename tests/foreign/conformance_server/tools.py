"""The tools of the `conformance` environment: what they are, and how each is answered."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, simplefilter

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, PromptsListChanged, ToolsListChanged
from mcp.shared.exceptions import MCPDeprecationWarning, NoBackChannelError
from tests.foreign.conformance_server.canned import CONTENTS
from tests.foreign.conformance_server.rounds import answer_in_rounds, require_sampling

Context = ServerRequestContext[Any, Any]
Answer = types.CallToolResult | types.InputRequiredResult
_EMPTY: dict[str, Any] = {"type": "object", "properties": {}}

SCHEMA_2020_12: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
_RESPONSE: dict[str, Any] = {
    "type": "object",
    "properties": {"response": {"type": "string", "description": "The user's response"}},
    "required": ["response"],
}
_DEFAULTS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "description": "User name", "default": "John Doe"},
        "age": {"type": "integer", "description": "User age", "default": 30},
        "score": {"type": "number", "description": "User score", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "description": "Verification status", "default": True},
    },
    "required": [],
}


def _titled(**titles: str) -> list[dict[str, str]]:
    return [{"const": name, "title": title} for name, title in titles.items()]


_ENUMS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
        "titledSingle": {"type": "string", "oneOf": _titled(value1="First", value2="Second", value3="Third")},
        "legacyEnum": {"type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]},
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
        "titledMulti": {"type": "array", "items": {"anyOf": _titled(value1="First", value2="Second", value3="Third")}},
    },
    "required": [],
}


def _text_argument(name: str, **more: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string", **more}}, "required": [name]}


_SCHEMAS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(CONTENTS, _EMPTY),
    "test_error_handling": _EMPTY,
    "test_tool_with_logging": _EMPTY,
    "test_logging_tool": _EMPTY,
    "test_tool_with_progress": _EMPTY,
    "test_reconnection": _EMPTY,
    "test_sampling": _text_argument("prompt"),
    "test_elicitation": _text_argument("message"),
    "test_elicitation_sep1034_defaults": _EMPTY,
    "test_elicitation_sep1330_enums": _EMPTY,
    "test_missing_capability": _EMPTY,
    "test_streaming_elicitation": _EMPTY,
    "test_trigger_tool_change": _EMPTY,
    "test_trigger_prompt_change": _EMPTY,
    "test_x_mcp_header": _text_argument("region", **{"x-mcp-header": "Region"}),
    "json_schema_2020_12_tool": SCHEMA_2020_12,
    **{
        f"test_input_required_result_{what}": _EMPTY
        for what in (
            "elicitation",
            "sampling",
            "list_roots",
            "request_state",
            "multiple_inputs",
            "multi_round",
            "tampered_state",
            "capabilities",
        )
    },
}
TOOLS = [
    types.Tool(name=name, description=name.replace("_", " ").capitalize() + ".", input_schema=schema)
    for name, schema in _SCHEMAS.items()
]


def input_schema(name: str) -> dict[str, Any] | None:
    """A tool's input schema."""
    return _SCHEMAS.get(name)


class Caller:
    """Answers calls."""

    def __init__(self, bus: InMemorySubscriptionBus) -> None:
        self._bus = bus

    async def call(self, ctx: Context, params: types.CallToolRequestParams) -> Answer:
        """Answer a call.

        Raises:
            MCPError: there is no such tool, or the client lacks a capability that it needs.
        """
        name, arguments = params.name, params.arguments or {}
        if name not in _SCHEMAS:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {name[:80]!r}")
        capabilities = ctx.session.client_capabilities
        rounds = answer_in_rounds(name, dict(params.input_responses or {}), params.request_state, capabilities)
        if rounds is not None:
            return rounds
        if name in CONTENTS:
            return types.CallToolResult(content=CONTENTS[name])
        if name == "test_error_handling":
            return _said("This tool intentionally returns an error for testing", is_error=True)
        if name == "test_missing_capability":
            require_sampling(capabilities)
        return _said(await self._act(ctx, name, arguments))

    async def _act(self, ctx: Context, name: str, arguments: dict[str, Any]) -> str:
        match name:
            case "test_tool_with_logging" | "test_logging_tool":
                for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
                    await _log(ctx, message)
                    await anyio.sleep(0.05)
            case "test_tool_with_progress":
                for done in (0, 50, 100):
                    await ctx.session.report_progress(done, 100, f"Completed step {done} of 100")
                    await anyio.sleep(0.05)
            case "test_reconnection":
                await _log(ctx, "before the stream is closed")
                if ctx.close_sse_stream is not None:
                    await ctx.close_sse_stream()
                await anyio.sleep(0.2)
                await _log(ctx, "after it was opened again")
            case "test_trigger_tool_change":
                await self._bus.publish(ToolsListChanged())
            case "test_trigger_prompt_change":
                await self._bus.publish(PromptsListChanged())
            case _:
                return await _ask_back(ctx, name, arguments)
        return f"{name} is done"


async def _ask_back(ctx: Context, name: str, arguments: dict[str, Any]) -> str:
    """Answer the tools that ask the client something during the call, as the handshake era can."""
    match name:
        case "test_sampling":
            return await _sample(ctx, str(arguments.get("prompt", "")))
        case "test_elicitation":
            return await _elicit(ctx, str(arguments.get("message", "")), _RESPONSE)
        case "test_elicitation_sep1034_defaults":
            return await _elicit(ctx, "Please review and update the form fields with defaults", _DEFAULTS)
        case "test_elicitation_sep1330_enums":
            return await _elicit(ctx, "Please select options from the enum fields", _ENUMS)
        case _:
            return f"{name} was called with {sorted(arguments)}"


@contextmanager
def of_the_handshake_era() -> Generator[None]:
    """Begin what the modern era has done away with, and the suite still tests; the SDK warns of it."""
    with catch_warnings():
        simplefilter("ignore", MCPDeprecationWarning)
        yield


async def _log(ctx: Context, message: str) -> None:
    with of_the_handshake_era():
        sending = ctx.session.send_log_message(  # pyright: ignore[reportDeprecated]
            "info", message, "conformance", related_request_id=ctx.request_id
        )
    await sending


async def _sample(ctx: Context, prompt: str) -> str:
    said = types.SamplingMessage(role="user", content=types.TextContent(text=prompt))
    with of_the_handshake_era():
        asking = ctx.session.create_message(  # pyright: ignore[reportDeprecated]
            [said], max_tokens=100, related_request_id=ctx.request_id
        )
    try:
        result = await asking
    except NoBackChannelError:
        return "this connection cannot carry a request to the client"
    return f"LLM response: {result.content.text if isinstance(result.content, types.TextContent) else ''}"


async def _elicit(ctx: Context, message: str, wanted: dict[str, Any]) -> str:
    try:
        result = await ctx.session.elicit_form(message, wanted, related_request_id=ctx.request_id)
    except NoBackChannelError:
        return "this connection cannot carry a request to the client"
    return f"User response: action={result.action}, content={result.content or {}}"


def _said(text: str, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=text)], is_error=is_error)
