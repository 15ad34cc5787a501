"""From an answer to a part of an environment, or what is wrong with it in words that go back to the model."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from pydantic import TypeAdapter, ValidationError

from toolworld.environments.audit.audit import audit
from toolworld.environments.audit.reliability.call_audit import audit_by_calls
from toolworld.environments.audit.reliability.page import PROPERTY_TEXTS
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.policy_rule import Rule
from toolworld.environments.spec.tool import DocumentedError, ToolSpec
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.environments.synthesis.generator.lines import Stage
from toolworld.environments.synthesis.generator.similarity import Copy
from toolworld.ground import (
    EncodingError,
    JsonObject,
    JsonSchema,
    JsonValue,
    Schema,
    SpecError,
    decode,
    describe_error,
    parse_record,
)

MAX_COLLECTIONS, MAX_TOOLS, MIN_TOOLS = 12, 40, 3
MIN_RECORDS, MAX_RECORDS = 2, 500
AUDIT_CALLS = 6
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(tuple[Rule, ...])
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
"""Characters that a terminal or a page obeys, and that nobody sees."""


def plain_text(text: str, what: str, *, most: int, lines: bool = False) -> str:
    """A text of a model that people will read.

    Raises:
        SpecError: it is empty, too long, or has characters that control a terminal.
    """
    shown = text.strip()
    if not shown:
        raise SpecError(f"{what} is empty")
    if len(shown) > most:
        raise SpecError(f"{what} has {len(shown):,} characters; at most {most:,} are wanted")
    if _CONTROL.search(shown) or ("\n" in shown and not lines):
        raise SpecError(f"{what} has characters that cannot be shown")
    return shown


def _with_state(draft: Environment, value: JsonObject) -> Environment:
    """The draft with a state schema."""
    schema = parse_record(StateSchema, str(value["state_schema"]), "state_schema", SpecError)
    if schema.singletons:
        raise SpecError("state_schema: there are no singletons here; keep everything in collections")
    if not 1 <= len(schema.collections) <= MAX_COLLECTIONS:
        raise SpecError(f"state_schema has {len(schema.collections)} collections; 1 to {MAX_COLLECTIONS} are wanted")
    for name, collection in schema.collections.items():
        _require_name(name, "the collection")
        properties = collection.record.get("properties")
        key = properties.get(collection.key) if isinstance(properties, dict) else None
        if not isinstance(key, dict) or key.get("type") != "string":
            raise SpecError(f"collection {name}: its key `{collection.key}` is no property of type string")
    return _sound(draft.replaced(state_schema=schema))


def _with_tools(draft: Environment, value: JsonObject) -> Environment:
    """The draft with tools."""
    tools = tuple(_tool(cast(JsonObject, one)) for one in cast("list[JsonValue]", value["tools"]))
    if not MIN_TOOLS <= len(tools) <= MAX_TOOLS:
        raise SpecError(f"there are {len(tools)} tools; {MIN_TOOLS} to {MAX_TOOLS} are wanted")
    effects = {tool.effect for tool in tools}
    if len(effects) < 2:
        raise SpecError(f"every tool is one that {'reads' if 'read' in effects else 'writes'}; both kinds are needed")
    try:
        return _sound(draft.replaced(tools=tools))
    except ValidationError as problem:
        raise SpecError(describe_error(problem)) from None


def _tool(value: JsonObject) -> ToolSpec:
    name = str(value["name"])
    _require_name(name, "the tool")
    where = f"tool {name}"
    parameters = _object(value["parameters"], f"{where}: `parameters`")
    required = cast("list[JsonValue]", value["required"])
    unknown = [str(one) for one in required if one not in parameters]
    if unknown:
        raise SpecError(f"{where}: `{unknown[0]}` is required and is no parameter")
    for parameter in parameters:
        _require_name(parameter, f"{where}: the parameter")
    schema: JsonSchema = {
        "type": "object",
        "properties": parameters,
        "required": required,
        "additionalProperties": False,
    }
    result = _object(value["result"], f"{where}: `result`")
    Schema(schema, f"{where}: `parameters`")
    Schema(result, f"{where}: `result`")
    errors = cast("list[JsonObject]", value["errors"])
    try:
        return ToolSpec(
            name=name,
            description=plain_text(str(value["description"]), f"{where}: `description`", most=1000, lines=True),
            input_schema=schema,
            output_schema=result,
            effect="read" if value["effect"] == "read" else "write",
            errors=tuple(
                DocumentedError(code=str(one["code"]), when=plain_text(str(one["when"]), f"{where}: `when`", most=300))
                for one in errors
            ),
        )
    except ValidationError as problem:
        raise SpecError(f"{where}: {describe_error(problem)}") from None


def _with_policy(draft: Environment, value: JsonObject) -> Environment:
    """The draft with a policy and its rules."""
    policy = plain_text(str(value["policy"]), "the policy", most=8000, lines=True)
    try:
        rules = _RULES.validate_json(str(value["rules"]))
    except ValidationError as problem:
        raise SpecError(f"rules: {describe_error(problem)}") from None
    if not rules:
        raise SpecError("rules: there is none; at least one sentence must be checked by a machine")
    sentences = {_sentence(one) for one in re.split(r"(?<=[.!?])\s+|\n+", policy)}
    for rule in rules:
        if _sentence(rule.why) not in sentences or not _sentence(rule.why):
            raise SpecError(f"rules: {rule.why!r} is no sentence of the policy")
    return draft.replaced(policy=policy, rules=rules)


def _sentence(text: str) -> str:
    """A sentence without what is not its words: list marks, emphasis, blanks, the stop."""
    return " ".join(re.sub(r"^[\s*#>\-\d.)]+|[*_`]", "", text).split()).rstrip(".!")


def _with_behaviour(draft: Environment, value: JsonObject) -> Environment:
    """The draft with a program."""
    return draft.replaced(behaviour=f"{str(value['program']).strip()}\n")


def _with_records(draft: Environment, value: JsonObject) -> Environment:
    """The whole environment."""
    document = parse_record(StateDocument, str(value["initial_state"]), "initial_state", SpecError)
    for name in draft.state_schema.collections:
        count = len(document.collections.get(name, ()))
        if not MIN_RECORDS <= count <= MAX_RECORDS:
            raise SpecError(f"initial_state: {name} has {count} records; {MIN_RECORDS} to {MAX_RECORDS} are wanted")
    return _sound(draft.replaced(initial_state=document))


_PARTS: Mapping[Stage, Callable[[Environment, JsonObject], Environment]] = {
    "state": _with_state,
    "tools": _with_tools,
    "policy": _with_policy,
    "behaviour": _with_behaviour,
    "records": _with_records,
}


def with_part(stage: Stage, draft: Environment, value: JsonObject) -> Environment:
    """The draft with what a stage adds.

    Raises:
        SpecError: the answer cannot be used.
    """
    return _PARTS[stage](draft, value)


async def check_part(stage: Stage, draft: Environment, value: JsonObject) -> None:
    """Whether what a stage adds is right, as far as calls, the audit and the type checker can tell.

    Raises:
        SpecError: it is not.
    """
    made = with_part(stage, draft, value)
    if stage in ("policy", "behaviour", "records"):
        _audit(made, with_warnings=stage == "behaviour")
    if stage == "records":
        await _audit_by_calls(made)


async def _audit_by_calls(made: Environment) -> None:
    """Whether every tool works on the records, as the audit by calls wants."""
    for report in await audit_by_calls(Runtime(made), calls=AUDIT_CALLS):
        for evidence in report.evidence:
            called = f"{evidence.tool}({evidence.arguments})"
            raise SpecError(f"it does not hold that {PROPERTY_TEXTS[evidence.property]}: {called}: {evidence.said}")
        if not report.succeeded:
            raise SpecError(f"no call of {report.tool} succeeds in this state, whatever its arguments")


def _sound(draft: Environment) -> Environment:
    Runtime(draft, where="the draft")
    return draft


def _audit(draft: Environment, *, with_warnings: bool) -> None:
    """Whether the audit finds no error; with warnings, none of those of the program either."""
    findings = audit(draft)
    wrong = [
        one for one in findings if one.severity == "error" or (with_warnings and one.where.startswith(BEHAVIOUR_FILE))
    ]
    if wrong:
        raise SpecError("\n".join(f"{one.where}: {one.message}" for one in wrong[:_MOST_FINDINGS]))


_MOST_FINDINGS = 8
"""How many findings go back to the model at once."""


def _require_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise SpecError(f"{what} {name[:60]!r} is no name: lower-case letters, digits and _, at most 60")


def _object(value: JsonValue, what: str) -> JsonObject:
    try:
        found = decode(str(value))
    except EncodingError as problem:
        raise SpecError(f"{what}: {problem}") from None
    if not isinstance(found, dict):
        raise SpecError(f"{what} is no JSON object")
    return found


def check_ideas(ideas: Sequence[JsonObject], count: int, copied: Mapping[int, Copy], title: str) -> list[JsonObject]:
    """The ideas of one answer: as many as were asked for, each with texts that can be shown, none a copy."""
    if len(ideas) < count:
        raise SpecError(f"{count} were asked for, and there are {len(ideas)}")
    for number, copy in copied.items():
        raise SpecError(f"number {number + 1} is a copy of number {copy.of + 1}; name another one")
    return [
        {
            **idea,
            title: plain_text(str(idea[title]), f"`{title}`", most=120),
            **({"jobs": [plain_text(str(one), "`jobs`", most=300) for one in jobs]} if (jobs := _jobs(idea)) else {}),
            "summary": plain_text(str(idea["summary"]), "`summary`", most=1500, lines=True),
        }
        for idea in ideas
    ]


def _jobs(idea: JsonObject) -> list[JsonValue]:
    jobs = idea.get("jobs")
    return jobs[:_MOST_JOBS] if isinstance(jobs, list) else []


_MOST_JOBS = 12
"""How many jobs of a scenario are kept."""
