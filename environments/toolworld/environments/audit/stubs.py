"""A program with types for a type checker: host functions by the state schema, and parameters by the tools' schemas.

Types are those of `typing`; what a schema leaves open is `Any`. Each line of the program is one further down.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import cast

from toolworld.environments.behaviour.program_check import functions_of
from toolworld.environments.spec.environment import Environment
from toolworld.environments.state.schema import StateSchema
from toolworld.ground import JsonSchema

STUB_MODULE = "host_functions"
"""The module that the typed program imports everything from, on its first line."""
_HEADER = """from collections.abc import Mapping
from typing import Any, Literal, NoReturn, NotRequired, TypedDict, overload
"""
_FUNCTIONS = """
def new_id(prefix: str = ...) -> str: ...
def now() -> str: ...
def today() -> str: ...
def fail(code: str, message: str) -> NoReturn: ...
def add_days(day: str, days: int) -> str: ...
def add_minutes(moment: str, minutes: int) -> str: ...
def days_between(first: str, second: str) -> int: ...
def minutes_between(first: str, second: str) -> int: ...
def weekday(day: str) -> str: ...
def set(name: str, value: Any) -> None: ...
def delete(collection: str, key: str) -> None: ...
"""
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "Any"}
_MAX_DEPTH = 8
"""How deep objects in objects get types of their own."""


class _Types:
    """Types made from JSON Schemas, with the classes of objects on the way.

    Args:
        keys: The paths whose values are keys, each with the type of those keys.
    """

    def __init__(self, keys: Mapping[str, str] | None = None) -> None:
        self.classes: list[str] = []
        self._keys = keys or {}

    def of(self, schema: object, name: str, path: str = "", depth: int = 0) -> str:
        """The type of a schema's values; where null is allowed, so is everything.

        A field that may be null is mostly known not to be so where it is used, by what another field says.

        Args:
            schema: The schema, or what stands in its place.
            name: What a class for it would be called.
            path: Where in a record it stands.
            depth: How many objects it is inside of.
        """
        if not isinstance(schema, dict) or depth > _MAX_DEPTH:
            return "Any"
        shape = cast("JsonSchema", schema)
        if path in self._keys:
            return self._keys[path] if shape.get("type") == "string" else "Any"
        if "enum" in shape or "const" in shape:
            return _literal(shape["enum"] if "enum" in shape else [shape["const"]])
        choices = shape.get("anyOf") or shape.get("oneOf")
        if isinstance(choices, list):
            return " | ".join(
                dict.fromkeys(self.of(choice, f"{name}{n}", path, depth + 1) for n, choice in enumerate(choices))
            )
        kinds = shape.get("type")
        if isinstance(kinds, list):
            return " | ".join(self.of({**shape, "type": kind}, name, path, depth) for kind in kinds)
        if kinds == "array":
            return f"list[{self.of(shape.get('items'), f'{name}Item', _joined(path, '*'), depth + 1)}]"
        if kinds == "object":
            return self._of_object(shape, name, path, depth)
        return _SIMPLE.get(str(kinds), "Any")

    def _of_object(self, shape: JsonSchema, name: str, path: str, depth: int) -> str:
        properties, others = shape.get("properties"), shape.get("additionalProperties", True)
        if not isinstance(properties, dict) or not properties:
            return f"dict[str, {self.of(others, f'{name}Value', _joined(path, '*'), depth + 1)}]"
        if others is not False:
            return "dict[str, Any]"  # it may hold what it does not declare
        required = cast("list[str]", shape.get("required", []))
        fields: list[str] = []
        for field, inner in properties.items():
            kind = self.of(inner, f"{name}{_class_name(field)}{len(fields)}", _joined(path, field), depth + 1)
            is_there = field in required or (isinstance(inner, dict) and "default" in inner)
            fields.append(f"{field!r}: {kind}" if is_there else f"{field!r}: NotRequired[{kind}]")
        self.classes.append(f"{name} = TypedDict({name!r}, {{{', '.join(fields)}}})")
        return name


def stub_text(schema: StateSchema) -> str:
    """The stub of the host functions of a state."""
    keys = {name: f"{_class_name(name)}Key{number}" for number, name in enumerate(schema.collections)}
    classes = [f"class {kind}(str): ..." for kind in keys.values()]
    records: dict[str, str] = {}
    for number, (name, shape) in enumerate(schema.collections.items()):
        references = {path: keys[target] for path, target in shape.references.items()}
        types = _Types({**references, shape.key: keys[name]})
        records[name] = types.of(shape.record, f"{_class_name(name)}Record{number}")
        classes += types.classes
    types = _Types()
    values = {
        name: types.of(shape, f"{_class_name(name)}Value{n}")
        for n, (name, shape) in enumerate(schema.singletons.items())
    }
    functions = [_FUNCTIONS, *_overloaded("get", _gets(records, keys, values))]
    for name, signatures in _of_collections(records).items():
        functions += _overloaded(name, signatures)
    return "\n".join([_HEADER, *classes, *types.classes, *functions, ""])


def typed_source(environment: Environment, source: str, tree: ast.Module) -> str:
    """The program with the types of its tools' parameters; each line is one further down."""
    types = _Types()
    additions: list[tuple[int, int, str]] = []
    functions = functions_of(tree)
    for number, tool in enumerate(environment.tools):
        function = functions.get(tool.function_name)
        for place, parameter in enumerate([*function.args.args, *function.args.kwonlyargs] if function else ()):
            shape = tool.parameters.get(parameter.arg)
            # a choice often is of keys, which `get` finds
            kind = "Any" if shape and "enum" in shape else types.of(shape, f"Tool{number}Parameter{place}")
            is_optional = parameter.arg not in tool.required and "default" not in (shape or {})
            if parameter.annotation is None and shape is not None and parameter.end_col_offset is not None:
                kind = f"{kind} | None" if is_optional else kind
                additions.append((parameter.end_lineno or 0, parameter.end_col_offset, f": {kind!r}"))
    lines = source.splitlines()
    for line, column, text in sorted(additions, reverse=True):
        encoded = lines[line - 1].encode()  # columns of a syntax tree count bytes
        lines[line - 1] = (encoded[:column] + text.encode() + encoded[column:]).decode()
    classes = "".join(f"{one}; " for one in types.classes)
    imports = f"from typing import Any, Literal, NotRequired, TypedDict; from {STUB_MODULE} import *; "
    return "\n".join([imports + classes + "pass", *lines])


def _gets(records: dict[str, str], keys: dict[str, str], values: dict[str, str]) -> Iterator[str]:
    for name, kind in records.items():  # a key that another record holds is there: references are checked
        yield f"(name: Literal[{name!r}], key: {keys[name]}) -> {kind}"
        yield f"(name: Literal[{name!r}], key: str) -> {kind} | None"
    for name, kind in values.items():
        yield f"(name: Literal[{name!r}]) -> {kind}"


def _of_collections(records: dict[str, str]) -> dict[str, list[str]]:
    signatures: dict[str, list[str]] = {"find": [], "rows": [], "insert": [], "update": []}
    for name, kind in records.items():
        first = f"collection: Literal[{name!r}]"
        signatures["find"].append(f"({first}, where: Mapping[str, Any], fold: bool = ...) -> list[{kind}]")
        signatures["rows"].append(f"({first}) -> list[{kind}]")
        signatures["rows"].append(f"({first}, fields: list[str] | tuple[str, ...]) -> list[dict[str, Any]]")
        signatures["insert"].append(f"({first}, record: Mapping[str, Any]) -> {kind}")
        signatures["update"].append(f"({first}, key: str, fields: Mapping[str, Any]) -> {kind}")
    return signatures


def _class_name(name: str) -> str:
    """A part of a class's name; numbers behind it keep names apart."""
    return "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", name))


def _joined(path: str, field: str) -> str:
    return f"{path}.{field}" if path else field


def _overloaded(name: str, signatures: Iterator[str] | list[str]) -> list[str]:
    """A function with several signatures; the last one takes any text, where a name is not written out."""
    general = f"({'name' if name == 'get' else 'collection'}: str, *more: Any, **others: Any) -> Any"
    return [f"@overload\ndef {name}{signature}: ..." for signature in [*signatures, general]]


def _literal(choices: object) -> str:
    known = cast("list[object]", choices) if isinstance(choices, list) else []
    if not known or not all(isinstance(one, str | bool | int) for one in known):
        return "Any"
    return f"Literal[{', '.join(map(repr, known))}]"
