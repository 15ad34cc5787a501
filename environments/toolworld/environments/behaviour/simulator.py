"""Answers calls with the program of an environment, in this process."""

from typing import cast

import orjson

from toolworld.environments.behaviour.compiler import compile_program
from toolworld.environments.behaviour.engine import Engine
from toolworld.environments.behaviour.host_functions import Position
from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import JsonValue, SimulationError, SpecError


def _own(arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Arguments that a program may change: those of the call are kept in the log, and defaults are the tool's."""
    if not any(isinstance(value, dict | list) for value in arguments.values()):
        return arguments
    return cast("dict[str, JsonValue]", orjson.loads(orjson.dumps(arguments)))


def no_function(tool: ToolSpec) -> SimulationError:
    """The error of a tool that the program has no function for, with the reason where a compiler left it out."""
    why = f": {tool.inferred.why}" if tool.inferred is not None and tool.inferred.reach == "none" else ""
    return SimulationError(f"{BEHAVIOUR_FILE} has no function `{tool.function_name}`, so that a model must answer{why}")


class BehaviourSimulator:
    """Answers calls with the program of an environment.

    Raises:
        SpecError: the program is not in the language, or does not load.
    """

    name: SimulatorName = "behaviour"

    def __init__(self, environment: Environment) -> None:
        schema = environment.state_schema
        try:
            code = compile_program(environment.behaviour or "")
            self._engine = Engine(code, schema.key_fields, schema.singletons)
        except SpecError as problem:
            raise SpecError(f"environment {environment.id}: {problem}") from None

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Run the tool's function on the call."""
        return self.answer(tool, call, view)

    def answer(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Run the tool's function on the call; the synchronous form of `simulate`."""
        if tool.function_name not in self._engine.functions:
            raise no_function(tool)
        try:
            answer = self._engine.answer(
                tool.function_name,
                _own(call.arguments),
                state=view.state,
                position=Position(view.now, view.seed, view.snapshot.ids),
                writes=tool.effect == "write",
            )
        except SimulationError as problem:
            raise SimulationError(f"{problem} (in {tool.name})") from None
        if answer.refusal is not None:
            refusal = Failure(kind="tool", code=answer.refusal.code, message=answer.refusal.message)
            return Outcome(failure=refusal)
        return Outcome(result=answer.result, ops=answer.ops, ids=answer.issued, after=answer.after)
