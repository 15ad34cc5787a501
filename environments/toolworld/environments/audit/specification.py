"""Checks of a specification: rules that name unknown tools, and tools whose schemas let mistakes pass."""

from collections.abc import Iterator
from typing import cast

from toolworld.environments.audit.finding import Finding
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.policy_rule import AtMost, Before, Confirm, Never, OnlyAbout, Rule
from toolworld.environments.state.schema import CollectionSchema
from toolworld.ground import JsonSchema, JsonValue, Schema, SpecError, encode


def rule_findings(environment: Environment) -> Iterator[Finding]:
    """Find rules that name tools which do not exist."""
    for number, rule in enumerate(environment.rules):
        match rule:
            case Never():
                names: tuple[str, ...] = (rule.tool,)
            case Before():
                names = (*rule.tools, *rule.first)
            case Confirm() | AtMost():
                names = rule.tools
            case OnlyAbout():
                names = rule.first
        for name in names:
            if environment.tool(name) is None:
                yield Finding(severity="error", where=f"rules.{number}", message=f"there is no tool {name}")
        for problem in _unknown_fields(rule, environment):
            yield Finding(severity="error", where=f"rules.{number}", message=problem)


def _unknown_fields(rule: Rule, environment: Environment) -> Iterator[str]:
    """What a rule names of the state that is not in its schema."""
    collections = environment.state_schema.collections
    same = rule.same if isinstance(rule, Before) else None
    if same is not None and not any(same in _fields(shape) for shape in collections.values()):
        yield f"no record has a field `{same}`"
    if (
        isinstance(rule, Before)
        and same is not None
        and not any(_gives(environment, name, same) for name in rule.first)
    ):
        yield f"none of {', '.join(rule.first)} has `{same}` among its parameters or in what it returns"
    if isinstance(rule, OnlyAbout):
        shape = collections.get(rule.collection)
        if shape is None:
            yield f"there is no collection `{rule.collection}`; there are: {', '.join(collections)}"
        else:
            unknown = [name for name in rule.fields if name not in _fields(shape)]
            yield from (f"records of `{rule.collection}` have no field `{name}`" for name in unknown)
            if not any(_gives(environment, name, shape.key) for name in rule.first):
                yield f"none of {', '.join(rule.first)} has `{shape.key}`, the key of `{rule.collection}`"


def _gives(environment: Environment, name: str, field: str) -> bool:
    """Whether a tool takes a field, or may return it anywhere: an output without a schema may hold anything."""
    tool = environment.tool(name)
    if tool is None or tool.output_schema is None or field in tool.parameters:
        return True
    return f'"{field}"' in encode(tool.output_schema).decode() or "properties" not in tool.output_schema


def _fields(shape: CollectionSchema) -> set[str]:
    properties = shape.record.get("properties")
    return {*properties} if isinstance(properties, dict) else set()


def never_findings(environment: Environment) -> Iterator[Finding]:
    """Find `never` rules that cannot fire: they name an argument or a value that no call can have."""
    for number, rule in enumerate(environment.rules):
        tool = environment.tool(rule.tool) if isinstance(rule, Never) else None
        if tool is None or not isinstance(rule, Never):
            continue
        for name, value in rule.arguments.items():
            shape = tool.parameters.get(name)
            if shape is None:
                message = f"{tool.name} has no parameter `{name}`, so the rule can never apply; it has: "
                message += ", ".join(tool.parameters) or "none"
            else:
                problem = _problem(shape, value)
                message = f"`{name}` can never be {value!r}, so the rule can never apply: {problem}" if problem else ""
            if message:
                yield Finding(severity="error", where=f"rules.{number}", tool=tool.name, message=message)


def reference_findings(environment: Environment) -> Iterator[Finding]:
    """Find paths of references that lead nowhere, so that nothing is checked."""
    for name, shape in environment.state_schema.collections.items():
        for path in shape.references:
            problem = _dead_end(shape.record, path.split("."))
            if problem:
                message = f"the reference `{path}` of `{name}` leads nowhere, so nothing is checked: {problem}"
                yield Finding(severity="error", where="state_schema", message=message)


def _dead_end(schema: JsonSchema, path: list[str]) -> str | None:
    """Where a path leaves what a schema declares; None if it does not, or the schema leaves it open."""
    for number, part in enumerate(path):
        fields, items = _properties(schema), schema.get("items")
        if schema.get("type") == "array":
            if part != "*":
                return f"`{path[number - 1]}` is a list; write `{'.'.join([*path[:number], '*', *path[number:]])}`"
            inner = items
        elif part in fields:
            inner = fields[part]
        elif fields and part != "*":
            return f"there is no `{part}`; there are: {', '.join(fields)}"
        else:
            inner = schema.get("additionalProperties")
        if not isinstance(inner, dict):
            return None
        schema = inner
    return None


def choice_findings(environment: Environment) -> Iterator[Finding]:
    """Find choices of a parameter that the state's field of the same name cannot hold."""
    fields, free = dict[str, set[str]](), set[str]()
    for shape in environment.state_schema.collections.values():
        for name, field in _properties(shape.record).items():
            choices = field.get("enum")
            if isinstance(choices, list):
                fields.setdefault(name, set()).update(map(repr, choices))
            else:
                free.add(name)
    for tool in environment.tools if fields else ():
        for name, shape in tool.parameters.items():
            choices = {repr(choice) for choice in cast("list[object]", shape.get("enum") or [])}
            extra = set[str]() if name in free else choices - fields.get(name, choices)
            if extra and 2 * len(extra) < len(choices):  # few in common: it is another thing of the same name
                message = f"`{name}` can be {', '.join(sorted(extra))}, which no record's `{name}` can"
                yield Finding(severity="warning", where="tools", tool=tool.name, message=message)


def _properties(schema: JsonSchema) -> dict[str, JsonSchema]:
    found = schema.get("properties")
    return {name: shape for name, shape in found.items() if isinstance(shape, dict)} if isinstance(found, dict) else {}


def _problem(shape: JsonSchema, value: JsonValue) -> str | None:
    try:
        return Schema(shape, "the parameter").error_in(value)
    except SpecError:  # it refers to other parts of its document, which are not here
        return None


def schema_findings(environment: Environment) -> Iterator[Finding]:
    """Find tools that share a function, or whose input schemas let mistakes pass."""
    names = [tool.function_name for tool in environment.tools]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(severity="error", where="tools", message=f"two tools share the function `{name}`")
    for tool in environment.tools:
        if tool.input_schema.get("additionalProperties") is not False:
            message = 'the input schema lacks "additionalProperties": false, so a misspelt argument goes unnoticed'
            yield Finding(severity="warning", where="tools", tool=tool.name, message=message)
        for name in (name for name, shape in tool.parameters.items() if not shape):
            message = f"the schema of `{name}` is empty (`{{}}` or `true`), so that it may be anything; give it a type"
            yield Finding(severity="warning", where="tools", tool=tool.name, message=message)
        unknown = tool.required - tool.parameters.keys()
        if unknown:
            message = f"`{min(unknown)}` is required but not among the properties"
            yield Finding(severity="error", where="tools", tool=tool.name, message=message)
