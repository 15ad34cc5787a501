"""A second interpreter for programs, `pydantic-monty`: what the same program answers there is what it should mean."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import orjson
from pydantic_monty import Monty, MontyError, MontySession, ResourceLimits

from toolworld.environments import Call, Environment, Outcome, ToolSpec, View
from toolworld.environments.behaviour import guards
from toolworld.environments.behaviour.host_functions import HostFunctions, Position, ToolFailure
from toolworld.environments.calls.event import Failure, SimulatorName
from toolworld.ground import SimulationError, encode


class MontySimulator:
    """Answers calls with a program that Monty runs; host functions are those of the engine, called across."""

    name: SimulatorName = "behaviour"

    def __init__(self, session: MontySession, environment: Environment) -> None:
        schema = environment.state_schema
        self._host = HostFunctions(schema.key_fields, schema.singletons)
        self._refusal: ToolFailure | None = None
        lookup: dict[str, Callable[..., Any]] = {
            name: self._crossing(function) for name, function in self._host.functions.items()
        }
        # Monty rounds 2.675 up, and its sum of floats need not be one after the other
        self._lookup = {**lookup, "round": guards.rounded, "sum": guards.total}
        self._session = session
        session.feed_run(environment.behaviour or "", external_lookup=self._lookup)

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        host, self._refusal = self._host, None
        host.enter(view.state, Position(view.now, view.seed, view.snapshot.ids), writes=tool.effect == "write")
        try:
            given = f"{tool.function_name}(**_given)"
            result = self._session.feed_run(given, inputs={"_given": call.arguments}, external_lookup=self._lookup)
        except MontyError as problem:
            if self._refusal is not None:
                refused = Failure(kind="tool", code=self._refusal.code, message=self._refusal.message)
                return Outcome(failure=refused)
            raise SimulationError(str(problem)) from None
        finally:
            host.leave()
        return Outcome(result=orjson.loads(encode(result)), ops=tuple(host.ops), ids=host.issued)

    def _crossing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with plain values: Monty does not know our frozen ones."""

        def call(*arguments: Any, **options: Any) -> Any:
            try:
                return orjson.loads(orjson.dumps(function(*arguments, **options)))
            except ToolFailure as refusal:
                self._refusal = refusal
                raise RuntimeError("refused") from None

        return call


@contextmanager
def monty_simulator(environment: Environment) -> Generator[MontySimulator]:
    """An environment's program in a Monty worker of its own."""
    limits: ResourceLimits = {"max_suspensions": 100_000_000}  # each host function is one
    with (
        Monty(min_processes=1, max_processes=1) as pool,
        pool.checkout(script_name="behaviour.py", limits=limits) as session,
    ):
        yield MontySimulator(session, environment)
