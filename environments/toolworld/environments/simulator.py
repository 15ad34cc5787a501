"""The seam at which a call is answered: a program, a model, or a recording.

A simulator does not know about episodes, stores or protocols, and it does not change anything: it
looks at the state through a `View` and says what the answer is and which ops it would make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toolworld.environments.clock import new_id
from toolworld.environments.event import Call, Event, Failure, SimulatorName
from toolworld.environments.fault_profile import Injected
from toolworld.environments.ops import Op
from toolworld.environments.state import State
from toolworld.environments.tool import ToolSpec
from toolworld.ground import JsonValue, SimulationError, same
from toolworld.llm import RejectedAnswer, Usage


@dataclass(frozen=True, slots=True)
class View:
    """What a simulator sees of the moment of a call."""

    state: State
    now: datetime
    seed: int
    ids: int
    """Ids issued before this call."""
    step: int
    """The step that this call is."""
    before: State | None = None
    """The state before the latest change, if there was one."""
    recent: tuple[Event, ...] = ()
    """The latest events before this call, where a model may be asked."""

    def new_id(self, prefix: str, nth: int) -> str:
        """Give the `nth` id (from 0) that this call issues."""
        return new_id(prefix, self.seed, self.ids + nth)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulator proposes: a result or a failure, and the ops of a success."""

    result: JsonValue = None
    failure: Failure | None = None
    ops: tuple[Op, ...] = ()
    ids: int = 0
    """How many ids this call issued."""
    injected: Injected | None = None
    """A fault that was put in on purpose."""
    usage: Usage | None = None
    by: SimulatorName | None = None
    """Who answered, where it is not the simulator as such."""
    model: str | None = None
    effects: tuple[str, ...] = ()
    """What a model said that the call changes beside what its arguments and its result name."""
    rejected: tuple[RejectedAnswer, ...] = ()


class Simulator(Protocol):
    """Answers calls whose arguments have passed their schema."""

    name: SimulatorName

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Propose an outcome.

        Raises:
            SimulationError: it broke; the call fails with the kind `simulator`.
            ModelError: a model that it needs does not answer; the call has not happened.
            BudgetError: what may be spent on models is spent; the call has not happened.
        """
        ...


class ReplaySimulator:
    """Answers from a recorded log, step by step, whoever simulated it first."""

    name: SimulatorName = "replay"

    def __init__(self, log: Mapping[int, Event]) -> None:
        self._log = log

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Give the recorded outcome of the same step, if it is of the same call."""
        event = self._log.get(view.step)
        recorded = tool.with_defaults(event.call.arguments) if event and event.call.name == call.name else None
        if event is None or recorded is None or not same(recorded, call.arguments):
            raise SimulationError(
                f"step {view.step} of the recording is not a call of {call.name} with these arguments"
            )
        issued = event.ids - view.ids
        return Outcome(
            event.result,
            event.failure,
            event.ops,
            issued,
            event.injected,
            event.usage,
            event.simulator,
            event.model,
            event.effects,
            event.rejected,
        )
