"""A pack as strangers meet it: every environment served over MCP, and every tool listed and called once.

`TOOLWORLD_PACK` names the pack. Arguments are made from the schemas that the server lists; where a parameter is called
as the key of a collection, it gets a key of the initial state. `size` environments are drawn; 0 for all. A tool with a
program that breaks, a listed tool that the server does not know, and an answer that is no answer, are faults.
"""

import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.served import TOKEN, Served
from tests.support.wire import MODERN, Wire, mcp_headers

from toolworld.environments import Environment, Parameter, find_environments
from toolworld.environments.compiler.bench import argument
from toolworld.environments.compiler.data.record_story import RecordStory
from toolworld.environments.normaliser.words import compact
from toolworld.ground import JsonObject, JsonValue


@dataclass(slots=True)
class ServedFindings:
    """How the calls ended."""

    environments: int = 0
    calls: int = 0
    succeeded: int = 0
    refused: int = 0
    """By the program, with an error that it documents or the language has."""
    left_to_a_model: int = 0
    cost: str = ""
    faults: list[str] = field(default_factory=list[str])


async def call_every_tool(folder: Path, size: int, seed: int) -> ServedFindings:
    """Call every tool of a pack once."""
    findings, pack = ServedFindings(), os.environ.get("TOOLWORLD_PACK")
    if pack is None:
        return findings
    found = find_environments([pack])
    drawn = random.Random(seed).sample(found, min(size, len(found))) if size else found
    began = time.monotonic()
    with Served([pack], folder / "store.sqlite", folder / "log") as server:
        async with Wire(server.port, TOKEN) as wire:
            for one in drawn:
                await _call_all(wire, one.source(), findings)
        seconds, memory = server.cpu_seconds, server.memory / 2**20
        if not server.alive:
            findings.faults.append("the server ended")
    findings.cost = (
        f"{seconds / max(findings.calls, 1) * 1000:.1f} ms of server CPU a call, {memory:.0f} MiB, "
        f"{time.monotonic() - began:.0f} s"
    )
    return findings


async def _call_all(wire: Wire, environment: Environment, findings: ServedFindings) -> None:
    """Open an episode, list its tools, and call each of them."""
    opened = await wire.ask("POST", "/episodes", {"environment": environment.id})
    if opened.status != 201:
        findings.faults.append(f"{environment.id}: no episode: {opened.status} {opened.body[:200]!r}")
        return
    episode = opened.json["id"]
    findings.environments += 1
    listed = await _listed(wire, episode)
    missing = {one.name for one in environment.tools} ^ {one["name"] for one in listed}
    if missing:
        findings.faults.append(f"{environment.id}: listed otherwise than it has them: {sorted(missing)[:3]}")
    for tool in listed:
        reply = await wire.call(episode, tool["name"], _arguments(tool["inputSchema"], environment))
        _count(environment, tool["name"], reply.status, reply.json if reply.body else {}, findings)


async def _listed(wire: Wire, episode: str) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"_meta": MODERN} | ({"cursor": cursor} if cursor else {})
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
        reply = await wire.ask("POST", f"/episodes/{episode}/mcp", message, mcp_headers("tools/list"))
        tools += reply.json["result"]["tools"]
        cursor = reply.json["result"].get("nextCursor")
        if not cursor:
            return tools


def _arguments(schema: JsonObject, environment: Environment) -> JsonObject:
    """The required arguments of a tool, as its schema allows them."""
    story, properties = RecordStory(random.Random(0), 0), schema.get("properties")
    required = schema.get("required")
    given: JsonObject = {}
    for name in required if isinstance(required, list) else ():
        shape = properties.get(str(name)) if isinstance(properties, dict) else None
        plain = shape if isinstance(shape, dict) else {}
        made = argument(Parameter(str(name), str(name), plain, required=True), "record", story)
        key = _key(str(name), environment) if plain.get("type") == "string" and "enum" not in plain else None
        given[str(name)] = key or made
    return given


def _key(parameter: str, environment: Environment) -> JsonValue:
    """A key of the collection that a parameter is called after."""
    for name, schema in environment.state_schema.collections.items():
        rows = environment.initial_state.collections.get(name, ())
        wanted = {compact(schema.key), f"{compact(name)[:-1]}id", f"{compact(name)[:-1]}{compact(schema.key)}"}
        if rows and compact(parameter) in wanted:
            return rows[0].get(schema.key)
    return None


def _count(environment: Environment, tool: str, status: int, body: dict[str, Any], findings: ServedFindings) -> None:
    findings.calls += 1
    known = environment.tool(tool)
    is_left = known is not None and known.inferred is not None and known.inferred.reach == "none"
    result: dict[str, Any] | None = body.get("result")
    if is_left:
        findings.left_to_a_model += 1
    elif status != 200 or result is None:
        findings.faults.append(f"{environment.id}: {tool}: {status} {str(body)[:200]}")
    elif result.get("isError"):
        said = str(result["content"][0]["text"])
        findings.refused += 1
        if "could not be carried out because of an internal error" in said:
            findings.faults.append(f"{environment.id}: {tool}: {said[:200]}")
    else:
        findings.succeeded += 1
