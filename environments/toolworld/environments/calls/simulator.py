"""The interface between a call and what answers it: a program, a model, or a recording.

A simulator does not know about episodes, stores or protocols, and it does not change anything: it
reads the state through a `View`, and proposes a result together with the ops that it would make.
The implementations are `BehaviourSimulator` (a program in this process), `ConfinedSimulator` (a
program in a worker), `ModelSimulator`, `ReplaySimulator`, and three that wrap others:
`FaultySimulator`, `ComposedSimulator` and `TwinSimulator`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from toolworld.environments.calls.event import Call, Failure, SimulatorName
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.spec.clock import new_id
from toolworld.environments.spec.fault_profile import InjectedFault
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Op
from toolworld.environments.state.state import State
from toolworld.ground import JsonObject, JsonValue
from toolworld.llm import RejectedAnswer, Usage


@dataclass(frozen=True, slots=True)
class View:
    """What a simulator sees when it answers a call."""

    snapshot: Snapshot
    now: datetime
    """The simulated instant of the call, in UTC."""
    seed: int
    """The episode's seed."""

    @property
    def state(self) -> State:
        """The state before the call."""
        return self.snapshot.state

    @property
    def step(self) -> int:
        """The step that this call is, from 0."""
        return self.snapshot.step

    def new_id(self, prefix: str, nth: int) -> str:
        """The `nth` id (from 0) that this call issues."""
        return new_id(prefix, self.seed, self.snapshot.ids + nth)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a simulator proposes: a result with ops, or a failure."""

    result: JsonValue = None
    failure: Failure | None = None
    ops: tuple[Op, ...] = ()
    ids: int = 0
    """How many ids this call issued."""
    injected: InjectedFault | None = None
    """The fault that was put into the call on purpose, if any."""
    usage: Usage | None = None
    answered_by: SimulatorName | None = None
    """Who answered, where it is not the simulator itself: a cache, or whoever answered a recorded call."""
    model: str | None = None
    """The model that answered, or whose earlier answer it is."""
    effects: tuple[str, ...] = ()
    """Side effects that a model declared; see `Event.effects`."""
    rejected: tuple[RejectedAnswer, ...] = ()
    """The model's answers that could not be used, before this one."""
    answer: JsonObject | None = None
    """See `Event.answer`."""
    after: State | None = None
    """The state after the ops, where a program of this process made them one by one."""


class Simulator(Protocol):
    """Answers calls whose arguments match their tool's input schema."""

    name: SimulatorName

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Propose an outcome for a call.

        Raises:
            SimulationError: the simulator broke; the call fails with a failure of kind `simulator`.
            ModelError: a model that is needed does not answer; the call has not happened.
            BudgetError: the budget for models is spent; the call has not happened.
        """
        ...
