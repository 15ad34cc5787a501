"""Records of the state that a program changes in place, which is refused when it runs."""

import ast
from collections.abc import Iterator

from toolworld.environments.audit.finding import Finding
from toolworld.environments.behaviour.program_check import functions_of
from toolworld.environments.spec.environment import BEHAVIOUR_FILE

_GIVE_RECORDS = frozenset({"get", "insert", "update"})
_GIVE_LISTS = frozenset({"find", "rows"})
_CHANGING = frozenset(
    {"append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort"}
)


def in_place_findings(tree: ast.Module) -> Iterator[Finding]:
    """Assignments to fields of records that the program got from the state, and changes of their lists."""
    for function in functions_of(tree).values():
        records = _records_of(function)
        for node in ast.walk(function):
            if _changed_name(node) in records:
                line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1
                message = (
                    f"`{_changed_name(node)}` is a record of the state and cannot be changed in place: "
                    "write `update(...)`, or make a new one, `record | {...}`"
                )
                yield Finding(severity="error", where=f"{BEHAVIOUR_FILE}:{line}:{column}", message=message)


def _records_of(function: ast.FunctionDef) -> set[str]:
    """The variables of a function that hold nothing but records of the state."""
    lists = {name for name, value in _assignments(function) if _called(value) in _GIVE_LISTS}
    given, made = set[str](), set[str]()
    for name, value in _assignments(function):
        (given if _called(value) in _GIVE_RECORDS else made).add(name)
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            from_state = _called(node.iter) in _GIVE_LISTS or (
                isinstance(node.iter, ast.Name) and node.iter.id in lists
            )
            (given if from_state else made).add(node.target.id)
    return given - made


def _assignments(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))


def _called(node: ast.expr) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def _changed_name(node: ast.AST) -> str:
    """The variable that a statement changes the content of; empty if it changes none."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return _root(node.value)
    changes = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING
    return (
        _root(node.func.value)
        if changes and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        else ""
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
