"""The `conformance` environment as an MCP server, with sessions of the SDK's own so that it can ask clients back."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Receive, Scope, Send
from tests.foreign.conformance_server.canned import PROMPTS, TEMPLATE, get_prompt, list_resources, read_resource
from tests.foreign.conformance_server.rounds import prompt_in_rounds
from tests.foreign.conformance_server.tools import TOOLS, Caller, Context, input_schema, of_the_handshake_era

NAME = "conformance"


class ConformanceEndpoint:
    """Serves the `conformance` environment.

    Args:
        version: Of toolworld.
        json: Answer with one JSON document rather than with a stream: without log messages and progress.
        largest: Bytes of a request's body.
    """

    def __init__(self, version: str, json: bool, largest: int) -> None:
        self._manager = StreamableHTTPSessionManager(
            build_conformance_server(version),
            json_response=json,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=largest,
        )

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Be ready to answer, until left."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = [(name, value.strip()) for name, value in scope["headers"]]
        await self._manager.handle_request({**scope, "headers": headers}, receive, send)


def build_conformance_server(version: str) -> Server[Any]:
    """Build the server."""
    bus = InMemorySubscriptionBus()
    hint = CacheHint(ttl_ms=0, scope="public")
    with of_the_handshake_era():
        server: Server[Any] = Server(  # pyright: ignore[reportDeprecated] - logging is of the handshake era
            NAME,
            version=version,
            instructions="A server with every feature of MCP, for clients and suites that test the protocol.",
            cache_hints={
                "tools/list": hint,
                "prompts/list": hint,
                "resources/list": hint,
                "resources/templates/list": hint,
                "resources/read": hint,
            },
            get_tool_input_schema=input_schema,
            on_list_tools=_list_tools,
            on_call_tool=Caller(bus).call,
            on_list_resources=_list_resources,
            on_list_resource_templates=_list_templates,
            on_read_resource=_read_resource,
            on_subscribe_resource=_acknowledge,
            on_unsubscribe_resource=_acknowledge,
            on_subscriptions_listen=ListenHandler(bus),
            on_list_prompts=_list_prompts,
            on_get_prompt=_get_prompt,
            on_completion=_complete,
            on_set_logging_level=_acknowledge,
        )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


async def _list_tools(_: Context, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
    return types.ListToolsResult(tools=TOOLS)


async def _list_resources(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
    return list_resources()


async def _list_templates(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult(resource_templates=[TEMPLATE])


async def _read_resource(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    return read_resource(str(params.uri))


async def _acknowledge(_: Context, __: Any) -> types.EmptyResult:
    return types.EmptyResult()


async def _list_prompts(_: Context, __: types.PaginatedRequestParams | None) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=list(PROMPTS.values()))


async def _get_prompt(
    _: Context, params: types.GetPromptRequestParams
) -> types.GetPromptResult | types.InputRequiredResult:
    if params.name == "test_input_required_result_prompt":
        return prompt_in_rounds(dict(params.input_responses or {}))
    return get_prompt(params.name, dict(params.arguments or {}))


async def _complete(_: Context, params: types.CompleteRequestParams) -> types.CompleteResult:
    known = [word for word in ("paris", "park", "party") if word.startswith(params.argument.value.lower())]
    return types.CompleteResult(completion=types.Completion(values=known, total=len(known), has_more=False))
