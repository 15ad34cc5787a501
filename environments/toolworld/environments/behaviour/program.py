"""Behaviour programs: Starlark, one function per tool, that answer calls without a model.

Starlark is a dialect of Python without I/O, imports and recursion, so a program gives the same answer
in any process at any time. Its run time is bounded by fuel: about every thousand instructions the
interpreter asks whether to go on, and each time costs one unit.
"""

import re
from functools import lru_cache
from typing import NamedTuple, cast

import starlark

from toolworld.environments.behaviour.host_functions import MAX_JSON_CHARACTERS, HostFunctionError, HostFunctions
from toolworld.environments.behaviour.prelude import JSON_BRIDGE, PRELUDE
from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import OpsChecker
from toolworld.ground import EncodingError, JsonValue, SimulationError, SpecError, decode, encode

MAX_FUEL = 20_000
"""Units of fuel for one call: about 20 million instructions."""


class ProgramError(NamedTuple):
    """An error in a program: its line, if known, and a message."""

    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{BEHAVIOUR_FILE}:{self.line}: {self.message}" if self.line else f"{BEHAVIOUR_FILE}: {self.message}"


def parse_program(source: str) -> starlark.AstModule:
    """Parse a program.

    Raises:
        SpecError: it is not Starlark; the message has the line.
    """
    try:
        return starlark.parse(BEHAVIOUR_FILE, source, dialect())
    except starlark.StarlarkError as problem:
        raise SpecError(str(read_program_error(problem))) from None


def dialect() -> starlark.Dialect:
    """The dialect of behaviour programs: the standard one with f-strings and checked type annotations."""
    extended = starlark.Dialect.extended()
    extended.enable_types = starlark.DialectTypes.ENABLE
    extended.enable_f_strings = True
    extended.enable_load = False
    extended.enable_top_level_stmt = False
    return extended


def library() -> starlark.Globals:
    """The built-in functions of programs besides the host functions."""
    return starlark.Globals.extended_by(
        [starlark.LibraryExtension.StructType, starlark.LibraryExtension.Map, starlark.LibraryExtension.Filter]
    )


def _in_declared_order(tool: ToolSpec, result: JsonValue) -> JsonValue:
    """The result with fields in the order of the output schema; Starlark's JSON decoder sorts those of records."""
    declared = (tool.output_schema or {}).get("properties")
    if not isinstance(result, dict) or not isinstance(declared, dict):
        return result
    return {name: result[name] for name in (*declared, *result) if name in result}


@lru_cache(maxsize=64)
def function_names(source: str) -> frozenset[str]:
    """The names of the top-level functions that a program defines."""
    return frozenset(re.findall(r"^def +(\w+)", source, re.MULTILINE))


def read_program_error(problem: Exception) -> ProgramError:
    """Extract line and message from the report of the interpreter."""
    text = str(problem)
    # the last place in a stack trace is the innermost call
    places: list[str] = re.findall(rf"(?:--> |\* ){re.escape(BEHAVIOUR_FILE)}:(\d+)", text)
    message = re.search(r"^error: (?:Parse error: )?(.+)$", text, re.MULTILINE)
    return ProgramError(int(places[-1]) if places else None, message[1] if message else text.split("\n", 1)[0])


class BehaviourSimulator:
    """Answers calls with the program of an environment.

    Raises:
        SpecError: the program does not parse or load.
    """

    name: SimulatorName = "behaviour"

    def __init__(self, environment: Environment, checker: OpsChecker) -> None:
        self._host = HostFunctions(environment.state_schema, checker)
        self._fuel_left = 0
        self._options = starlark.EvalOptions(check_cancelled=self._spend_fuel)
        module = starlark.Module()
        for name, function in (("_host", self._host.answer), ("_now", self._host.now), ("_today", self._host.today)):
            module.add_callable(name, function)
        tree = parse_program(environment.behaviour or "")
        self._functions = function_names(environment.behaviour or "")
        named = (tool.function_name for tool in environment.tools)
        bridges = "".join(JSON_BRIDGE.format(name=name) for name in named if name in self._functions)
        bridge_library = starlark.Globals.extended_by(
            [starlark.LibraryExtension.Json, starlark.LibraryExtension.Typing]
        )
        self._fuel_left = MAX_FUEL
        # Three steps into one module: the program sees the prelude, and the bridges see the program. Only the prelude
        # and the bridges get `json`, and only the program burns fuel: the other two are short and ours.
        try:
            starlark.eval(module, starlark.parse("prelude.star", PRELUDE, dialect()), bridge_library)
            starlark.eval_with(self._options, module, tree, library())
            starlark.eval(module, starlark.parse("json_bridge.star", bridges), bridge_library)
            self._program = module.freeze()
        except starlark.StarlarkError as problem:
            raise SpecError(f"environment {environment.id}: {self._explain(problem)}") from None

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Run the tool's function on the call."""
        return self.answer(tool, call, view)

    def answer(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Run the tool's function on the call; the synchronous form of `simulate`."""
        if tool.function_name not in self._functions:
            raise SimulationError(f"{BEHAVIOUR_FILE} has no function `{tool.function_name}`")
        host = self._host
        host.enter(view, writes=tool.effect == "write")
        self._fuel_left = MAX_FUEL
        try:
            bridge, arguments = f"as_json_{tool.function_name}", encode(call.arguments).decode()
            text = cast(str, self._program.call_with(self._options, bridge, arguments).value)
            if len(text) > MAX_JSON_CHARACTERS:
                raise SimulationError(
                    f"{BEHAVIOUR_FILE}: the result of {tool.name} is larger than {MAX_JSON_CHARACTERS >> 20} MiB"
                )
            result = decode(text)
        except EncodingError:
            raise SimulationError(f"{BEHAVIOUR_FILE}: the result of {tool.name} is not JSON") from None
        except starlark.StarlarkError as problem:
            # `fail` ends the program by an exception as well; only the host knows that it is an answer
            if isinstance(host.stopped, Failure):
                return Outcome(failure=host.stopped)
            raise SimulationError(f"{self._explain(problem)} (in {tool.name})") from None
        finally:
            host.leave()
        return Outcome(result=_in_declared_order(tool, result), ops=tuple(host.ops), ids=host.issued)

    def _explain(self, problem: starlark.StarlarkError) -> str:
        error = read_program_error(problem)
        if isinstance(self._host.stopped, HostFunctionError):
            error = ProgramError(error.line, str(self._host.stopped))
        elif self._fuel_left < 0:
            error = ProgramError(error.line, "ran out of fuel; is there a loop that is too long?")
        return str(error)

    def _spend_fuel(self) -> bool:
        self._fuel_left -= 1
        return self._fuel_left < 0
