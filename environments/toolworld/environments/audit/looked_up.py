"""Functions of a program that look a record up and return it: most programs have one for each collection."""

import ast

from toolworld.environments.behaviour.program_check import functions_of


def looked_up_collections(tree: ast.Module) -> dict[str, str]:
    """The collection whose record a function returns, by function, where it is sure that there is a record.

    That is the form `record = get(collection, ...)`, `if record is None: fail(...)`, `return record`.
    """
    found = {name: _collection(function) for name, function in functions_of(tree).items()}
    return {name: collection for name, collection in found.items() if collection is not None}


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
    last = statement.body[-1]
    call = last.value if isinstance(last, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "fail"
