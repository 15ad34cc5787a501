"""What functions of a program return, where their form tells it: a record that they look up, or nothing."""

import ast

from toolworld.environments.behaviour.program_check import functions_of

NOTHING = ""
"""Stands for the result of a function that always fails."""


def results_of_functions(tree: ast.Module) -> dict[str, str]:
    """The collection whose record a function returns, by function, or `NOTHING`.

    It is sure that there is a record in `record = get(collection, ...)`, `if record is None: fail(...)`,
    `return record`, and that a function returns nothing whose last statement is `fail(...)`, with no `return` before.
    """
    functions = functions_of(tree)
    looked_up = {name: _collection(function) for name, function in functions.items()}
    failing = dict.fromkeys((name for name, function in functions.items() if _always_fails(function)), NOTHING)
    return {**{name: collection for name, collection in looked_up.items() if collection is not None}, **failing}


def _always_fails(function: ast.FunctionDef) -> bool:
    return _fails(function.body[-1]) and not any(isinstance(node, ast.Return) for node in ast.walk(function))


def _collection(function: ast.FunctionDef) -> str | None:
    nodes = list(ast.walk(function))
    returned = {ast.unparse(node.value) if node.value else "" for node in nodes if isinstance(node, ast.Return)}
    if len(returned) != 1:
        return None
    [name] = returned
    collections = {
        _collection_of(node.value) for node in nodes if isinstance(node, ast.Assign) and _assigns(node, name)
    }
    if len(collections) != 1 or not any(_refuses_none(statement, name) for statement in function.body):
        return None
    return collections.pop()


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _collection_of(value: ast.expr) -> str | None:
    """The collection of `get(collection, key)`."""
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id == "get"
        and len(value.args) == 2
    ):
        first = value.args[0]
        return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
    return None


def _refuses_none(statement: ast.stmt, name: str) -> bool:
    """Whether a statement is `if name is None: fail(...)`."""
    if not isinstance(statement, ast.If) or ast.unparse(statement.test) != f"{name} is None":
        return False
    return _fails(statement.body[-1])


def _fails(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "fail"
