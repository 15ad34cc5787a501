"""A program with types for a type checker: host functions by the state schema, and parameters by the tools' schemas.

Types are those of `typing`; what a schema leaves open is `Any`. Each line of the program is one further down.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, cast

from toolworld.environments.audit.function_results import NOTHING, results_of_functions
from toolworld.environments.behaviour.language import HOST_FUNCTIONS
from toolworld.environments.behaviour.program_check import functions_of
from toolworld.environments.spec.environment import Environment
from toolworld.environments.state.schema import StateSchema
from toolworld.ground import JsonSchema

STUB_MODULE = "host_functions"
"""The module that the typed program imports everything from, on its first line."""
_UNTYPED = "of_any_type"
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
def of_any_type(value: Any) -> Any: ...
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


class _StateTypes:
    """The types of a state: of its records, their keys, and its singletons."""

    def __init__(self, schema: StateSchema) -> None:
        self.keys = {name: f"{_class_name(name)}Key{number}" for number, name in enumerate(schema.collections)}
        self.classes = [f"class {kind}(str): ..." for kind in self.keys.values()]
        self.records: dict[str, str] = {}
        for number, (name, shape) in enumerate(schema.collections.items()):
            references = {path: self.keys[target] for path, target in shape.references.items()}
            types = _Types({**references, shape.key: self.keys[name]})
            self.records[name] = types.of(shape.record, f"{_class_name(name)}Record{number}")
            self.classes += types.classes
        types = _Types()
        shapes = enumerate(schema.singletons.items())
        self.values = {name: types.of(shape, f"{_class_name(name)}Value{number}") for number, (name, shape) in shapes}
        self.classes += types.classes


def stub_text(schema: StateSchema) -> str:
    """The stub of the host functions of a state."""
    types = _StateTypes(schema)
    functions = [_FUNCTIONS, *_overloaded("get", _gets(types))]
    for name, signatures in _of_collections(types.records).items():
        functions += _overloaded(name, signatures)
    return "\n".join([_HEADER, *types.classes, *functions, ""])


class _Addition(NamedTuple):
    """A text that is put into a program."""

    line: int
    column: int
    """In bytes, as syntax trees count."""
    text: str


def typed_source(environment: Environment, source: str, tree: ast.Module) -> str:
    """The program with types of its functions' parameters and results; each line is one further down."""
    types = _Types()
    additions = [
        _Addition(parameter.end_lineno or 0, parameter.end_col_offset or 0, f": {kind!r}")
        for parameter, kind in _typed_parameters(environment, tree, types)
    ]
    lines = re.split(r"\r\n|\r|\n", source)  # as Python does: `splitlines` knows other ends of lines, too
    additions += [*_typed_results(environment, lines, tree), *_untyped_dicts(tree)]
    for line, column, text in sorted(additions, key=lambda addition: addition[:2], reverse=True):
        encoded = lines[line - 1].encode()
        lines[line - 1] = (encoded[:column] + text.encode() + encoded[column:]).decode()
    imports = f"from typing import Any, Literal, NoReturn, NotRequired, TypedDict; from {STUB_MODULE} import *; "
    return "\n".join([imports + "".join(f"{one}; " for one in types.classes) + "pass", *lines])


def _untyped_dicts(tree: ast.Module) -> Iterator[_Addition]:
    """Dicts and lists that the program writes get the type `Any`: the checker takes all their values for one type."""
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    left = {id(inner) for text in texts for inner in ast.walk(text)}  # whose places Python 3.11 does not know
    # what a host function takes is a Mapping, whose type does not matter, and with `Any` its result would be lost
    left |= {
        id(argument) for call in _host_calls(tree) for argument in [*call.args, *(word.value for word in call.keywords)]
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict | ast.DictComp | ast.List | ast.BinOp) and _is_made(node) and id(node) not in left:
            yield _Addition(node.lineno, node.col_offset, f"{_UNTYPED}(")
            yield _Addition(node.end_lineno or 0, node.end_col_offset or 0, ")")


def _is_made(node: ast.expr) -> bool:
    return isinstance(node.op, ast.BitOr) if isinstance(node, ast.BinOp) else True


def _host_calls(tree: ast.Module) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in HOST_FUNCTIONS]


def _typed_results(environment: Environment, lines: list[str], tree: ast.Module) -> Iterator[_Addition]:
    """Types of what helpers return that look a record up or fail, where the end of their head is on a line of its own.

    The checker does not infer what a function returns.
    """
    kinds = {**_StateTypes(environment.state_schema).records, NOTHING: "NoReturn"}
    functions = functions_of(tree)
    for name, collection in results_of_functions(tree).items():
        line = functions[name].body[0].lineno - 1
        head = lines[line - 1].rstrip() if line >= functions[name].lineno else ""
        if functions[name].returns is None and head.endswith("):") and (kind := kinds.get(collection)):
            yield _Addition(line, len(head[:-1].encode()), f" -> {kind!r}")


def _typed_parameters(environment: Environment, tree: ast.Module, types: _Types) -> Iterator[tuple[ast.arg, str]]:
    """Parameters that the program gives no type, with the types that follow from the tools' schemas.

    A parameter of a helper has the type of the tools' parameters of its name, where all tools agree that it is a text.
    """
    functions = functions_of(tree)
    texts: dict[str, bool] = {}
    for number, tool in enumerate(environment.tools):
        for name, shape in tool.parameters.items():
            texts[name] = texts.get(name, True) and shape.get("type") == "string" and name in tool.required
        function = functions.pop(tool.function_name, None)
        for place, parameter in enumerate(_parameters(function) if function else ()):
            shape = tool.parameters.get(parameter.arg)
            if shape is not None:
                # a choice often is of keys, which `get` finds
                kind = "Any" if "enum" in shape else types.of(shape, f"Tool{number}Parameter{place}")
                is_optional = parameter.arg not in tool.required and "default" not in shape
                yield parameter, f"{kind} | None" if is_optional else kind
    for helper in functions.values():
        needed = helper.args.args[: len(helper.args.args) - len(helper.args.defaults)]
        yield from (
            (parameter, "str") for parameter in _parameters(helper) if parameter in needed and texts.get(parameter.arg)
        )


def _parameters(function: ast.FunctionDef) -> list[ast.arg]:
    """The parameters without a type of their own, to which nothing else is assigned."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    assigned = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    listed = [*function.args.args, *function.args.kwonlyargs]
    return [one for one in listed if one.annotation is None and one.arg not in assigned]


def _gets(types: _StateTypes) -> Iterator[str]:
    for name, kind in types.records.items():  # a key that another record holds is there: references are checked
        yield f"(name: Literal[{name!r}], key: {types.keys[name]}) -> {kind}"
        yield f"(name: Literal[{name!r}], key: str) -> {kind} | None"
    for name, kind in types.values.items():
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
    parts = "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", name))
    return f"X{parts}" if parts[:1].isdigit() else parts


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
