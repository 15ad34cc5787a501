"""What happened in a rollout: the conversation, and the episode's own log of calls, results and ops."""

from collections.abc import Sequence
from typing import Literal

from toolworld.environments import Event, Op
from toolworld.ground import Record
from toolworld.llm import Message, Role, Usage

Party = Literal["agent", "user", "simulator", "host", "judge"]
"""Who can be at fault when a run breaks."""

Stop = Literal["done", "turn_limit", "call_limit", "token_limit", "budget", "failed"]
"""Why a rollout ended: the user was done, a limit was reached, what may be spent on models was spent, or something
broke (see `Fault`)."""


class Fault(Record):
    """Who failed, where something failed. A fault of anyone but the agent voids the run."""

    party: Party
    message: str


class ModelUse(Record):
    """A model that took part: whose part it played, how it was asked, and what it cost."""

    role: Role
    model: str
    seed: int | None = None
    """Of its first completion; later ones are derived from it. The simulator's are derived from the episode's."""
    temperature: float = 0.0
    usage: Usage


class Trajectory(Record):
    """One rollout of one task."""

    schema_version: Literal[1] = 1
    id: str
    """The task's id and the seed: the same run has the same id on any machine."""
    task: str
    environment: str
    environment_version: str
    seed: int
    agent: str
    """Who played, by a name that tells model or script."""
    user: str
    messages: tuple[Message, ...] = ()
    """The conversation; empty for an outside agent, whose words the host does not hear."""
    answer: str | None = None
    """What an outside agent says it told the user."""
    log: tuple[Event, ...] = ()
    initial_digest: str
    final_digest: str
    changes: tuple[Op, ...] = ()
    stop: Stop
    fault: Fault | None = None
    models: tuple[ModelUse, ...] = ()
    """The models that took part; empty where everybody kept to a script."""
    usage: Usage = Usage()
    """What all models together cost."""

    @property
    def told(self) -> tuple[str, ...]:
        """Everything that the agent said to the user."""
        said = [message.content for message in self.messages if message.role == "assistant" and message.content]
        return (*said, self.answer) if self.answer else tuple(said)


def simulator_fault(log: Sequence[Event]) -> Fault | None:
    """Find the first call that nobody could simulate, if there is one."""
    for event in log:
        if event.failure is not None and event.failure.kind == "simulator":
            return Fault(party="simulator", message=f"step {event.step}: {event.failure.detail}")
    return None
