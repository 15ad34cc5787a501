"""Every error a user of toolworld can meet, one class for each boundary that it crossed.

    ToolworldError
    ├── SpecError         an environment, a tool, a schema or a state that is not what it must be
    ├── RecordError       a task, trajectory or verdict file that cannot be read as such
    ├── EncodingError     a value that has no JSON form (NaN, a lone surrogate, 65-bit integers)
    ├── SimulationError   a simulator that broke while it answered a call
    ├── ModelError        a language model that cannot be reached, or whose answers cannot be used
    ├── BudgetError       the end of what a run may spend on models
    ├── StoreError        the episode store: unreadable, locked, full, or not ours
    ├── AccessError       an episode, environment, task or step that is not there
    ├── BindError         an address that cannot be listened on
    └── RolloutError      a host that cannot be reached, or a run that cannot be set up

The message is one sentence that says what, where and what is allowed; the command line prints it
and leaves with exit code 2. What goes wrong *inside* a simulated call is not an error but content:
see `toolworld.environments.Failure`.
"""


class ToolworldError(Exception):
    """The base of all errors that toolworld raises on purpose."""


class SpecError(ToolworldError):
    """An environment, tool, schema or state is malformed."""


class RecordError(ToolworldError):
    """A line or file does not hold the record it should."""


class EncodingError(ToolworldError):
    """A value cannot be written as JSON."""


class SimulationError(ToolworldError):
    """A simulator broke; the call it was answering changes nothing."""


class ModelError(ToolworldError):
    """A language model cannot be named, reached or understood.

    Args:
        unbilled: Whether it is known that nothing was spent.
    """

    def __init__(self, message: str, unbilled: bool = False) -> None:
        super().__init__(message)
        self.unbilled = unbilled


class BudgetError(ToolworldError):
    """What may be spent on language models is spent; nothing was sent."""


class StoreError(ToolworldError):
    """The episode store cannot be opened, read or written."""


class AccessError(ToolworldError):
    """What was asked for by name is not there."""


class BindError(ToolworldError):
    """The address to listen on is not available or not allowed."""


class RolloutError(ToolworldError):
    """A rollout cannot be set up or its host does not answer."""
