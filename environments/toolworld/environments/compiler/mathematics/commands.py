"""Which tools are arithmetic, statistics or conversions of units, and how their functions call the pack's own.

The pack's program, `behaviour.py`, is written from mathematics and the exact factors of units, not from any back end.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files

from toolworld.environments.compiler.literals import quoted
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Toolset
from toolworld.environments.normaliser.shape import items_of, properties_of
from toolworld.environments.normaliser.words import singulars, word_set, words

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
_ROLES: Mapping[str, Sequence[frozenset[str]]] = {
    "divide": (word_set("dividend numerator"), word_set("denominator divisor")),
    "logarithm": (word_set("argument number value x"), word_set("base"), word_set("digits places precision")),
    "modulo": (word_set("dividend"), word_set("divisor modulus")),
    "percentage": (word_set("amount part portion"), word_set("total whole")),
    "power": (word_set("base"), word_set("exponent power")),
    "subtract": (word_set("minuend"), word_set("subtrahend")),
}
"""What the arguments of a command are called whose order matters, in order."""
_PLAIN_NAMES: Mapping[str, frozenset[str]] = {
    "number": word_set(
        "a addend amount angle argument b base celsius degree denominator digit dividend divisor exponent factor "
        "fahrenheit first input k kelvin m minuend multiplicand multiplier n num number numerator operand part power "
        "second subtrahend total value whole x y z"
    ),
    "numbers": word_set("array data dataset element input list num number sample series set value"),
    "precision": word_set("decimal digit ndigit place precision"),
    "text": word_set("equation expression formula from in input math mathematical out source target to unit"),
}
"""What arguments of mathematics are called; `quantity` and `device_id` are arguments of something else."""
_NO_RESULTS = word_set("error message ok success")
_NOT_OURS = re.compile(
    r"\bsample (?:variance|standard)|\bn ?- ?1\b|\bweighted\b|\bgeometric\b|\bharmonic\b", re.IGNORECASE
)
"""What descriptions say of functions that the pack has not."""
_BASE_TEN = re.compile(r"\b(?:base[- ]?(?:10|ten)|common log)", re.IGNORECASE)
_TO = "to"


def commands_of(toolset: Toolset) -> dict[str, str]:
    """The command that each tool is, by the tool's name."""
    return {one.name: command for one in toolset.operations if (command := _command(one)) is not None}


def _command(operation: Operation) -> str | None:
    """The command of a tool: of its name, if its arguments and its result are those of mathematics."""
    named = words(operation.original)
    core = "_".join(one for one in named if one not in _AROUND)
    units = UNITS_IN_NAME if _units_in(operation) is not None else None
    command = _NAMES.get("_".join(named)) or _NAMES.get(core) or units
    is_other = operation.method is not None or operation.stated_effect == "write"
    if command is None or is_other or not _gives_number(operation) or _NOT_OURS.search(operation.description):
        return None
    given = list(_given(operation, command))
    is_complete = all(wanted.endswith("?") if one is None else one.required or "?" in wanted for one, wanted in given)
    taken = [one for one, _ in given if one is not None]
    return command if is_complete and len(taken) == len(operation.parameters) else None


def _gives_number(operation: Operation) -> bool:
    """Whether a result can be a number: one value, or a field that is one, beside what tells of success."""
    if plain_type(operation.response) in ("integer", "number", "string"):
        return True
    told = {name: one for name, one in properties_of(operation.response).items() if name.lower() not in _NO_RESULTS}
    return not told or any(plain_type(one) in ("integer", "number", "string", None) for one in told.values())


def _given(operation: Operation, command: str) -> Iterator[tuple[Parameter | None, str]]:
    """The parameter for each of what a command is given, or None: by what it is called, else in order."""
    left = list(operation.parameters)
    roles = _ROLES.get(command, ())
    for place, wanted in enumerate(_COMMANDS[command]):
        fitting = [one for one in left if _fits(one, wanted.rstrip("?"))]
        named = [one for one in fitting if place < len(roles) and {*singulars(one.original)} & roles[place]]
        others = [one for one in fitting if not any({*singulars(one.original)} & role for role in roles)]
        found = next(iter([*named, *others]), None)
        if found is not None:
            left.remove(found)
        yield found, wanted


def _fits(parameter: Parameter, wanted: str) -> bool:
    """Whether a parameter has the type and a name of what is wanted."""
    if wanted == "numbers" and plain_type(items_of(parameter.schema)) not in ("integer", "number"):
        return False
    named = {re.sub(r"\d+$", "", one) for one in singulars(parameter.original)} - {""}
    is_unit = bool(named & _known_units())
    return plain_type(parameter.schema) in _KINDS[wanted] and (
        named <= _PLAIN_NAMES[wanted] | {"first", "second"} or is_unit
    )


def _units_in(operation: Operation) -> tuple[str, str] | None:
    """The units in the name of a tool: `gallon_to_liter`."""
    named = [one for one in words(operation.original) if one not in _AROUND and one != "convert"]
    if named.count(_TO) != 1:
        return None
    place = named.index(_TO)
    first, second = "_".join(named[:place]), "_".join(named[place + 1 :])
    return (first, second) if any(_in(table, first) and _in(table, second) for table in _unit_tables()) else None


def _in(table: frozenset[str], unit: str) -> bool:
    return bool({unit, unit.removesuffix("s"), unit.removesuffix("es")} & table)


@lru_cache(maxsize=1)
def _unit_tables() -> tuple[frozenset[str], ...]:
    """The units in the tables of the pack, those together that are converted into each other."""
    assigned = [one for one in ast.parse(source()).body if isinstance(one, ast.Assign)]
    tables = {one.targets[0].id: one.value for one in assigned if isinstance(one.targets[0], ast.Name)}
    units, temperatures = tables["_UNITS"], tables["_TEMPERATURES"]
    inner = [*units.values, temperatures] if isinstance(units, ast.Dict) else []
    return tuple(
        frozenset(str(key.value) for key in one.keys if isinstance(key, ast.Constant))
        for one in inner
        if isinstance(one, ast.Dict)
    )


@lru_cache(maxsize=1)
def _known_units() -> frozenset[str]:
    return frozenset(unit for table in _unit_tables() for unit in table)


def only_reads(command: str) -> bool:
    """Whether a command changes nothing."""
    return command in _COMMANDS  # all of the pack's


@lru_cache(maxsize=1)
def source() -> str:
    """The functions of the pack."""
    return (files("toolworld.environments.compiler.mathematics") / "behaviour.py").read_text(encoding="utf-8")


def call_of(operation: Operation, command: str) -> str:
    """The expression that does a command with a tool's own parameters."""
    given = [one.name if one is not None else "None" for one, _ in _given(operation, command)]
    units = _units_in(operation) if command == UNITS_IN_NAME else None
    if command == "logarithm" and given[1] == "None" and _is_base_ten(operation):
        given[1] = "10"
    if units is not None:
        return f"_do_convert({given[0]}, {quoted(units[0])}, {quoted(units[1])})"
    return f"_do_{command}({', '.join(given)})"


def _is_base_ten(operation: Operation) -> bool:
    """Whether a logarithm without a base is one to the base ten."""
    is_natural = bool({*words(operation.original)} & {"ln", "natural"}) or "natural" in operation.description.lower()
    return bool(_BASE_TEN.search(operation.description)) or ("log10" in operation.original.lower() and not is_natural)
