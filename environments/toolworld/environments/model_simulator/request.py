"""Requests to the model: the prompt about a call, and the JSON Schema of its answer.

The parts that change least come first, so that an endpoint finds them in its prefix cache: the
environment, then the tool, then the records, the recent calls and the call itself.
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

OFFERED_IDS = 3
"""Number of ids for new records that the prompt offers."""
MAX_RECENT_CALLS = 4
"""Maximum number of earlier calls in the prompt: the latest of the same tool or with a value in common."""
MAX_RESULT_CHARACTERS = 300
"""Maximum length of an earlier call's result in the prompt."""
MAX_SCHEMA_DEPTH = 4
"""Maximum depth to which the prompt describes a schema."""
MAX_ANSWER_TOKENS = 2048
"""Maximum length of an answer."""

_PROMPTS = files("toolworld.environments.model_simulator") / "prompts"
SYSTEM_PROMPT = Template((_PROMPTS / "simulate.md").read_text(encoding="utf-8"))
CALL_PROMPT = Template((_PROMPTS / "call.md").read_text(encoding="utf-8"))


class SimulationRequests:
    """Builds the requests for calls in an environment."""

    def __init__(
        self, environment: Environment, consistency: ConsistencyChecker, max_tokens: int | None = None
    ) -> None:
        self._max_tokens = max_tokens or MAX_ANSWER_TOKENS
        self._environment = environment
        self._consistency = consistency
        self._forms: dict[str, ResponseFormat] = {}
        self._descriptions: dict[str, dict[str, str]] = {}

    def request(self, tool: ToolSpec, call: Call, view: View, shown: Slice, log: Iterable[Event] = ()) -> Request:
        """The request for a call; `log` has the recent events."""
        prompt = CALL_PROMPT.substitute(
            self._describe_tool(tool),
            shown=_record_counts(shown),
            records=_record_tables(shown),
            recent=_recent_calls(call, log),
            now=instant(view.now),
            ids=_offered_ids(view) if tool.effect == "write" else "",
            call=encode(call.arguments).decode(),
        )
        messages = (Message(role="system", content=self._system_prompt), Message(role="user", content=prompt))
        return Request(messages, response_format=self.form(tool), max_tokens=self._max_tokens, seed=seed_of(view))

    def form(self, tool: ToolSpec) -> ResponseFormat:
        """The format of answers for a tool."""
        if tool.name not in self._forms:
            self._forms[tool.name] = ResponseFormat(_answer_schema(self._environment, tool), "outcome")
        return self._forms[tool.name]

    @cached_property
    def _system_prompt(self) -> str:
        environment = self._environment
        shapes = environment.state_schema.collections
        lines = [
            f"- {name} ({self._describe_key(name, shape)}): {_describe_fields(shape)}" for name, shape in shapes.items()
        ]
        lines += [
            f"- singleton {name}: {_describe_schema(shape)}"
            for name, shape in environment.state_schema.singletons.items()
        ]
        return SYSTEM_PROMPT.substitute(
            title=environment.title, description=environment.description, collections="\n".join(lines)
        )

    def _describe_key(self, name: str, shape: CollectionSchema) -> str:
        prefix = self._consistency.id_form(name)
        return f"key {shape.key}, {prefix}..." if prefix else f"key {shape.key}"

    def _describe_tool(self, tool: ToolSpec) -> dict[str, str]:
        if tool.name not in self._descriptions:
            errors = "; ".join(f"{error.code}: {error.when}" for error in tool.errors) or "none documented"
            parameters = "\n".join(
                f"- {name}: {shape.get('description') or _describe_schema(shape)}"
                for name, shape in tool.parameters.items()
            )
            self._descriptions[tool.name] = {
                "name": tool.name,
                "effect": "it changes records" if tool.effect == "write" else "it only reads",
                "about": f"{tool.description}\n{parameters}",
                "returns": "any JSON"
                if tool.output_schema is None
                else _describe_schema(tool.output_schema, tool.output_schema),
                "errors": errors,
            }
        return self._descriptions[tool.name]


def seed_of(view: View) -> int:
    """The seed of a call's completions, which differs between episodes and steps."""
    return (view.seed * 1_000_003 + view.step) % 2**31


def _offered_ids(view: View) -> str:
    tails = " or ".join(view.new_id("", nth) for nth in range(OFFERED_IDS))
    return f"Ids for new records: what the collection's begin with, and then {tails}"


def _record_counts(shown: Slice) -> str:
    parts = [f"{len(shown.records.get(name, {}))} of {count} {name}" for name, count in shown.counts.items()]
    return ", ".join(parts) or "none"


def _record_tables(shown: Slice) -> str:
    """Records as tables, with field names once and a line per record: two thirds of the tokens of JSON objects."""
    lines: list[str] = []
    for name, rows in shown.records.items():
        fields = list(dict.fromkeys(field for record in rows.values() for field in record))
        lines.append(f"{name} [{', '.join(fields)}]")
        lines += [encode([record.get(field) for field in fields]).decode() for record in rows.values()]
    lines += [f"singleton {name}: {encode(value).decode()}" for name, value in shown.singletons.items()]
    return "\n".join(lines) or "(none)"


def _recent_calls(call: Call, log: Iterable[Event]) -> str:
    """The latest earlier calls that are related to this one, as a section of the prompt."""
    names = {*names_in(call.arguments)}
    lines = [
        f"{event.call.name}{encode(event.call.arguments).decode()} -> {_describe_outcome(event)}"
        for event in log
        if event.call.name == call.name or names & {*names_in(event.call.arguments)}
    ]
    return "\nEarlier calls:\n" + "\n".join(lines[-MAX_RECENT_CALLS:]) + "\n" if lines else ""


def _describe_outcome(event: Event) -> str:
    if event.failure:
        return f"error {event.failure.code}"
    text = encode(event.result).decode()
    return text if len(text) <= MAX_RESULT_CHARACTERS else text[:MAX_RESULT_CHARACTERS] + "..."


def _answer_schema(environment: Environment, tool: ToolSpec) -> JsonSchema:
    codes: list[JsonValue] = [error.code for error in tool.errors]
    code: JsonSchema = {"enum": codes} if codes else {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
    error = closed_object({"code": code, "message": {"type": "string"}})
    result = dict(tool.output_schema or {})
    definitions = result.pop("$defs", None)  # references to them start at the root of the schema
    null: JsonSchema = {"type": "null"}
    # the order in which the model should decide: whether the call succeeds, what it changes, and then what it returns
    properties: JsonObject = {"error": {"anyOf": [null, error]}}
    if tool.effect == "write":
        properties["ops"] = {"type": "array", "items": {"anyOf": list(_op_schemas(environment))}}
        properties["effects"] = {"type": "array", "items": {"type": "string"}}
    properties["result"] = {"anyOf": [result, null]} if result else {}
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
        fields: JsonSchema = {
            "type": "object",
            "properties": changing,
            "additionalProperties": not properties,
        }  # without declared fields, any are allowed
        where: JsonObject = {"collection": {"const": name}}
        key: JsonObject = {"key": {"type": "string"}}
        yield closed_object({"op": {"const": "insert"}, **where, "record": shape.record})
        yield closed_object({"op": {"const": "update"}, **where, **key, "fields": fields})
        yield closed_object({"op": {"const": "delete"}, **where, **key})
    for name, shape in environment.state_schema.singletons.items():
        yield closed_object({"op": {"const": "set"}, "name": {"const": name}, "value": shape})


def _describe_fields(shape: CollectionSchema) -> str:
    properties = shape.record.get("properties")
    if not isinstance(properties, dict):
        return "any fields"
    return ", ".join(
        f"{name} -> {shape.references[name]}"
        if name in shape.references
        else f"{name} {_describe_schema(kind)}".strip()
        for name, kind in properties.items()
    )


def _describe_schema(schema: JsonValue, root: JsonSchema | None = None, depth: int = 0) -> str:
    """A short description of a schema for the prompt, not a schema itself. A type that is left out is a string."""
    if not isinstance(schema, dict):
        return ""
    if "$ref" in schema and root is not None and depth < MAX_SCHEMA_DEPTH:
        return _describe_schema(referred(root, str(schema["$ref"])), root, depth + 1)
    if "const" in schema:
        return encode(schema["const"]).decode()
    choices = schema.get("enum")
    if isinstance(choices, list):
        return "|".join(str(choice) for choice in choices)
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if isinstance(branches, list):
            return " or ".join(_describe_schema(branch, root, depth) for branch in branches)
    properties = schema.get("properties")
    if isinstance(properties, dict) and depth < MAX_SCHEMA_DEPTH:
        return (
            "{"
            + ", ".join(
                f"{name} {_describe_schema(kind, root, depth + 1)}".strip() for name, kind in properties.items()
            )
            + "}"
        )
    if "items" in schema:
        return f"[{_describe_schema(schema['items'], root, depth + 1)}]"
    kind = schema.get("format") or schema.get("type") or ""
    kinds = [str(name) for name in kind] if isinstance(kind, list) else [str(kind)]
    return "|".join(name for name in kinds if name != "string")
