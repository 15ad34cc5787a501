"""Recordings of a small server: a shelf of jars, which tells a price that changes by itself."""

import json
from typing import Any

from toolworld.environments import Capture, CapturedServer
from toolworld.environments.twin.capture import CapturedCall

JAR: dict[str, Any] = {
    "type": "object",
    "properties": {"jar_id": {"type": "string"}, "name": {"type": "string"}, "size": {"type": "integer"}},
}


def tool(name: str, reads: bool, output: dict[str, Any] | None, **parameters: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": parameters, "required": [*parameters]}
    shown: dict[str, Any] = {
        "name": name,
        "description": f"{name.replace('_', ' ').capitalize()}.",
        "inputSchema": schema,
    }
    shown["annotations"] = {"readOnlyHint": reads}
    return shown if output is None else {**shown, "outputSchema": output}


TOOLS = [
    tool("get_jar", True, JAR, jar_id={"type": "string"}),
    tool("list_jars", True, {"type": "object", "properties": {"jars": {"type": "array", "items": JAR}}}),
    tool("delete_jar", False, {"type": "object"}, jar_id={"type": "string"}),
    tool("price_now", True, None),
    tool("shake", False, None),
]
PLUM, FIG = {"jar_id": "J1", "name": "plum", "size": 3}, {"jar_id": "J2", "name": "fig", "size": 5}


def told(value: Any) -> dict[str, Any]:
    """An answer with structured content, and its text as JavaScript writes it."""
    return {"content": [{"type": "text", "text": json.dumps(value, indent=2)}], "structuredContent": value}


def text(value: str) -> dict[str, Any]:
    """An answer that is a text."""
    return {"content": [{"type": "text", "text": value}]}


def refused(message: str) -> dict[str, Any]:
    """An answer that is an error."""
    return {**text(message), "isError": True}


def capture_of(*calls: tuple[str, dict[str, Any], dict[str, Any] | None]) -> Capture:
    """A recording of these calls."""
    return Capture(
        CapturedServer(name="shelf", version="1", instructions="Be careful."),
        {one["name"]: one for one in TOOLS},
        [
            CapturedCall(number=number, tool=tool, arguments=arguments, answer=answer)
            for number, (tool, arguments, answer) in enumerate(calls)
        ],
    )


def shelf() -> Capture:
    """Jars are read and thrown away; the price is asked for twice, and has changed meanwhile."""
    return capture_of(
        ("list_jars", {}, told({"jars": [PLUM, FIG]})),
        ("get_jar", {"jar_id": "J1"}, told(PLUM)),
        ("price_now", {}, text("4.20")),
        ("price_now", {}, text("4.30")),
        ("delete_jar", {"jar_id": "J1"}, told({})),
        ("get_jar", {"jar_id": "J1"}, refused("no jar J1")),
        ("list_jars", {}, told({"jars": [FIG]})),
        ("get_jar", {"jar_id": 5}, {"error": {"code": -32602, "message": "jar_id: a text is wanted"}}),
    )
