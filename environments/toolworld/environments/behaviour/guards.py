"""What a program calls in place of the operators and functions of Python that could use up time or memory.

An operation makes a text or list of at most a million elements and an integer of at most 4,096 bits, and what loops
and functions go through is counted. That stops accidents. What a program can still do too much of in one operation
(comparing, or searching a long text again and again) ends with the time limit of a confined worker; in process there
is none.
"""

import builtins
from collections.abc import Callable, Iterable, Sized
from itertools import repeat
from typing import Any, cast

from toolworld.environments.behaviour.language import TYPE_NAMES

MAX_ELEMENTS = 1 << 20
"""Maximum length of a text, list or range."""
MAX_BITS = 4096
"""Maximum size of an integer."""
MAX_FUNCTION_CALLS = 20_000
"""How many functions of its own a program may enter in one call."""
MAX_STEPS = 2_000_000
"""How many elements a program may go through in one call, by loops, comprehensions and functions such as `sorted`."""
MAX_DIGITS = 1_000
"""Maximum length of a text that is read as an integer."""
_SMALL = 1 << 62
_TOO_LONG = f"a text or list has at most {MAX_ELEMENTS:,} elements"
_TOO_LARGE = f"an integer has at most {MAX_BITS:,} bits"


class OutOfFuelError(Exception):
    """A program went through more than a call may."""

    def __init__(self) -> None:
        super().__init__("ran out of fuel; is there a loop that is too long?")


class TooLargeError(Exception):
    """A program made a text, list or number that is too large."""


class Fuel:
    """What is left of the steps and function calls that one call of a tool may make."""

    __slots__ = ("_namespace", "steps")

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self.steps = 0

    def refill(self) -> None:
        """Begin a call."""
        self.steps = MAX_STEPS
        # the cheapest countdown that Python has: it runs in C, and ends with StopIteration
        self._namespace[ENTER] = repeat(None, MAX_FUNCTION_CALLS).__next__

    def spend(self, steps: int) -> None:
        """Take steps.

        Raises:
            OutOfFuelError: there are not so many left.
        """
        self.steps -= steps
        if self.steps < 0:
            raise OutOfFuelError


ENTER, EACH = "guard enter", "guard each"
ADD, SUBTRACT, ADD_IN_PLACE, MULTIPLY, MODULO, UNITE = (
    "guard add",
    "guard subtract",
    "guard add in place",
    "guard multiply",
    "guard modulo",
    "guard unite",
)
TEXT, LISTED = "guard text", "guard listed"
GUARDED_METHODS = frozenset({"join", "replace", "extend", "update", "ljust", "rjust", "center", "zfill", "sort"})
"""The methods that are called through a guard, named after the method."""
VIEWS = frozenset({"keys", "values", "items"})
"""The methods whose result is made a list: two views combined would make a set, which has no order."""
# The names of guards have a space, so a program can neither call nor replace them.


def method_guard(name: str) -> str:
    """The name of the guard of a method."""
    return f"guard .{name}"


def type_name(name: str) -> str:
    """The name of a type of Python, as `isinstance` gets it: `int` is the name of a guarded function."""
    return f"type {name}"


def guards(fuel: Fuel) -> dict[str, Callable[..., Any]]:
    """All guards by the names under which a compiled program calls them, with the guarded functions of Python."""
    return {
        **_counting_guards(fuel),
        **_bounding_guards(),
        **_functions(fuel),
        **{type_name(name): getattr(builtins, name) for name in TYPE_NAMES},
    }


def _counting_guards(fuel: Fuel) -> dict[str, Callable[..., Any]]:
    def each(values: Sized) -> Sized:
        fuel.steps = left = fuel.steps - len(values)
        if left < 0:
            raise OutOfFuelError
        return values

    def united(one: Any, other: Any) -> Any:
        result = one | other
        fuel.spend(len(cast(Sized, result)) if isinstance(result, dict) else 1)
        return cast(Any, result)

    def sort(values: list[Any], **options: Any) -> None:
        fuel.spend(len(values))
        values.sort(**options)

    def update(values: dict[Any, Any], *others: Any, **fields: Any) -> None:
        for other in others:
            fuel.spend(len(other))
        values.update(*others, **fields)

    return {EACH: each, UNITE: united, method_guard("sort"): sort, method_guard("update"): update}


def _bounding_guards() -> dict[str, Callable[..., Any]]:
    operators = {ADD: add, SUBTRACT: subtract, ADD_IN_PLACE: add_in_place, MULTIPLY: multiply, MODULO: modulo}
    methods = {method_guard(function.__name__): function for function in (join, replace, extend)}
    padding = {method_guard(name): _padding(name) for name in ("ljust", "rjust", "center", "zfill")}
    return {**operators, **methods, **padding, TEXT: bounded_text, LISTED: list}


def _functions(fuel: Fuel) -> dict[str, Callable[..., Any]]:
    def charged(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            for argument in (*arguments, *options.values()):
                if hasattr(argument, "__len__"):
                    fuel.spend(len(argument))
            return function(*arguments, **options)

        return call

    def charged_list(function: Callable[..., Iterable[Any]]) -> Callable[..., Any]:
        return charged(lambda *arguments, **options: list(function(*arguments, **options)))

    plain = ("abs", "bool", "float", "isinstance", "len")
    going_through = ("sorted", "list", "tuple", "dict", "min", "max", "any", "all")
    lazy = ("zip", "enumerate", "reversed")
    return {
        **{name: getattr(builtins, name) for name in plain},
        **{name: charged(getattr(builtins, name)) for name in going_through},
        **{name: charged_list(getattr(builtins, name)) for name in lazy},
        "int": integer,
        "str": text,
        "range": bounded_range,
        "round": rounded,
        "sum": charged(total),
    }


def multiply(one: Any, other: Any) -> Any:
    """`one * other`."""
    if isinstance(one, float) or isinstance(other, float):
        return one * other
    if isinstance(one, int) and isinstance(other, int):
        if one.bit_length() + other.bit_length() > MAX_BITS:
            raise TooLargeError(_TOO_LARGE)
        return one * other
    for values, times in ((one, other), (other, one)):
        if isinstance(values, str | list | tuple) and isinstance(times, int):
            _require_length(len(cast(Sized, values)) * times)
    return one * other


def add(one: Any, other: Any) -> Any:
    """`one + other`."""
    return _bounded(one + other)


def subtract(one: Any, other: Any) -> Any:
    """`one - other` of numbers: of what other values have it, such as views of dicts, it makes sets."""
    result = one - other
    return _bounded(result)


def add_in_place(one: Any, other: Any) -> Any:
    """`one += other`; the result is assigned."""
    if type(one) is list:
        _require_length(len(cast("list[Any]", one)) + len(other))
    one += other
    return _bounded(one)


def modulo(one: Any, other: Any) -> Any:
    """`one % other` of numbers; `%` of a text would format it, at any width."""
    if isinstance(one, str):
        raise TypeError("`%` does not format a text here: write an f-string")
    return one % other


def join(separator: Any, parts: Any) -> str:
    """`separator.join(parts)`."""
    listed: list[str] = list(parts)
    _require_length(sum(map(len, listed)) + len(separator) * len(listed))
    return separator.join(listed)


def replace(whole: Any, old: str, new: str, count: int = -1) -> str:
    """`whole.replace(old, new, count)`."""
    _require_length(len(whole) + whole.count(old) * len(new))
    return whole.replace(old, new, count)


def extend(values: Any, more: Any) -> None:
    """`values.extend(more)`."""
    _require_length(len(values) + len(more))
    values.extend(more)


def bounded_text(made: str) -> str:
    """An f-string, if it is not too long."""
    _require_length(len(made))
    return made


def text(value: Any = "") -> str:
    """`str(value)`."""
    return bounded_text(str(value))


def integer(value: Any = 0, base: int | None = None) -> int:
    """`int(value, base)`."""
    if isinstance(value, str) and len(value) > MAX_DIGITS:
        raise TooLargeError(f"a text that is read as an integer has at most {MAX_DIGITS:,} digits")
    return int(value) if base is None else int(value, base)


def bounded_range(*bounds: int) -> range:
    """`range(...)`."""
    made = range(*bounds)
    if (made.stop - made.start) // made.step >= MAX_ELEMENTS:
        raise TooLargeError(f"a range has at most {MAX_ELEMENTS:,} elements")
    return made


def rounded(value: Any, digits: int | None = None) -> Any:
    """`round(value, digits)`."""
    if digits is not None and not -MAX_DIGITS <= digits <= MAX_DIGITS:
        raise TooLargeError(f"round takes at most {MAX_DIGITS:,} digits")
    return round(value, digits)


def total(values: Iterable[Any], start: Any = 0) -> Any:
    """`sum(values)`, one after the other: from version 3.12 on, Python's own gives other floats."""
    for value in values:
        start = add(start, value)
    return start


def _padding(name: str) -> Callable[..., str]:
    def pad(whole: str, width: int, *fill: str) -> str:
        _require_length(width)
        return getattr(str, name)(whole, width, *fill)

    return pad


def _bounded(result: Any) -> Any:
    kind = result.__class__
    if kind is int:
        if not -_SMALL < result < _SMALL and result.bit_length() > MAX_BITS:
            raise TooLargeError(_TOO_LARGE)
    elif kind is not float and len(result) > MAX_ELEMENTS:
        raise TooLargeError(_TOO_LONG)
    return result


def _require_length(length: int) -> None:
    if length > MAX_ELEMENTS:
        raise TooLargeError(_TOO_LONG)
