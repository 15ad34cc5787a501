"""Which tools are arithmetic, statistics or conversions of units, and how their functions call the pack's own.

The pack's program, `behaviour.py`, is written from mathematics and the exact factors of units, not from any back end.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Toolset
from toolworld.environments.normaliser.shape import items_of
from toolworld.environments.normaliser.words import word_set, words

UNITS_IN_NAME = "convert_named"
"""The command of tools whose name says what is converted: `gallon_to_liter`."""
_COMMANDS: Mapping[str, Sequence[str]] = {
    "absolute": ("number",),
    "add": ("number", "number"),
    "calculate": ("text",),
    "common_divisor": ("number", "number"),
    "common_multiple": ("number", "number"),
    "convert": ("number", "text", "text"),
    "convert_named": ("number",),
    "deviation": ("numbers",),
    "divide": ("number", "number"),
    "factorial": ("number",),
    "largest": ("numbers",),
    "logarithm": ("number", "number?", "precision?"),
    "mean": ("numbers",),
    "median": ("numbers",),
    "mode": ("numbers",),
    "modulo": ("number", "number"),
    "multiply": ("number", "number"),
    "percentage": ("number", "number"),
    "power": ("number", "number"),
    "round": ("number", "precision?"),
    "smallest": ("numbers",),
    "square_root": ("number", "precision?"),
    "subtract": ("number", "number"),
    "sum": ("numbers",),
    "variance": ("numbers",),
}
"""What each command is given, in order; with a question mark where it can do without."""
_NAMES: Mapping[str, str] = {
    "absolute": "absolute",
    "absolute_value": "absolute",
    "abs": "absolute",
    "add": "add",
    "addition": "add",
    "average": "mean",
    "calculate": "calculate",
    "calculator": "calculate",
    "divide": "divide",
    "division": "divide",
    "evaluate": "calculate",
    "evaluate_expression": "calculate",
    "calculate_expression": "calculate",
    "exponentiate": "power",
    "factorial": "factorial",
    "gcd": "common_divisor",
    "greatest_common_divisor": "common_divisor",
    "imperial_si_conversion": "convert",
    "lcm": "common_multiple",
    "least_common_multiple": "common_multiple",
    "ln": "logarithm",
    "log": "logarithm",
    "logarithm": "logarithm",
    "max": "largest",
    "maximum": "largest",
    "max_value": "largest",
    "mean": "mean",
    "median": "median",
    "min": "smallest",
    "minimum": "smallest",
    "min_value": "smallest",
    "mod": "modulo",
    "mode": "mode",
    "modulo": "modulo",
    "multiplication": "multiply",
    "multiply": "multiply",
    "natural_logarithm": "logarithm",
    "percent": "percentage",
    "percentage": "percentage",
    "power": "power",
    "raise_to_power": "power",
    "remainder": "modulo",
    "round": "round",
    "si_unit_conversion": "convert",
    "sqrt": "square_root",
    "square_root": "square_root",
    "standard_deviation": "deviation",
    "std_dev": "deviation",
    "subtract": "subtract",
    "subtraction": "subtract",
    "sum": "sum",
    "unit_conversion": "convert",
    "convert_unit": "convert",
    "convert_units": "convert",
    "unit_converter": "convert",
    "variance": "variance",
}
_AROUND = word_set("a calculate compute find get list number numbers of the two value values")
"""Words that stand around what is meant: `calculate_mean`, `sum_values`, `add_numbers`."""
_KINDS = {"number": ("integer", "number"), "precision": ("integer",), "text": ("string",), "numbers": ("array",)}


_TO = "to"


def commands_of(toolset: Toolset) -> dict[str, str]:
    """The command that each tool is, by the tool's name."""
    return {one.name: command for one in toolset.operations if (command := _command(one)) is not None}


def _command(operation: Operation) -> str | None:
    """The command of a tool: of its name, if it takes what the command is given and nothing else."""
    named = words(operation.original)
    whole = "_".join(named)
    core = "_".join(one for one in named if one not in _AROUND)
    command = _NAMES.get(whole) or _NAMES.get(core) or (UNITS_IN_NAME if _units_in(operation) else None)
    if command is None or operation.method is not None or operation.stated_effect == "write":
        return None
    given = list(_given(operation, command))
    is_complete = all(one is not None or wanted.endswith("?") for one, wanted in given)
    taken = [one for one, _ in given if one is not None]
    return command if is_complete and len(taken) == len(operation.parameters) else None


def _given(operation: Operation, command: str) -> Iterator[tuple[Parameter | None, str]]:
    """The parameter for each of what a command is given, or None."""
    left = list(operation.parameters)
    for wanted in _COMMANDS[command]:
        found = next((one for one in left if _fits(one, wanted.rstrip("?"))), None)
        if found is not None:
            left.remove(found)
        yield found, wanted


def _fits(parameter: Parameter, wanted: str) -> bool:
    if wanted == "numbers" and plain_type(items_of(parameter.schema)) not in ("integer", "number"):
        return False
    return plain_type(parameter.schema) in _KINDS[wanted]


def _units_in(operation: Operation) -> tuple[str, str] | None:
    """The units in the name of a tool: `gallon_to_liter`."""
    named = [one for one in words(operation.original) if one not in _AROUND and one != "convert"]
    if named.count(_TO) != 1:
        return None
    place = named.index(_TO)
    first, second = "_".join(named[:place]), "_".join(named[place + 1 :])
    known = _known_units()
    return (
        (first, second)
        if all({one, one.removesuffix("s"), one.removesuffix("es")} & known for one in (first, second))
        else None
    )


@lru_cache(maxsize=1)
def _known_units() -> frozenset[str]:
    """The units in the tables of the pack."""
    tables = [one.value for one in ast.parse(source()).body if isinstance(one, ast.Assign)]
    keys = [key for table in tables for node in ast.walk(table) if isinstance(node, ast.Dict) for key in node.keys]
    return frozenset(str(key.value) for key in keys if isinstance(key, ast.Constant))


def only_reads(command: str) -> bool:
    """Whether a command changes nothing; all of them do not."""
    return command in _COMMANDS


@lru_cache(maxsize=1)
def source() -> str:
    """The functions of the pack."""
    return (files("toolworld.environments.compiler.mathematics") / "behaviour.py").read_text(encoding="utf-8")


def call_of(operation: Operation, command: str) -> str:
    """The expression that does a command with a tool's own parameters."""
    given = [one.name if one is not None else "None" for one, _ in _given(operation, command)]
    units = _units_in(operation) if command == UNITS_IN_NAME else None
    if units is not None:
        return f"_do_convert({given[0]}, {quoted(units[0])}, {quoted(units[1])})"
    return f"_do_{command}({', '.join(given)})"
