"""What a model is told of a call, and the form of its answer.

What does not change stands first, so that an endpoint finds it in its prefix cache: the environment,
then the tool, then the records, the recent calls and the call itself.
"""

from collections.abc import Iterable
from functools import cached_property
from importlib.resources import files
from string import Template
from typing import cast

from toolworld.environments.calls.event import Call, Event
from toolworld.environments.calls.simulator import View
from toolworld.environments.model_simulator.consistency import ConsistencyChecker
from toolworld.environments.model_simulator.context import Slice, names_in
from toolworld.environments.spec.clock import instant
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.schema import CollectionSchema
from toolworld.ground import JsonObject, JsonSchema, JsonValue, closed_object, encode, referred
from toolworld.llm import Message, Request, ResponseFormat

OFFERED = 3
"""How many ids for new records a call is given."""
RECENT = 4
"""How many earlier calls are shown: the latest that have a value in common with this one."""
SHOWN_RESULT = 300
"""Bytes of an earlier call's result."""
DEEPEST = 4
"""How deep into a schema a model is told what there is."""
MOST_TOKENS = 2048
"""Tokens of an answer."""

_PROMPTS = files("toolworld.environments.model_simulator") / "prompts"
SIMULATE = Template((_PROMPTS / "simulate.md").read_text(encoding="utf-8"))
CALL = Template((_PROMPTS / "call.md").read_text(encoding="utf-8"))


class SimulationRequests:
    """Writes the requests for calls of an environment."""

    def __init__(self, environment: Environment, consistency: ConsistencyChecker) -> None:
        self._environment = environment
        self._consistency = consistency
        self._forms: dict[str, ResponseFormat] = {}
        self._abouts: dict[str, dict[str, str]] = {}

    def request(self, tool: ToolSpec, call: Call, view: View, shown: Slice, log: Iterable[Event] = ()) -> Request:
        """Give the request for a call."""
        words = CALL.substitute(
            self._about(tool),
            shown=_shown(shown),
            records=_records(shown),
            recent=_recent(call, log),
            now=instant(view.now),
            ids=_ids(view) if tool.effect == "write" else "",
            call=encode(call.arguments).decode(),
        )
        messages = (Message(role="system", content=self._system), Message(role="user", content=words))
        return Request(messages, response_format=self.form(tool), max_tokens=MOST_TOKENS, seed=seed_of(view))

    def form(self, tool: ToolSpec) -> ResponseFormat:
        """Give the form of the answers for a tool."""
        if tool.name not in self._forms:
            self._forms[tool.name] = ResponseFormat(_answer_schema(self._environment, tool), "outcome")
        return self._forms[tool.name]

    @cached_property
    def _system(self) -> str:
        environment = self._environment
        shapes = environment.state_schema.collections
        lines = [f"- {name} ({self._key(name, shape)}): {_fields(shape)}" for name, shape in shapes.items()]
        lines += [f"- singleton {name}: {_kind(shape)}" for name, shape in environment.state_schema.singletons.items()]
        return SIMULATE.substitute(
            title=environment.title, description=environment.description, collections="\n".join(lines)
        )

    def _key(self, name: str, shape: CollectionSchema) -> str:
        begins = self._consistency.id_form(name)
        return f"key {shape.key}, {begins}..." if begins else f"key {shape.key}"

    def _about(self, tool: ToolSpec) -> dict[str, str]:
        if tool.name not in self._abouts:
            errors = "; ".join(f"{error.code}: {error.when}" for error in tool.errors) or "none documented"
            parameters = "\n".join(
                f"- {name}: {shape.get('description') or _kind(shape)}" for name, shape in tool.parameters.items()
            )
            self._abouts[tool.name] = {
                "name": tool.name,
                "effect": "it changes records" if tool.effect == "write" else "it only reads",
                "about": f"{tool.description}\n{parameters}",
                "returns": "any JSON" if tool.output_schema is None else _kind(tool.output_schema, tool.output_schema),
                "errors": errors,
            }
        return self._abouts[tool.name]


def seed_of(view: View) -> int:
    """Give the seed of a call's completions: another one for each episode and step."""
    return (view.seed * 1_000_003 + view.step) % 2**31


def _ids(view: View) -> str:
    tails = " or ".join(view.new_id("", nth) for nth in range(OFFERED))
    return f"Ids for new records: what the collection's begin with, and then {tails}"


def _shown(shown: Slice) -> str:
    parts = [f"{len(shown.records.get(name, {}))} of {count} {name}" for name, count in shown.counts.items()]
    return ", ".join(parts) or "none"


def _records(shown: Slice) -> str:
    """Write records as tables: the fields once, then a line for each; it takes two thirds of the tokens."""
    lines: list[str] = []
    for name, rows in shown.records.items():
        fields = list(dict.fromkeys(field for record in rows.values() for field in record))
        lines.append(f"{name} [{', '.join(fields)}]")
        lines += [encode([record.get(field) for field in fields]).decode() for record in rows.values()]
    lines += [f"singleton {name}: {encode(value).decode()}" for name, value in shown.singletons.items()]
    return "\n".join(lines) or "(none)"


def _recent(call: Call, log: Iterable[Event]) -> str:
    """Tell of the latest earlier calls that have something to do with this one."""
    here = {*names_in(call.arguments)}
    told = [
        f"{event.call.name}{encode(event.call.arguments).decode()} -> {_came_of(event)}"
        for event in log
        if event.call.name == call.name or here & {*names_in(event.call.arguments)}
    ]
    return "\nEarlier calls:\n" + "\n".join(told[-RECENT:]) + "\n" if told else ""


def _came_of(event: Event) -> str:
    if event.failure:
        return f"error {event.failure.code}"
    text = encode(event.result).decode()
    return text if len(text) <= SHOWN_RESULT else text[:SHOWN_RESULT] + "..."


def _answer_schema(environment: Environment, tool: ToolSpec) -> JsonSchema:
    codes: list[JsonValue] = [error.code for error in tool.errors]
    code: JsonSchema = {"enum": codes} if codes else {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
    error = closed_object({"code": code, "message": {"type": "string"}})
    result = dict(tool.output_schema or {})
    definitions = result.pop("$defs", None)
    nothing: JsonSchema = {"type": "null"}
    properties: JsonObject = {"error": {"anyOf": [nothing, error]}}
    if tool.effect == "write":
        properties["ops"] = {"type": "array", "items": {"anyOf": list(_op_schemas(environment))}}
        properties["effects"] = {"type": "array", "items": {"type": "string"}}
    properties["result"] = {"anyOf": [result, nothing]} if result else {}
    required: list[JsonValue] = [name for name in properties if name != "effects"]
    schema: JsonSchema = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return schema | ({"$defs": definitions} if definitions else {})


def _op_schemas(environment: Environment) -> Iterable[JsonSchema]:
    for name, shape in environment.state_schema.collections.items():
        properties = cast(JsonObject, shape.record.get("properties") or {})
        changing: JsonObject = {field: kind for field, kind in properties.items() if field != shape.key}
        fields: JsonSchema = {"type": "object", "properties": changing, "additionalProperties": not properties}
        where: JsonObject = {"collection": {"const": name}}
        key: JsonObject = {"key": {"type": "string"}}
        yield closed_object({"op": {"const": "insert"}, **where, "record": shape.record})
        yield closed_object({"op": {"const": "update"}, **where, **key, "fields": fields})
        yield closed_object({"op": {"const": "delete"}, **where, **key})
    for name, shape in environment.state_schema.singletons.items():
        yield closed_object({"op": {"const": "set"}, "name": {"const": name}, "value": shape})


def _fields(shape: CollectionSchema) -> str:
    properties = shape.record.get("properties")
    if not isinstance(properties, dict):
        return "any fields"
    return ", ".join(
        f"{name} -> {shape.references[name]}" if name in shape.references else f"{name} {_kind(kind)}".strip()
        for name, kind in properties.items()
    )


def _kind(schema: JsonValue, root: JsonSchema | None = None, depth: int = 0) -> str:
    """Put a schema in a few words: a person's shorthand, not a schema. What is not said is a text."""
    if not isinstance(schema, dict):
        return ""
    if "$ref" in schema and root is not None and depth < DEEPEST:
        return _kind(referred(root, str(schema["$ref"])), root, depth + 1)
    if "const" in schema:
        return encode(schema["const"]).decode()
    choices = schema.get("enum")
    if isinstance(choices, list):
        return "|".join(str(choice) for choice in choices)
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if isinstance(branches, list):
            return " or ".join(_kind(branch, root, depth) for branch in branches)
    properties = schema.get("properties")
    if isinstance(properties, dict) and depth < DEEPEST:
        return (
            "{" + ", ".join(f"{name} {_kind(kind, root, depth + 1)}".strip() for name, kind in properties.items()) + "}"
        )
    if "items" in schema:
        return f"[{_kind(schema['items'], root, depth + 1)}]"
    kind = schema.get("format") or schema.get("type") or ""
    kinds = [str(one) for one in kind] if isinstance(kind, list) else [str(kind)]
    return "|".join(one for one in kinds if one != "string")
