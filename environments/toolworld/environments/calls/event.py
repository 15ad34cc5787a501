"""One call and what came of it: the entry of an episode's log."""

from typing import Literal

from toolworld.environments.spec.fault_profile import InjectedFault
from toolworld.environments.state.ops import Op
from toolworld.ground import JsonValue, Record
from toolworld.llm import RejectedAnswer, Usage

SimulatorName = Literal["check", "behaviour", "cache", "model", "replay"]
"""Who answered a call; `check` is the argument check, which answers before any simulator is asked, and `cache` what a
model answered to the same question before."""


class Call(Record):
    """A tool and the arguments it is called with."""

    name: str
    arguments: dict[str, JsonValue]


class Failure(Record):
    """Why a call did not succeed. It is content for the agent, and it changes nothing."""

    kind: Literal["arguments", "tool", "simulator"]
    """`arguments`: the schema refused them. `tool`: the tool said no. `simulator`: our side broke; the run is void."""
    code: str
    message: str
    """What the agent reads."""
    detail: str | None = None
    """What only the maker of the environment should read."""


class Event(Record):
    """A step of an episode: the call, its result or failure, the ops it made, and who simulated it."""

    step: int
    """Counts from 0; `(episode, step)` is the primary key of the log."""
    at: str
    """The simulated instant of the call."""
    call: Call
    result: JsonValue = None
    failure: Failure | None = None
    ops: tuple[Op, ...] = ()
    ids: int = 0
    """How many ids the episode has issued when this step is over."""
    simulator: SimulatorName
    injected: InjectedFault | None = None
    """A fault that was put into this call on purpose."""
    usage: Usage | None = None
    model: str | None = None
    """The model that answered, or whose earlier answer it is."""
    effects: tuple[str, ...] = ()
    """What the model said that the call changes beside the records that its arguments and its result name."""
    rejected: tuple[RejectedAnswer, ...] = ()
    """Answers of the model that were not accepted before this came of it."""
