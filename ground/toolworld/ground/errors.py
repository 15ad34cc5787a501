"""Every error that toolworld raises on purpose: one base class, and one class for each boundary that was crossed.

    ToolworldError
    ├── UsageError        options of a command or arguments of a call that do not go together
    ├── SpecError         an environment, a tool, a schema or a state that is malformed
    ├── RecordError       a task, trajectory or verdict that is malformed or does not fit its environment
    ├── EncodingError     a value that has no JSON form (NaN, a lone surrogate, a 65-bit integer)
    ├── SimulationError   a simulator that broke while it answered a call
    ├── QuarantineError   a program that is not asked for a while, since it had to be stopped several times
    ├── ModelError        a language model that cannot be named, reached or understood
    ├── BudgetError       the limit of what may be spent on language models
    ├── StoreError        an episode store that is unreadable, locked, full, or not ours
    ├── ReplayError       a replay that differs from its log
    ├── NotFoundError     an episode, environment, tool, task or step that does not exist (HTTP 404)
    ├── ClosedError       an episode that was closed (HTTP 409)
    ├── ConflictError     a step that another call has taken (HTTP 409)
    ├── QuotaError        a client without the token that asks for more than such clients may have (HTTP 429)
    ├── BindError         an address that cannot be listened on
    └── RolloutError      a host that cannot be reached, or a run that cannot be set up

The message is one sentence that says what, where and what is allowed. The command line prints it and
exits with code 2. A call that fails *inside* an environment is not an error but content for the
agent: see `toolworld.environments.Failure`.
"""

from typing import cast


class ToolworldError(Exception):
    """The base of all errors that toolworld raises on purpose."""


class UsageError(ToolworldError):
    """Options or arguments contradict each other, or one has a value that is not allowed."""


class SpecError(ToolworldError):
    """An environment, tool, schema or state is malformed."""


class RecordError(ToolworldError):
    """A line or file does not hold the record it should, or a record does not fit its environment."""


class EncodingError(ToolworldError):
    """A value cannot be written as JSON."""


class SimulationError(ToolworldError):
    """A simulator broke; the call that it was answering changes nothing."""


class QuarantineError(ToolworldError):
    """A program had to be stopped several times in a row; the call was not made, and can be made later."""


class ModelError(ToolworldError):
    """A language model cannot be named, reached or understood.

    Args:
        unbilled: Whether it is known that the request cost nothing.
    """

    def __init__(self, message: str, unbilled: bool = False) -> None:
        super().__init__(message)
        self.unbilled = unbilled


class BudgetError(ToolworldError):
    """The budget for language models is spent; the request was not sent."""


class StoreError(ToolworldError):
    """The episode store cannot be opened, read or written."""


class ReplayError(ToolworldError):
    """A replayed call has another result, or leads to another state, than the log says."""


class NotFoundError(ToolworldError):
    """There is nothing of that name or number."""


class ClosedError(ToolworldError):
    """The episode is closed: its log can be read, and no more calls can be made."""


class ConflictError(ToolworldError):
    """The step is taken by another call."""


class QuotaError(ToolworldError):
    """A client without the token has asked for more than such clients may have."""


class BindError(ToolworldError):
    """The address cannot be listened on: it is taken, malformed, or not allowed."""


class RolloutError(ToolworldError):
    """A rollout cannot be set up, or its host does not answer."""


def innermost(problem: BaseException) -> BaseException:
    """The first error inside a group of errors, and that of a group inside it; any other error as it is."""
    if not isinstance(problem, BaseExceptionGroup):
        return problem
    inner = cast("BaseExceptionGroup[BaseException]", problem).exceptions
    return innermost(inner[0])


def reason_of(problem: BaseException) -> str:
    """What a stranger's program or server failed with, in a line: the innermost error's first one, or its class."""
    inner = innermost(problem)
    try:
        said = str(inner)
    except Exception:  # noqa: BLE001 - a stranger's error may fail at that as well
        said = ""
    return (said.splitlines() or [""])[0].strip()[:200] or type(inner).__name__
