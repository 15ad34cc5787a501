"""Calls in a program, held against the parameters of what they call: the program's own functions and host functions."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from toolworld.environments.audit.finding import Finding
from toolworld.environments.behaviour.language import HOST_FUNCTIONS
from toolworld.environments.behaviour.program_check import functions_of, nearest
from toolworld.environments.spec.environment import BEHAVIOUR_FILE

_OPTIONAL = {"get": {"key"}, "find": {"fold"}, "rows": {"fields"}, "new_id": {"prefix"}}
_NOT_TEXT = {"where", "fold", "fields", "record", "value", "days", "minutes"}
"""Parameters of host functions that are no texts."""


class _Signature(NamedTuple):
    """The parameters of a function."""

    positional: list[str]
    named: list[str]
    """Those that can be given by name."""
    required: set[str]
    is_host: bool


def argument_findings(tree: ast.Module) -> Iterator[Finding]:
    """Arguments that a function does not take, those that it lacks, and numbers where a host function takes a text."""
    signatures = {name: _of_host(name) for name in HOST_FUNCTIONS}
    signatures |= {name: _of_function(node) for name, node in functions_of(tree).items()}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in signatures:
            for message in _problems(node, node.func.id, signatures[node.func.id]):
                where = f"{BEHAVIOUR_FILE}:{node.lineno}:{node.col_offset + 1}"
                yield Finding(severity="error", where=where, message=message)


def _of_host(name: str) -> _Signature:
    parameters = list(HOST_FUNCTIONS[name])
    return _Signature(parameters, parameters, set(parameters) - _OPTIONAL.get(name, set()), True)


def _of_function(node: ast.FunctionDef) -> _Signature:
    positional = [parameter.arg for parameter in node.args.args]
    without_default = positional[: len(positional) - len(node.args.defaults)]
    keyword = list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
    required = {*without_default, *(parameter.arg for parameter, default in keyword if default is None)}
    return _Signature(positional, [*positional, *(parameter.arg for parameter, _ in keyword)], required, False)


def _problems(node: ast.Call, name: str, signature: _Signature) -> Iterator[str]:
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return  # how many there are is known only when it runs
    if name == "set" and signature.is_host and len(node.args) + len(node.keywords) < 2:
        yield "`set(name, value)` sets a singleton; there are no sets: write a list, or a dict with keys"
        return
    allowed = ", ".join(signature.named) or "none"
    if len(node.args) > len(signature.positional):
        yield f"`{name}` takes {len(signature.positional)} arguments in order ({allowed}), not {len(node.args)}"
        return
    given = dict(zip(signature.positional, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg is None:
            return
        if keyword.arg not in signature.named:
            hint = nearest(keyword.arg, signature.named) or f"; it takes {allowed}"
            yield f"`{name}` has no parameter `{keyword.arg}`{hint}"
        elif keyword.arg in given:
            yield f"`{name}` gets `{keyword.arg}` twice"
        given[keyword.arg] = keyword.value
    for missing in (parameter for parameter in signature.named if parameter in signature.required - given.keys()):
        yield f"`{name}` is called without `{missing}`"
    for parameter, value in given.items() if signature.is_host else ():
        is_number = isinstance(value, ast.Constant) and isinstance(value.value, int | float)
        if is_number and parameter not in _NOT_TEXT:
            yield f"`{name}` takes a text as `{parameter}`, not {ast.unparse(value)}"
