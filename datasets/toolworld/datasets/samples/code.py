"""Calls that are written as Python code: read without running it, and written."""

import ast
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import cast

from toolworld.environments import Call
from toolworld.ground import EncodingError, JsonValue, encode

MAX_CODE = 200_000
"""Characters of code that are read; longer code has no calls."""


SOURCE = "$source"
"""The only field of an argument that is no literal, such as a variable."""


def calls_in_code(code: str) -> tuple[Call, ...]:
    """The calls of code, children before parents, as they would be made: `a(b())` is b, then a.

    Arguments that stand by position are named `0`, `1` and so on; what is no literal is `{"$source": "its code"}`. Code
    that cannot be parsed has no calls; see `calls_line_by_line`.
    """
    lines = [_calls_of(line) for line in code.split("\n") if line.strip()]
    # Lines that are whole by themselves are parsed once, however often they occur; together they mean the same.
    if all(calls is not None for calls in lines):
        return tuple(call for calls in lines for call in calls or ())
    return _calls_of(code) or ()


@lru_cache(maxsize=100_000)
def _calls_of(code: str) -> tuple[Call, ...] | None:
    """The calls of code; None where it cannot be parsed."""
    tree = _parsed(code)
    return None if tree is None else tuple(_call(node) for node in _in_order(tree) if _name(node) is not None)


def calls_line_by_line(code: str) -> tuple[Call, ...]:
    """The same, but where the code as a whole cannot be parsed, the calls of those lines that can."""
    return calls_in_code(code) or tuple(
        call for line in code.splitlines() for call in _calls_of(line.strip()) or () if line.strip()
    )


def code_of(calls: Sequence[Call]) -> str:
    """Calls as code, one a line."""
    return "\n".join(_written(call) for call in calls)


def _parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in strings, which are the author's matter
            return ast.parse(code) if len(code) <= MAX_CODE else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _in_order(tree: ast.Module) -> Iterator[ast.Call]:
    """All call nodes, children before parents. On a stack of its own: the code may be nested deeply."""
    stack: list[tuple[ast.AST, bool]] = [(tree, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            if isinstance(node, ast.Call):
                yield node
            continue
        stack.append((node, True))
        stack += [(child, False) for child in reversed([*ast.iter_child_nodes(node)])]


def _name(node: ast.Call) -> str | None:
    """The called name, or the last part of a dotted one; None for what has no name."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else None


def _call(node: ast.Call) -> Call:
    arguments: dict[str, JsonValue] = {str(place): _value(value) for place, value in enumerate(node.args)}
    arguments |= {one.arg or "**": _value(one.value) for one in node.keywords}
    return Call(name=_name(node) or "", arguments=arguments)


def _value(node: ast.expr) -> JsonValue:
    """A literal as JSON; what is none, or has no JSON form, as its source."""
    try:
        value = _plain(ast.literal_eval(node))
        encode(value)
        return value
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, EncodingError):
        return {SOURCE: _source(node)}


def _plain(value: object) -> JsonValue:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[object]", value)]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in cast("dict[object, object]", value).items()}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _source(node: ast.expr) -> str:
    try:
        source = ast.unparse(node)
        encode(source)
    except (RecursionError, EncodingError):
        return "..."
    return source


def _written(call: Call) -> str:
    given = [_shown(v) if name.isdigit() else f"{name}={_shown(v)}" for name, v in call.arguments.items()]
    return f"{call.name}({', '.join(given)})"


def _shown(value: JsonValue) -> str:
    return str(value[SOURCE]) if isinstance(value, dict) and value.keys() == {SOURCE} else repr(value)
