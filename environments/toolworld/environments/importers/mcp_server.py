"""Importer of running MCP servers: the tools that one lists, over HTTP or over the input and output of a command.

Its tools are listed and never called: how they behave is inferred as for any other document.
"""

import shlex
from collections.abc import Sequence
from contextlib import AsyncExitStack

from anyio import fail_after
from mcp import Client, StdioServerParameters
from mcp_types import Tool
from pydantic import ValidationError

from toolworld.environments.importers.found_toolset import (
    FoundToolset,
    ImportedItem,
    OperationDraft,
    environment_id,
    finished,
    list_of,
    object_of,
)
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Toolset
from toolworld.ground import JsonObject, RecordError, UsageError, describe_error, reason_of

SECONDS = 30
"""How long a server may take to list its tools."""
MAX_LISTED = 2_000
"""How many tools are taken."""


async def read_mcp_server(place: str) -> FoundToolset:
    """Make a toolset of the tools that a server lists.

    Args:
        place: The URL of a server, or the command that starts one, with its arguments.

    Raises:
        UsageError: no MCP server answers there in time, or it has no tools.
    """
    try:
        with fail_after(SECONDS):
            title, tools = await _listed(place)
    except Exception as problem:  # noqa: BLE001 - whatever a stranger's server does is no fault of ours
        raise UsageError(f"{place}: no MCP server answers there: {_reason(problem)}") from None
    if not tools:
        raise UsageError(f"{place}: the MCP server lists no tools")
    return _toolset(title, tools)


def toolset_of_listing(title: str, listing: Sequence[JsonObject]) -> FoundToolset:
    """Make a toolset of tools as `tools/list` has them.

    Raises:
        RecordError: one of them is not a tool.
    """
    try:
        return _toolset(title, [Tool.model_validate(one) for one in listing])
    except ValidationError as problem:
        raise RecordError(f"the list of tools of {title}: {describe_error(problem)}") from None


def _reason(problem: Exception) -> str:
    return "it did not answer in time" if isinstance(problem, TimeoutError) else reason_of(problem)


def _toolset(title: str, tools: Sequence[Tool]) -> FoundToolset:
    made = environment_id(title)
    operations, items = finished([(f"{title}#{one.name}", _draft(one)) for one in tools[:MAX_LISTED]], made)
    items += [
        ImportedItem(item=f"{title}#{one.name}", outcome="refused", why=f"only {MAX_LISTED:,} tools are taken")
        for one in tools[MAX_LISTED:]
    ]
    description = f"Imported from the MCP server {title}."
    return FoundToolset(Toolset(made, title, title, description, operations), tuple(items))


async def _listed(place: str) -> tuple[str, Sequence[Tool]]:
    """The name of a server, and all its tools."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(Client(mcp_target(place)))
        tools: list[Tool] = []
        cursor: str | None = None
        while len(tools) <= MAX_LISTED:
            page = await client.list_tools(cursor=cursor)
            tools += page.tools
            cursor = page.next_cursor
            if not cursor:
                break
        return client.server_info.name if client.server_info else "tools", tools


def mcp_target(place: str) -> str | StdioServerParameters:
    """What the MCP SDK's client takes: the URL of a server, or the command that starts one, with its arguments."""
    if place.startswith(("http://", "https://")):
        return place
    command, *arguments = shlex.split(place) or [""]
    return StdioServerParameters(command=command, args=arguments)


def _draft(tool: Tool) -> OperationDraft:
    draft = OperationDraft(original=tool.name, description=tool.description or tool.title or tool.name)
    hint = tool.annotations.read_only_hint if tool.annotations is not None else None
    draft.stated_effect = None if hint is None else "read" if hint else "write"
    schema = object_of(tool.input_schema)
    required = list_of(schema.get("required"))
    for name, shape in object_of(schema.get("properties")).items():
        draft.add(name, shape, required=name in required)
        if object_of(shape).get("default") == "" and name not in required:
            draft.parameters[-1].schema["default"] = ""  # in other documents this often means that there is none
    draft.response = mended(tool.output_schema, draft.mends)
    return draft
