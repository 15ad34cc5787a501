"""The result of a call as an agent reads it: never an exception, whatever the tool said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from toolworld.environments import Call, Environment, Event, Failure, Party
from toolworld.ground import (
    BudgetError,
    EncodingError,
    JsonObject,
    JsonValue,
    ModelError,
    QuarantineError,
    describe_error,
    encode,
)
from toolworld.server.episodes.episode import Episode

UNSIMULATED = (ModelError, BudgetError, QuarantineError)
"""What is raised where nobody could simulate a call: the call is kept as unanswered, and voids the run."""
NOT_SIMULATED = "the call could not be simulated"
"""What the agent is told of it; why is for the maker of the environment."""
MAX_DESCRIBED = 500
"""Characters of what is wrong with arguments that have no JSON form."""


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of a call, or the reason why it failed."""

    result: JsonValue
    """What the tool returned; None for a failed call."""
    failure: Failure | None = None
    event: Event | None = None
    """The entry in the log; None for a call of a tool that does not exist, which is not logged."""

    @classmethod
    def of(cls, event: Event) -> "CallResult":
        """The result of a call that was logged."""
        return cls(event.result, event.failure, event)

    @classmethod
    def unknown_tool(cls, name: str, environment: Environment, party: Party = "agent") -> "CallResult":
        """The result of calling a tool that does not exist."""
        message = environment.unknown_tool(name, party)
        return cls(None, Failure(kind="arguments", code="unknown_tool", message=message))

    @classmethod
    def invalid_arguments(cls, name: str, problem: str) -> "CallResult":
        """The result of a call whose arguments have no JSON form, so that it cannot be logged."""
        message = f"invalid arguments for {name}: {problem}"
        return cls(None, Failure(kind="arguments", code="invalid_arguments", message=message))

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.failure is None

    @property
    def error(self) -> str | None:
        """The code of the failure, such as `loan_not_found`; None for a call that succeeded."""
        return self.failure.code if self.failure else None

    @property
    def text(self) -> str:
        """What a model reads: the result as JSON (a string as it is), or the failure's message."""
        if self.failure is not None:
            return self.failure.message
        return self.result if isinstance(self.result, str) else encode(self.result).decode()

    def wire(self) -> JsonObject:
        """The result as the control API writes it."""
        failure: JsonValue = None
        if self.failure is not None:  # `detail` is for the maker of the environment only
            failure = {"kind": self.failure.kind, "code": self.failure.code, "message": self.failure.message}
        return {
            "step": self.event.step if self.event else None,
            "result": self.result,
            "failure": failure,
            "text": self.text,
        }

    def __str__(self) -> str:
        return self.text


async def call_tool(
    episode: Episode, party: Party, name: str, arguments: Mapping[str, Any], step: int | None = None
) -> CallResult:
    """Call a tool for a party. An unknown tool, wrong arguments and a refusal are results that a caller can read.

    Args:
        episode: The episode.
        party: Who calls.
        name: The tool.
        arguments: Its arguments.
        step: The step that the call is expected to be, so that it can be repeated safely.

    Raises:
        ConflictError: the step is taken by another call, or is not reached yet.
        ClosedError: the episode is closed.
        ModelError: a model has to answer and does not.
        StoreError: the call cannot be kept; it was not made.
    """
    environment = episode.runtime.environment
    tool = environment.tool(name)
    if tool is None or tool.party != party:
        return CallResult.unknown_tool(name, environment, party)
    try:
        call = Call(name=name, arguments=dict(arguments))
    except ValidationError as problem:
        return CallResult.invalid_arguments(name, describe_error(problem)[:MAX_DESCRIBED])
    try:
        return CallResult.of(await episode.call(call, step=step))
    except EncodingError as problem:
        return CallResult.invalid_arguments(name, str(problem))
