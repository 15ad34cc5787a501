"""Answers calls with the program of a stranger's environment, in a confined worker."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from pydantic import ValidationError

from toolworld.environments.behaviour.language import function_names
from toolworld.environments.behaviour.simulator import no_function
from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.confinement.parcel import Parcel
from toolworld.environments.confinement.session import ConfinedCall
from toolworld.environments.confinement.workers import Tenant, Workers
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import OPS
from toolworld.environments.state.state import State
from toolworld.ground import SimulationError, SpecError


class ConfinedSimulator:
    """Answers calls with the program of an environment, in a worker process.

    Args:
        environment: The environment.
        start: Its initial state.
        workers: Who answers.
    """

    name: SimulatorName = "behaviour"

    def __init__(self, environment: Environment, start: State, workers: Workers) -> None:
        self._workers = workers
        self._functions = function_names(environment.behaviour or "")
        self._tenant = Tenant(f"environment {environment.id}", lambda: _parcel(environment, start), start)
        workers.prepare()

    async def load(self) -> None:
        """Load the program in a worker.

        Raises:
            SpecError: it is not in the language, or does not load.
            SimulationError: it broke its worker, or took too long.
        """
        with self._named():
            await self._workers.load(self._tenant)

    @contextmanager
    def _named(self) -> Generator[None]:
        """Say of which environment a program is that does not load."""
        try:
            yield
        except SpecError as problem:
            raise SpecError(f"{self._tenant.name}: {problem}") from None

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Have a worker run the tool's function on the call.

        Raises:
            SpecError: the program is not in the language, or does not load.
            SimulationError: the program broke, used up too much, or took too long.
            QuarantineError: the program had to be stopped several times in a row; the call was not made.
        """
        if tool.inferred is not None and tool.function_name not in self._functions:
            raise no_function(tool)
        asked = ConfinedCall(
            state=view.state,
            function=tool.function_name,
            arguments=call.arguments,
            now=view.now,
            seed=view.seed,
            ids=view.snapshot.ids,
            writes=tool.effect == "write",
        )
        with self._named():
            return _outcome(tool, await self._workers.answer(self._tenant, asked))


def _parcel(environment: Environment, start: State) -> Parcel:
    base = start.baseline
    return Parcel(environment.behaviour or "", environment.state_schema.key_fields, base.collections, base.singletons)


def _outcome(tool: ToolSpec, answer: list[Any]) -> Outcome:
    """What a worker's answer says; a worker may have been broken into, so its form is checked."""
    try:
        kind, *content = answer
        if kind == "broken":
            raise SimulationError(f"{cast(str, content[0])} (in {tool.name})")
        if kind == "refused":
            return Outcome(failure=Failure(kind="tool", code=content[0], message=content[1]))
        result, ops, issued = content
        return Outcome(result=result, ops=OPS.validate_python(ops), ids=int(issued))
    except (ValueError, TypeError, IndexError, ValidationError) as problem:
        raise SimulationError(f"the worker of {tool.name} answered in a form that is not its own: {problem}") from None
