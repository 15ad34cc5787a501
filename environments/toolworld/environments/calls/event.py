"""Calls and events: an event is one entry of an episode's log, a call with its outcome."""

from typing import Literal

import orjson

from toolworld.environments.spec.fault_profile import InjectedFault
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Op
from toolworld.ground import JsonObject, JsonValue, Record, digest, same
from toolworld.llm import RejectedAnswer, Usage

SimulatorName = Literal["check", "behaviour", "cache", "model", "replay", "resource"]
"""What answered a call. `check` is the argument check, which comes before any simulator; `cache` repeats the answer
that a model gave to the same question earlier; `resource` looked it up in files, a database or the web."""


class Call(Record):
    """The name of a tool, and the arguments of the call."""

    name: str
    arguments: dict[str, JsonValue]


class Withheld(Record):
    """Arguments that are not kept: the call was refused, and they are large, so that anybody could fill a disk."""

    digest: str
    """The SHA-256 of their canonical form."""
    bytes: int
    """Of their JSON."""


class Failure(Record):
    """Why a call did not succeed. The agent reads it in place of a result; a failed call changes nothing."""

    kind: Literal["arguments", "tool", "simulator"]
    """`arguments`: they violate the input schema. `tool`: the tool refused the call. `simulator`: the simulation itself
    broke, so the run is void."""
    code: str
    message: str
    """The text for the agent."""
    detail: str | None = None
    """The technical cause, for the author of the environment; agents do not see it."""


class Event(Record):
    """A step of an episode: the call, its result or failure, the ops it made, and what simulated it."""

    step: int
    """Position in the log, from 0; `(episode, step)` is the primary key of the log."""
    at: str
    """The simulated time of the call."""
    call: Call
    result: JsonValue = None
    failure: Failure | None = None
    ops: tuple[Op, ...] = ()
    ids: int = 0
    """Number of ids that the episode has issued after this step."""
    simulator: SimulatorName
    injected: InjectedFault | None = None
    """The fault that was put into this call on purpose, if any."""
    usage: Usage | None = None
    model: str | None = None
    """The model that answered, or whose earlier answer was repeated."""
    effects: tuple[str, ...] = ()
    """Side effects that the model declared: one sentence for each changed record that neither the arguments nor the
    result mention."""
    rejected: tuple[RejectedAnswer, ...] = ()
    """Answers of the model that were rejected before this outcome."""
    answer: JsonObject | None = None
    """What a recorded server answered, word for word, where result and failure do not say all of it."""
    withheld: Withheld | None = None
    """The arguments of a refused call, where they are too large to be kept; `call.arguments` is empty then."""

    def is_of(self, call: Call, tool: ToolSpec) -> bool:
        """Whether this is the event of a call: of the same tool, with the same arguments, defaults included."""
        if self.call.name != call.name:
            return False
        if self.withheld is not None:
            return self.withheld.digest == digest(call.arguments)
        return same(tool.with_defaults(self.call.arguments), tool.with_defaults(call.arguments))

    def json_bytes(self) -> bytes:
        """The event as one line of JSON, without the newline; each call is written once, so this is made by hand."""
        return orjson.dumps(self.__dict__, default=_fields)


def _fields(record: object) -> object:
    if isinstance(record, Record):
        return record.__dict__
    raise TypeError(f"{type(record).__name__} has no JSON form")
