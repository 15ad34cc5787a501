"""Behaviours: Starlark programs, one function a tool, that answer calls without a model.

Starlark is a dialect of Python that cannot do I/O, import or recurse, so a program gives the same
answer in any process on any day. Its time is bounded by fuel: the interpreter asks every thousand
instructions or so whether to go on.
"""

import re
from functools import lru_cache
from typing import NamedTuple, cast

import starlark

from toolworld.environments.behaviour.host_functions import LARGEST, HostFunctionError, HostFunctions
from toolworld.environments.behaviour.prelude import JSON_BRIDGE, PRELUDE
from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import OpsChecker
from toolworld.ground import EncodingError, JsonValue, SimulationError, SpecError, decode, encode

FUEL = 20_000
"""How often a call may be asked whether to go on: about 20 million instructions."""


class ProgramError(NamedTuple):
    """Where a program broke, and how."""

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
    """Give the dialect of behaviours: the standard one with f-strings and checked type annotations."""
    chosen = starlark.Dialect.extended()
    chosen.enable_types = starlark.DialectTypes.ENABLE
    chosen.enable_f_strings = True
    chosen.enable_load = False
    chosen.enable_top_level_stmt = False
    return chosen


def library() -> starlark.Globals:
    """Give what programs have besides the host functions."""
    return starlark.Globals.extended_by(
        [starlark.LibraryExtension.StructType, starlark.LibraryExtension.Map, starlark.LibraryExtension.Filter]
    )


def _in_declared_order(tool: ToolSpec, result: JsonValue) -> JsonValue:
    """Put a result's fields in the order of the output schema; a record's were sorted on its way into Starlark."""
    declared = (tool.output_schema or {}).get("properties")
    if not isinstance(result, dict) or not isinstance(declared, dict):
        return result
    return {name: result[name] for name in (*declared, *result) if name in result}


@lru_cache(maxsize=64)
def function_names(source: str) -> frozenset[str]:
    """Give the names of the functions that a program defines."""
    return frozenset(re.findall(r"^def +(\w+)", source, re.MULTILINE))


def read_program_error(problem: Exception) -> ProgramError:
    """Read the line and the message out of an interpreter's report."""
    text = str(problem)
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
        self._left = 0
        self._options = starlark.EvalOptions(check_cancelled=self._spend)
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
        self._left = FUEL
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
        """Run the tool's function on the call, without waiting for anything."""
        if tool.function_name not in self._functions:
            raise SimulationError(f"{BEHAVIOUR_FILE} has no function `{tool.function_name}`")
        host = self._host
        host.enter(view, writes=tool.effect == "write")
        self._left = FUEL
        try:
            bridge, arguments = f"as_json_{tool.function_name}", encode(call.arguments).decode()
            text = cast(str, self._program.call_with(self._options, bridge, arguments).value)
            if len(text) > LARGEST:
                raise SimulationError(f"{BEHAVIOUR_FILE}: the result of {tool.name} is larger than {LARGEST >> 20} MiB")
            result = decode(text)
        except EncodingError:
            raise SimulationError(f"{BEHAVIOUR_FILE}: the result of {tool.name} is not JSON") from None
        except starlark.StarlarkError as problem:
            if isinstance(host.stopped, Failure):
                return Outcome(failure=host.stopped)
            raise SimulationError(f"{self._explain(problem)} (in {tool.name})") from None
        finally:
            host.leave()
        return Outcome(result=_in_declared_order(tool, result), ops=tuple(host.ops), ids=host.issued)

    def _explain(self, problem: starlark.StarlarkError) -> str:
        fault = read_program_error(problem)
        if isinstance(self._host.stopped, HostFunctionError):
            fault = ProgramError(fault.line, str(self._host.stopped))
        elif self._left < 0:
            fault = ProgramError(fault.line, "ran out of fuel; is there a loop that is too long?")
        return str(fault)

    def _spend(self) -> bool:
        self._left -= 1
        return self._left < 0
