"""Names and values that a program writes out, held against the state schema: collections, fields, paths, constants."""

import ast
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, cast

from toolworld.environments.audit.finding import Finding
from toolworld.environments.behaviour.language import HOST_FUNCTIONS
from toolworld.environments.behaviour.program_check import functions_of, nearest
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.state.schema import StateSchema
from toolworld.ground import JsonSchema, JsonValue, Schema, SpecError

_OF_COLLECTIONS = frozenset({"get", "find", "rows", "insert", "update", "delete"})


class _HostCall(NamedTuple):
    """A call of a host function in a program."""

    function: str
    node: ast.Call
    arguments: dict[str, ast.expr]
    name: str
    """The collection or singleton that it names."""


def literal_findings(tree: ast.Module, environment: Environment) -> list[Finding]:
    """Every name and value of host calls that the state schema does not have, with the name that was likely meant."""
    schema = environment.state_schema
    of_calls = [finding for call in _host_calls(tree) for finding in _call_findings(call, schema)]
    return [*of_calls, *_comparison_findings(tree, schema), *_argument_findings(tree, environment)]


def _argument_findings(tree: ast.Module, environment: Environment) -> Iterator[Finding]:
    """Values that a tool's argument is compared with and can never be: `payment == "crad"`."""
    functions = functions_of(tree)
    for tool in environment.tools:
        listed = {name: shape.get("enum") for name, shape in tool.parameters.items()}
        choices = {
            name: {one for one in found if isinstance(one, str)}
            for name, found in listed.items()
            if isinstance(found, list)
        }
        for node in ast.walk(functions[tool.function_name]) if tool.function_name in functions else ():
            if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
                yield from _impossible(node, node.left.id, choices, f"`{node.left.id}` can never be")


def _comparison_findings(tree: ast.Module, schema: StateSchema) -> Iterator[Finding]:
    """Values that a field is compared with and no record can have there: `loan["status"] == "opne"`."""
    choices = _choices_by_field(schema)
    for name, text in _texts_of_own_dicts(tree):
        choices.get(name, set()).add(text)
    for name in _assigned_fields(tree):
        choices.pop(name, None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Subscript):
            name = _text(node.left.slice) or ""
            yield from _impossible(node, name, choices, f"no record's `{name}` can be")


def _impossible(node: ast.Compare, name: str, choices: Mapping[str, set[str]], what: str) -> Iterator[Finding]:
    """Texts that something is compared with and cannot be."""
    other = node.comparators[0]
    values = other.elts if isinstance(other, ast.Tuple | ast.List) else [other]
    for value in values if name in choices and len(node.comparators) == 1 else ():
        text = _text(value)
        if text is not None and text not in choices[name]:
            hint = nearest(text, choices[name]) or f"; it can be: {', '.join(sorted(choices[name]))}"
            yield Finding(severity="warning", where=_place(value), message=f"{what} {text!r}{hint}")


def _texts_of_own_dicts(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Fields with their texts of dicts that the program makes for itself: what is compared may be of those."""
    stored = {id(argument) for call in _host_calls(tree) for argument in call.arguments.values()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and id(node) not in stored:
            texts = [(_text(key), _text(value)) for key, value in zip(node.keys, node.values, strict=True)]
            yield from ((name, text) for name, text in texts if name is not None and text is not None)


def _assigned_fields(tree: ast.Module) -> Iterator[str]:
    """Fields that are assigned: of dicts of the program's own, since no record can be changed in place."""
    for node in ast.walk(tree):
        for target in node.targets if isinstance(node, ast.Assign) else ():
            name = _text(target.slice) if isinstance(target, ast.Subscript) else None
            if name is not None:
                yield name


def _choices_by_field(schema: StateSchema) -> dict[str, set[str]]:
    """The texts that fields of a name can hold, for names that have a choice of texts wherever they are declared."""
    choices, open_names = dict[str, set[str]](), set[str]()
    for shape in [*(one.record for one in schema.collections.values()), *schema.singletons.values()]:
        for name, field in _declared_fields(shape):
            listed = field.get("enum")
            if isinstance(listed, list) and listed:
                choices.setdefault(name, set()).update(one for one in listed if isinstance(one, str))
            else:
                open_names.add(name)
    return {name: texts for name, texts in choices.items() if name not in open_names}


def _declared_fields(shape: JsonValue) -> Iterator[tuple[str, JsonSchema]]:
    """Every field that a schema declares, at any depth."""
    if isinstance(shape, list):
        for inner in shape:
            yield from _declared_fields(inner)
    elif isinstance(shape, dict):
        fields = shape.get("properties")
        for name, field in fields.items() if isinstance(fields, dict) else ():
            if isinstance(field, dict):
                yield name, field
        for inner in shape.values():
            yield from _declared_fields(inner)


def _host_calls(tree: ast.Module) -> Iterator[_HostCall]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        function = node.func.id
        if function not in _OF_COLLECTIONS and function != "set":
            continue
        parameters = HOST_FUNCTIONS[function]
        arguments = dict(zip(parameters, node.args, strict=False))
        arguments |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        name = _text(arguments.get(next(iter(parameters), "")))
        if name is not None:
            yield _HostCall(function, node, arguments, name)


def _call_findings(call: _HostCall, schema: StateSchema) -> Iterator[Finding]:
    if call.function == "set" or (call.function == "get" and "key" not in call.arguments):
        if call.name not in schema.singletons:
            yield _error(call.node, call.function, "there is no singleton", call.name, schema.singletons)
        return
    if call.name not in schema.collections:
        yield _error(call.node, call.function, "there is no collection", call.name, schema.collections)
        return
    record = schema.collections[call.name].record
    if call.function == "rows":
        yield from _path_findings(call, record)
        if isinstance(call.arguments.get("fields"), ast.Dict):
            message = "rows: the fields are a list of paths; `find` looks for values"
            yield Finding(severity="error", where=_place(call.node), message=message)
    fields = call.arguments.get({"find": "where", "insert": "record", "update": "fields"}.get(call.function, ""))
    if isinstance(fields, ast.Dict):
        yield from _field_findings(call, fields, record)


def _path_findings(call: _HostCall, record: JsonSchema) -> Iterator[Finding]:
    listed = call.arguments.get("fields")
    for element in listed.elts if isinstance(listed, ast.List | ast.Tuple) else ():
        path = _text(element)
        if path is not None:
            yield from _unknown_path(call, element, path, record)


def _field_findings(call: _HostCall, fields: ast.Dict, record: JsonSchema) -> Iterator[Finding]:
    for key, value in zip(fields.keys, fields.values, strict=True):
        path = _text(key)
        if key is None or path is None:
            continue
        unknown = list(_unknown_path(call, key, path, record))
        yield from unknown
        shape = None if unknown else _shape_at(record, path if call.function == "find" else [path])
        if shape and isinstance(value, ast.Constant):
            yield from _value_finding(call, value, path, shape)
    names = [_text(key) for key in fields.keys]
    if call.function == "insert" and all(name is not None for name in names):
        properties = cast("dict[str, JsonSchema]", record.get("properties", {}))
        required = cast("list[str]", record.get("required", []))
        absent = [name for name in required if name not in names and "default" not in properties.get(name, {})]
        if absent:
            message = f"insert: a record of `{call.name}` needs {', '.join(f'`{name}`' for name in absent)}"
            yield Finding(severity="error", where=_place(fields), message=message)


def _unknown_path(call: _HostCall, node: ast.expr, path: str, record: JsonSchema) -> Iterator[Finding]:
    """A finding if records cannot have the path."""
    parts = path.split(".") if call.function in ("find", "rows") else [path]
    for number, part in enumerate(parts):
        inner = _shape_at(record, parts[:number])
        if inner is None:
            return
        names = cast("Mapping[str, JsonValue]", inner.get("properties", {}))
        if _shape_at(record, parts[: number + 1]) is None:
            yield _error(node, call.function, f"a record of `{call.name}` has no field", part, names)
            return
        if names and part not in names and part != "*" and "additionalProperties" not in inner:
            found = _error(node, call.function, f"a record of `{call.name}` declares no field", part, names)
            yield found.model_copy(update={"severity": "warning"})
            return


def _shape_at(schema: JsonSchema, path: list[str] | str) -> JsonSchema | None:
    """The schema at a path, `{}` where anything may stand, None where nothing can."""
    for part in path.split(".") if isinstance(path, str) else path:
        properties, others = schema.get("properties"), schema.get("additionalProperties", True)
        items = schema.get("items")
        if isinstance(properties, dict) and part in properties:
            inner = properties[part]
        elif part == "*":
            inner = items if isinstance(items, dict) else others if isinstance(others, dict) else {}
        elif isinstance(properties, dict) and others is False:
            return None
        else:
            inner = others if isinstance(others, dict) else {}
        schema = inner if isinstance(inner, dict) else {}
    return schema


def _value_finding(call: _HostCall, value: ast.Constant, path: str, shape: JsonSchema) -> Iterator[Finding]:
    try:
        problem = Schema(shape, "the field").error_in(value.value)
    except SpecError:  # it refers to other parts of its document, which are not here
        return
    if problem:
        near = nearest(str(value.value), [str(one) for one in cast("list[JsonValue]", shape.get("enum", []))])
        message = f"{call.function}: `{path}` of `{call.name}`: {problem}{near}"
        yield Finding(severity="error", where=_place(value), message=message)


def _error(node: ast.expr, function: str, what: str, name: str, known: Collection[str]) -> Finding:
    hint = nearest(name, known) or f"; there are: {', '.join(known) or 'none'}"
    return Finding(severity="error", where=_place(node), message=f"{function}: {what} `{name}`{hint}")


def _place(node: ast.expr) -> str:
    return f"{BEHAVIOUR_FILE}:{node.lineno}:{node.col_offset + 1}"


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
