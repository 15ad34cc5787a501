"""A compiled program, loaded and ready to be called."""

from collections.abc import Callable, Mapping
from types import CodeType, TracebackType
from typing import Any

from toolworld.environments.behaviour.guards import Fuel, OutOfFuelError, guards
from toolworld.environments.behaviour.language import HOST_FUNCTIONS
from toolworld.environments.spec.environment import BEHAVIOUR_FILE
from toolworld.environments.state.frozen import freeze


class Program:
    """A loaded program. It sees its own functions and constants, and those of the language and the host.

    Args:
        code: What `compile_program` made of it.
        host_functions: Functions that the program can call, by name.

    Raises:
        Exception: a constant of the program cannot be computed; `explain` makes a sentence of it.
    """

    def __init__(self, code: CodeType, host_functions: Mapping[str, Callable[..., Any]]) -> None:
        self._namespace: dict[str, Any] = {"__builtins__": {}}
        self._fuel = Fuel(self._namespace)
        given = {**guards(self._fuel), **host_functions}
        self._namespace |= given
        self._fuel.refill()
        exec(code, self._namespace)
        own = self._namespace.keys() - given.keys()
        # a constant that a call could change would carry something from one call to the next
        self._namespace |= {name: freeze(self._namespace[name]) for name in own if name != "__builtins__"}
        self.functions = frozenset(name for name in own if isinstance(self._namespace[name], _FUNCTION))
        """The names of its functions."""

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call one of its functions; what the program raises comes through, for `explain`."""
        self._fuel.refill()
        return self._namespace[name](**arguments)


_FUNCTION = type(lambda: None)


def explain(problem: BaseException) -> str:
    """Why a program stopped, with the line: `behaviour.py:12: KeyError: 'name'`."""
    line, called = _last_place(problem.__traceback__)
    place = f"{BEHAVIOUR_FILE}:{line}" if line else BEHAVIOUR_FILE
    if isinstance(problem, StopIteration):  # the countdown of function calls
        return f"{place}: {OutOfFuelError()}"
    if isinstance(problem, RecursionError):
        return f"{place}: its functions call each other too deep"
    if called in HOST_FUNCTIONS:
        return f"{place}: {called}: {problem}"
    if isinstance(problem, (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, NameError)):
        return f"{place}: {type(problem).__name__}: {problem}".replace("HostFunctions.", "")
    return f"{place}: {problem}"


def _last_place(traceback: TracebackType | None) -> tuple[int | None, str]:
    """The innermost line of the program, and the function of ours that it called there, if any."""
    line, called = None, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename == BEHAVIOUR_FILE:
            line, called = traceback.tb_lineno, ""
        elif line is not None and not called:
            called = code.co_name
        traceback = traceback.tb_next
    return line, called
