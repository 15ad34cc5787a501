"""JSON Schemas of the types in Python source: annotations and pydantic models are read, and nothing is run."""

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from itertools import count

from toolworld.ground import JsonSchema, JsonValue

MAX_DEPTH = 6
"""How deep types are followed; deeper than that anything is allowed."""
_LARGEST = 1 << 63
MAX_TYPES = 2_000
"""How many types one schema is made of; beyond them anything is allowed."""
_PLAIN: dict[str, JsonSchema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "list": {"type": "array"},
    "List": {"type": "array"},
    "dict": {"type": "object"},
    "Dict": {"type": "object"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "None": {"type": "null"},
}


class PythonTypes:
    """The types that modules define: classes, enumerations and aliases, by name."""

    def __init__(self, modules: list[ast.Module]) -> None:
        self._classes: dict[str, ast.ClassDef] = {}
        self._aliases: dict[str, ast.expr] = {}
        self._left = count(MAX_TYPES, -1)
        for statement in (one for module in modules for one in module.body):
            if isinstance(statement, ast.ClassDef):
                self._classes[statement.name] = statement
            elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self._aliases[statement.targets[0].id] = statement.value

    def schema(self, annotation: ast.expr | None) -> JsonSchema:
        """The schema of an annotation; empty where it says nothing that JSON Schema can."""
        self._left = count(MAX_TYPES, -1)
        return self._schema(annotation, 0)

    def _schema(self, annotation: ast.expr | None, depth: int) -> JsonSchema:
        match annotation:
            case _ if depth > MAX_DEPTH or next(self._left) <= 0:
                return {}
            case ast.Constant(value=str(text)):
                return self._schema(_expression(text), depth + 1)
            case ast.Constant(value=None):
                return dict(_PLAIN["None"])
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return self._named(name, depth)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._union([left, right], depth)
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
                return self._generic(name, list(inner.elts) if isinstance(inner, ast.Tuple) else [inner], depth)
            case _:
                return {}

    def _named(self, name: str, depth: int) -> JsonSchema:
        if name in self._classes:
            return self._class(self._classes[name], depth)
        if name in self._aliases:
            return self._schema(self._aliases[name], depth + 1)
        return dict(_PLAIN.get(name, {}))

    def _generic(self, name: str, inner: list[ast.expr], depth: int) -> JsonSchema:
        """The schema of a type with types inside: `list[int]`, `Annotated[str, Field(...)]`."""
        kinds: Mapping[str, Callable[[], JsonSchema]] = {
            "literal": lambda: _choice([_constant(one) for one in inner]),
            "optional": lambda: self._union([*inner, ast.Constant(value=None)], depth),
            "union": lambda: self._union(inner, depth),
            "annotated": lambda: self._schema(inner[0], depth) | _field(inner[-1]),
            "list": lambda: {"type": "array", "items": self._schema(inner[0], depth + 1)},
            "tuple": lambda: {"type": "array", "items": self._schema(inner[0], depth + 1)},
            "dict": lambda: {"type": "object", "additionalProperties": self._schema(inner[-1], depth + 1)},
        }
        kind = kinds.get(name.lower())
        return kind() if kind is not None and inner else {}

    def _union(self, members: list[ast.expr], depth: int) -> JsonSchema:
        """The schema of a union: `X | dict` is an X, which may be given as an object."""
        found = [self._schema(one, depth) for one in members]
        is_nullable = _PLAIN["None"] in found
        kinds = [one for one in found if one and one not in (_PLAIN["None"], _PLAIN["dict"])] or [{"type": "object"}]
        made = kinds[0] if len(kinds) == 1 else _common(kinds)
        return made | {"nullable": True} if is_nullable else made

    def _class(self, made: ast.ClassDef, depth: int) -> JsonSchema:
        if any(isinstance(base, ast.Name | ast.Attribute) and _name(base).endswith("Enum") for base in made.bases):
            assigned = [one.value for one in made.body if isinstance(one, ast.Assign)]
            return _choice([one.value for one in assigned if isinstance(one, ast.Constant)])
        properties: dict[str, JsonValue] = {}
        required: list[JsonValue] = []
        for name, annotation, value in self._fields(made, depth):
            shape = self._schema(annotation, depth + 1) | _field(value)
            properties[name] = shape
            if value is None or (isinstance(value, ast.Call) and not _has_default(value)):
                required.append(name)
        return {"type": "object", "properties": properties, "required": required} if properties else {"type": "object"}

    def _fields(self, made: ast.ClassDef, depth: int) -> Iterator[tuple[str, ast.expr, ast.expr | None]]:
        """The fields of a class, those of its bases first; a later one of the same name stands for both."""
        found: dict[str, tuple[ast.expr, ast.expr | None]] = {}
        for base in made.bases:
            known = self._classes.get(_name(base))
            if known is not None and known is not made and depth <= MAX_DEPTH:
                found |= {name: (kind, value) for name, kind, value in self._fields(known, depth + 1)}
        for one in made.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                found[one.target.id] = (one.annotation, one.value)
        yield from ((name, kind, value) for name, (kind, value) in found.items())


def _choice(values: list[object]) -> JsonSchema:
    texts: list[JsonValue] = [one for one in values if isinstance(one, str | int | float | bool) and _fits_json(one)]
    if len(texts) < len(values):
        return {}
    kind = "string" if all(isinstance(one, str) for one in texts) else None
    made: JsonSchema = {"type": kind} if kind else {}
    if texts:
        made["enum"] = texts
    return made


def _constant(node: ast.expr) -> object:
    """The value of a constant, a negative number included; anything else is None."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case _:
            return None


def _fits_json(value: str | int | float) -> bool:
    """Whether JSON can hold a value: a text of characters, a number of 64 bits."""
    if isinstance(value, str):
        return value.isprintable() or value.encode(errors="ignore").decode() == value
    return abs(value) < _LARGEST and math.isfinite(value)


def _common(kinds: list[JsonSchema]) -> JsonSchema:
    """What several types have in common: their JSON type, and of objects the properties of all."""
    types = {str(one.get("type")) for one in kinds}
    if len(types) > 1:
        return {}
    if types != {"object"}:
        return {"type": next(iter(types))}
    parts = [one["properties"] for one in kinds if isinstance(one.get("properties"), dict)]
    shared: dict[str, JsonValue] = {}
    for part in parts:
        for name, shape in part.items() if isinstance(part, dict) else ():
            shared[name] = _merged(shared[name], shape) if name in shared else shape
    return {"type": "object", "properties": shared}


def _merged(one: JsonValue, other: JsonValue) -> JsonValue:
    """A property that several types have: their choices together."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one
    first, second = one.get("enum"), other.get("enum")
    if isinstance(first, list) and isinstance(second, list):
        return {**one, "enum": first + [value for value in second if value not in first]}
    return one


def _field(value: ast.expr | None) -> JsonSchema:
    """What a `Field(...)` says of its field; empty for anything else."""
    if not isinstance(value, ast.Call) or _name(value.func) != "Field":
        return {}
    said = {one.arg: one.value.value for one in value.keywords if isinstance(one.value, ast.Constant)}
    limits = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
    found: JsonSchema = {}
    if isinstance(said.get("description"), str):
        found["description"] = str(said["description"])
    for name, keyword in limits.items():
        limit = said.get(name)
        if isinstance(limit, int | float):
            found[keyword] = limit
    return found


def _has_default(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    is_ellipsis = isinstance(first, ast.Constant) and first.value is ...
    return (first is not None and not is_ellipsis) or any(
        one.arg in ("default", "default_factory") for one in call.keywords
    )


def _expression(text: str) -> ast.expr | None:
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _name(node: ast.expr) -> str:
    """The last part of a name: `Enum` of `enum.Enum`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
