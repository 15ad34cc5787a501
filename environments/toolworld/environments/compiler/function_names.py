"""The names of tools' functions in a program: none that a variable or a function of the language has."""

import ast
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from toolworld.environments.behaviour.language import BUILTIN_FUNCTIONS, HOST_FUNCTIONS
from toolworld.environments.normaliser.operation import Operation, Toolset

_ENDING = "_tool"


def with_function_names(toolset: Toolset, sources: Iterable[str]) -> Toolset:
    """The tools, each with a name for its function that no parameter and no variable has.

    Args:
        toolset: The tools.
        sources: The texts of functions that the program may have beside theirs.
    """
    taken = {*BUILTIN_FUNCTIONS, *HOST_FUNCTIONS}
    taken |= {one.name for operation in toolset.operations for one in operation.parameters}
    taken |= {name for source in sources for name in variables_of(source)}
    functions = {one.function_name for one in toolset.operations}
    made: list[Operation] = []
    for one in toolset.operations:
        if one.function_name in taken:
            one = replace(one, function=_free(one.function_name, taken | functions))
            functions.add(one.function_name)
        made.append(one)
    return replace(toolset, operations=tuple(made))


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, f"{name[:50]}{_ENDING}"
    while free in taken:
        number += 1
        free = f"{name[:50]}{_ENDING}_{number}"
    return free


@lru_cache(maxsize=64)
def variables_of(source: str) -> frozenset[str]:
    """The names of all variables and parameters in a source text."""
    nodes = list(ast.walk(ast.parse(source)))
    stored = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return frozenset(stored | {one.arg for one in nodes if isinstance(one, ast.arg)})
