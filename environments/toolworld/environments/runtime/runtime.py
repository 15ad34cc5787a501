"""An environment ready to answer calls: schemas compiled, records keyed, program loaded. Every call goes this way:

    arguments -> JSON Schema check -> simulator -> result check (output schema) -> ops check -> event

`step` is pure: it takes a snapshot and a call, and returns an event and the next snapshot. Who writes
the event down, and where, is not known here.
"""

from dataclasses import replace
from functools import cached_property

from toolworld.environments.calls.event import Call, Event, Failure, Withheld
from toolworld.environments.calls.simulator import Outcome, Simulator, View
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.confinement.simulator import ConfinedSimulator
from toolworld.environments.faults.injector import FaultySimulator
from toolworld.environments.runtime.plan import ComposedSimulator, ResourceComposition, SimulationPlan
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import InvalidOpsError, OpsChecker
from toolworld.environments.state.ops import MAX_OPS
from toolworld.environments.state.schema import build_baseline
from toolworld.environments.state.state import State
from toolworld.environments.twin.recorded_answers import RecordedAnswers
from toolworld.environments.twin.simulator import TwinSimulator
from toolworld.ground import EncodingError, NotFoundError, Schema, SimulationError, SpecError, digest, encode, span

MAX_REFUSED_BYTES = 16 << 10
"""How large arguments are that are kept although the call was refused; of larger ones a digest is."""
REMEMBERED_EVENTS = 20
"""How many of the latest events a snapshot holds, where a model may be asked."""


class Runtime:
    """An environment ready to answer calls; all its episodes share one.

    Args:
        environment: The environment.
        where: What error messages call it.
        simulation: How its calls are simulated; by default by its program. That of an environment of
            toolworld's own runs in this process, any other in a confined worker, unless the plan trusts it.

    Raises:
        SpecError: a schema or the initial state is not sound (where, and what is allowed). A program that
            does not load is noticed at the first call that it has to answer.
    """

    def __init__(
        self, environment: Environment, where: str | None = None, simulation: SimulationPlan | None = None
    ) -> None:
        self.environment = environment
        self.simulation = simulation or SimulationPlan()
        self._remember = REMEMBERED_EVENTS if self.simulation.may_ask_model(environment) else 0
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
        recording = environment.recording
        self._recorded = RecordedAnswers(recording, environment.tools) if recording else None
        self.start = Snapshot(State(build_baseline(environment.state_schema, environment.initial_state, self.where)))
        for problem in self.checker.problems(self.start.state):
            raise SpecError(f"{self.where}: {problem}")

    def for_environment(self, environment: Environment) -> "Runtime":
        """A runtime for another environment, simulated as this one is."""
        return Runtime(environment, simulation=self.simulation)

    @property
    def may_leave_unanswered(self) -> bool:
        """Whether a call may find nobody who answers: a model that is not there, or a program in quarantine."""
        return self.may_ask_model or self.is_confined

    @cached_property
    def is_confined(self) -> bool:
        """Whether the program runs in workers, because it is neither toolworld's own nor trusted."""
        return self.environment.behaviour is not None and not self.simulation.runs_here(self.environment)

    @property
    def may_ask_model(self) -> bool:
        """Whether a model may have to answer a call, so that calls take seconds."""
        return self._remember > 0

    def has_program(self, tool: ToolSpec) -> bool:
        """Whether the environment's program has a function for a tool."""
        return self.simulation.has_program(self.environment, tool)

    async def load_program(self) -> None:
        """Load the program now, if there is one, so that one that does not load is noticed before a call.

        Raises:
            SpecError: it is not in the language, or does not load.
            SimulationError: it broke its worker.
        """
        if not (self.environment.behaviour or self.environment.resources) and self.simulation.model is not None:
            return
        simulator = self.chosen_simulator
        if isinstance(simulator, TwinSimulator):
            simulator = simulator.other
        if isinstance(simulator, ConfinedSimulator | ComposedSimulator | ResourceComposition):
            await simulator.load()

    @cached_property
    def simulator(self) -> Simulator:
        """The simulator that answers calls."""
        return self._with_faults(self.chosen_simulator)

    @cached_property
    def chosen_simulator(self) -> Simulator:
        """The simulator that answers where no fault is injected."""
        return self._built(self.simulation)

    @cached_property
    def truth_simulator(self) -> Simulator:
        """The simulator that derives the truth of tasks: programs first, whoever answers the calls of runs."""
        if self.simulation.kind == "auto" and not self.simulation.overrides:
            return self.simulator
        plan = replace(self.simulation, kind="auto", overrides={})
        return self._with_faults(self._built(plan))

    def _built(self, plan: SimulationPlan) -> Simulator:
        """The simulator of a plan; of a twin, around the one index of its recording."""
        made = plan.simulator(self.environment, self.checker, self.start.state, self.where)
        return made if self._recorded is None else TwinSimulator(self._recorded, made, plan.answers(self.environment))

    def _with_faults(self, simulator: Simulator) -> Simulator:
        faults = self.environment.faults
        return simulator if faults is None else FaultySimulator(simulator, faults)

    def tool(self, name: str) -> ToolSpec:
        """The tool of that name.

        Raises:
            NotFoundError: there is none.
        """
        tool = self.environment.tool(name)
        if tool is None:
            raise NotFoundError(self.environment.unknown_tool(name))
        return tool

    async def step(
        self, snapshot: Snapshot, call: Call, seed: int = 0, simulator: Simulator | None = None
    ) -> tuple[Event, Snapshot]:
        """Make a call at a snapshot.

        Returns:
            The event, and the snapshot after it. A failed call leaves the state as it was.

        Raises:
            NotFoundError: the environment has no such tool.
            EncodingError: the arguments have no JSON form, so the call cannot be logged.
            ModelError: a model has to answer and does not; the call has not happened.
            BudgetError: a model has to answer, and the budget is spent; the call has not happened.
            QuarantineError: the program is in quarantine; the call has not happened.
        """
        tool = self.tool(call.name)
        size = len(encode(call.arguments))
        now, at = self.environment.clock.moment(snapshot.step)
        after, answered_by = snapshot.state, "check"
        outcome = None if self._is_recorded(tool, call, snapshot) else self._argument_error(tool, call)
        if outcome is None:
            answered_by = "behaviour"
            try:  # loading the program is part of it: one that does not load fails the call, wherever it runs
                chosen = simulator or self.simulator
                answered_by = chosen.name
                with span("simulate", toolworld__simulator=chosen.name):
                    outcome = await chosen.simulate(tool, _for_program(tool, call), View(snapshot, now, seed))
                answered_by = outcome.answered_by or answered_by
                after = self._checked(tool, snapshot.state, outcome)
            except (SimulationError, SpecError, InvalidOpsError) as problem:
                outcome, after = _broken(tool, problem), snapshot.state
        is_withheld = size > MAX_REFUSED_BYTES and outcome.failure is not None and outcome.answer is None
        event = Event.made(
            {
                "step": snapshot.step,
                "at": at,
                "call": Call(name=call.name, arguments={}) if is_withheld else call,
                "result": None if outcome.failure else outcome.result,
                "failure": outcome.failure,
                "ops": () if outcome.failure else outcome.ops,
                "ids": snapshot.ids + (0 if outcome.failure else outcome.ids),
                "simulator": answered_by,
                "injected": outcome.injected,
                "usage": outcome.usage,
                "model": outcome.model,
                "effects": () if outcome.failure else outcome.effects,
                "rejected": outcome.rejected,
                "answer": outcome.answer,
                "withheld": Withheld(digest=digest(call.arguments), bytes=size) if is_withheld else None,
            }
        )
        return event, snapshot.next(after, event, self._remember)

    def advance(self, snapshot: Snapshot, event: Event) -> Snapshot:
        """The snapshot after a recorded event; nothing is simulated.

        Raises:
            InvalidOpsError: the event's ops do not fit; the log is not of this environment.
        """
        return snapshot.next(self.checker.apply(snapshot.state, event.ops), event, self._remember)

    def _is_recorded(self, tool: ToolSpec, call: Call, snapshot: Snapshot) -> bool:
        """Whether a recorded server was asked just this; then it is asked here, even with arguments that are wrong."""
        return self._recorded is not None and self._recorded.find(tool, call.arguments, snapshot.state) is not None

    def _argument_error(self, tool: ToolSpec, call: Call) -> Outcome | None:
        problem = self._inputs[tool.name].error_in(call.arguments)
        if problem is None:
            return None
        message = f"invalid arguments for {tool.name}: {problem}"
        return Outcome(failure=Failure(kind="arguments", code="invalid_arguments", message=message))

    def _checked(self, tool: ToolSpec, before: State, outcome: Outcome) -> State:
        """Check a proposed outcome, and return the state that it leads to.

        The ops were checked one by one while the program ran, and are checked again here as a whole: the
        simulator may be a worker process or a model, and nothing that it says is trusted.
        """
        if outcome.failure is not None:
            return before
        try:
            encode(outcome.result)
        except EncodingError as problem:
            raise SimulationError(f"the result of {tool.name}: {problem}") from None
        schema = self._outputs.get(tool.name)
        problem = schema.error_in(outcome.result) if schema else None
        if problem:
            raise SimulationError(f"the result of {tool.name} does not match its output schema: {problem}")
        if outcome.ops and tool.effect == "read":
            raise SimulationError(f"{tool.name} is a read tool, and it tried to change the state")
        if len(outcome.ops) > MAX_OPS:
            raise SimulationError(f"{tool.name} made {len(outcome.ops):,} changes, and {MAX_OPS:,} are the most")
        if outcome.after is not None:  # each op was applied as the program made it; what they lead to was not checked
            self.checker.check_results(outcome.after, outcome.ops)
            return outcome.after
        return self.checker.apply(before, outcome.ops)


def _for_program(tool: ToolSpec, call: Call) -> Call:
    arguments = tool.for_program(call.arguments)
    return call if arguments is call.arguments else Call.model_construct(name=call.name, arguments=arguments)


def _broken(tool: ToolSpec, problem: Exception) -> Outcome:
    message = f"{tool.name} could not be carried out because of an internal error; nothing was changed"
    return Outcome(failure=Failure(kind="simulator", code="internal_error", message=message, detail=str(problem)))
