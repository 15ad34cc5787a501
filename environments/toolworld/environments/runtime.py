"""An environment made ready: schemas compiled, state keyed, program loaded. And the way every call goes.

    arguments -> JSON Schema check -> simulator -> result check (output schema) -> ops check -> event

`perform` is pure: it takes a moment and a call, and gives an event and the moment after it. Who
writes the event down, and where, is not known here.
"""

from dataclasses import dataclass, replace
from functools import cached_property

from toolworld.environments.clock import instant
from toolworld.environments.environment import Environment
from toolworld.environments.event import Call, Event, Failure
from toolworld.environments.faulty import FaultySimulator
from toolworld.environments.ops_check import OpsChecker, OpsRefused
from toolworld.environments.simulation import Simulation
from toolworld.environments.simulator import Outcome, Simulator, View
from toolworld.environments.state import State
from toolworld.environments.state_schema import build_base
from toolworld.environments.tool import ToolSpec
from toolworld.ground import EncodingError, NotFoundError, Schema, SimulationError, SpecError, encode, span

REMEMBERED = 20
"""How many of the latest events a moment holds, where a model may be asked."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in an episode: the state, the number of steps behind it, and the ids issued so far."""

    state: State
    step: int = 0
    ids: int = 0
    before: State | None = None
    """The state before the latest change, if there was one."""
    recent: tuple[Event, ...] = ()
    """The latest events, where a model may be asked and has to know them."""

    def next(self, state: State, event: Event, remember: int = 0) -> "Moment":
        """Give the moment one step on, with so many of the latest events."""
        before = self.before if state is self.state else self.state
        recent = (*self.recent, event)[-remember:] if remember else ()
        return Moment(state, self.step + 1, event.ids, before, recent)


class Runtime:
    """An environment ready to answer calls; shared by all its episodes.

    Args:
        environment: What it is.
        where: What messages call it.
        simulation: How its calls are simulated; by default by its program. Programs that came with
            toolworld run in this process, others in one of their own unless they are trusted.

    Raises:
        SpecError: a schema or the initial state is not sound (where, and what is allowed). What is wrong with the
            program shows when it is first asked to answer.
    """

    def __init__(
        self, environment: Environment, where: str | None = None, simulation: Simulation | None = None
    ) -> None:
        self.environment = environment
        self.simulation = simulation or Simulation()
        self._remembered = REMEMBERED if self.simulation.may_ask(environment) else 0
        self.where = where or f"environment {environment.id}"
        self.checker = OpsChecker(environment.state_schema, self.where)
        self._inputs = {
            tool.name: Schema(tool.input_schema, f"{self.where}: the input schema of {tool.name}")
            for tool in environment.tools
        }
        self._outputs = {
            tool.name: Schema(tool.output_schema, f"{self.where}: the output schema of {tool.name}")
            for tool in environment.tools
            if tool.output_schema is not None
        }
        self.start = Moment(State(build_base(environment.state_schema, environment.initial_state, self.where)))
        for fault in self.checker.faults(self.start.state):
            raise SpecError(f"{self.where}: {fault}")

    def remade(self, environment: Environment) -> "Runtime":
        """Make another form of the environment ready, simulated as this one is."""
        return Runtime(environment, simulation=self.simulation)

    @property
    def may_ask(self) -> bool:
        """Whether a model may be asked, so that calls take seconds."""
        return self._remembered > 0

    @cached_property
    def simulator(self) -> Simulator:
        """The simulator that answers its calls."""
        chosen = self.simulation.simulator(self.environment, self.checker, self.start.state, self.where)
        return self._with_faults(chosen)

    @cached_property
    def truth(self) -> Simulator:
        """The simulator that works out the truth of tasks: programs first, whoever answers the calls of runs."""
        if self.simulation.means == "auto" and not self.simulation.overrides:
            return self.simulator
        simulation = replace(self.simulation, means="auto", overrides={})
        return self._with_faults(simulation.simulator(self.environment, self.checker, self.start.state, self.where))

    def _with_faults(self, simulator: Simulator) -> Simulator:
        faults = self.environment.faults
        return simulator if faults is None else FaultySimulator(simulator, faults)

    def tool(self, name: str) -> ToolSpec:
        """Give a tool.

        Raises:
            AccessError: there is none of that name.
        """
        tool = self.environment.tool(name)
        if tool is None:
            names = ", ".join(tool.name for tool in self.environment.tools)
            raise NotFoundError(f"environment {self.environment.id} has no tool {name!r}; its tools: {names}")
        return tool

    async def perform(
        self, moment: Moment, call: Call, seed: int = 0, simulator: Simulator | None = None
    ) -> tuple[Event, Moment]:
        """Make a call at a moment.

        Returns:
            The event, and the moment after it. A failed call leaves the state as it was.

        Raises:
            AccessError: the environment has no such tool.
            EncodingError: the arguments have no JSON form, so the call cannot be written down.
            ModelError: a model has to answer and does not; nothing has happened.
            BudgetError: a model has to answer, and what may be spent is spent; nothing has happened.
        """
        tool = self.tool(call.name)
        encode(call.arguments)
        chosen = simulator or self.simulator
        now = self.environment.clock.at(moment.step)
        outcome = self._refusal(tool, call)
        answered_by = "check" if outcome else chosen.name
        after = moment.state
        if outcome is None:
            try:
                view = View(moment.state, now, seed, moment.ids, moment.step, moment.before, moment.recent)
                with span("simulate", toolworld__simulator=chosen.name):
                    outcome = await chosen.simulate(tool, _with_defaults(tool, call), view)
                answered_by = outcome.by or answered_by
                after = self._settle(tool, moment.state, outcome)
            except (SimulationError, SpecError, OpsRefused) as problem:
                outcome, after = _broken(tool, problem), moment.state
        event = Event.model_construct(  # every part was checked on its way here
            step=moment.step,
            at=instant(now),
            call=call,
            result=None if outcome.failure else outcome.result,
            failure=outcome.failure,
            ops=() if outcome.failure else outcome.ops,
            ids=moment.ids + (0 if outcome.failure else outcome.ids),
            simulator=answered_by,
            injected=outcome.injected,
            usage=outcome.usage,
            model=outcome.model,
            effects=() if outcome.failure else outcome.effects,
            rejected=outcome.rejected,
        )
        return event, moment.next(after, event, self._remembered)

    def follow(self, moment: Moment, event: Event) -> Moment:
        """Give the moment after a recorded event, without simulating anything.

        Raises:
            OpsRefused: the event's ops do not fit; the log is not of this environment.
        """
        return moment.next(self.checker.apply(moment.state, event.ops), event, self._remembered)

    def _refusal(self, tool: ToolSpec, call: Call) -> Outcome | None:
        fault = self._inputs[tool.name].error_in(call.arguments)
        if fault is None:
            return None
        message = f"invalid arguments for {tool.name}: {fault}"
        return Outcome(failure=Failure(kind="arguments", code="invalid_arguments", message=message))

    def _settle(self, tool: ToolSpec, before: State, outcome: Outcome) -> State:
        """Check a simulator's proposal and give the state it leads to."""
        if outcome.failure is not None:
            return before
        try:
            encode(outcome.result)
        except EncodingError as problem:
            raise SimulationError(f"the result of {tool.name}: {problem}") from None
        schema = self._outputs.get(tool.name)
        fault = schema.error_in(outcome.result) if schema else None
        if fault:
            raise SimulationError(f"the result of {tool.name} does not match its output schema: {fault}")
        if outcome.ops and tool.effect == "read":
            raise SimulationError(f"{tool.name} is a read tool, and it tried to change the state")
        return self.checker.apply(before, outcome.ops)


def _with_defaults(tool: ToolSpec, call: Call) -> Call:
    arguments = tool.with_defaults(call.arguments)
    return call if len(arguments) == len(call.arguments) else Call(name=call.name, arguments=arguments)


def _broken(tool: ToolSpec, problem: Exception) -> Outcome:
    message = f"{tool.name} could not be carried out because of an internal error; nothing was changed"
    return Outcome(failure=Failure(kind="simulator", code="internal_error", message=message, detail=str(problem)))
