"""The user's side of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mcp_types import Tool

from toolworld.datasets import ModelUse
from toolworld.environments import Call
from toolworld.llm import Message, ToolCall

Agrees = Literal["yes", "no", "none"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the user says. That the user is done, and that it agrees, are signals of their own, never phrases."""

    text: str
    done: bool = False
    agrees: Agrees = "none"
    """Whether it agrees to what the agent last said it would do."""
    tool_calls: tuple[ToolCall, ...] = ()
    """What the user does before it says anything; it is then asked again, and shown what came of it."""


class UserProxy(Protocol):
    """Stands in for a person, who knows a goal and some facts, and no internal ids."""

    name: str

    @property
    def model_use(self) -> ModelUse | None:
        """The model behind it and what it cost so far; None where there is none."""
        ...

    async def begin(self, tools: Sequence[Tool]) -> None:
        """Receive the tools that the user has; mostly none."""
        ...

    async def see(self, call: ToolCall, text: str) -> None:
        """Receive the result of a call that the user made."""
        ...

    async def remember(self, call: Call) -> None:
        """Receive a call that the user made earlier in the conversation, where it is taken up again."""
        ...

    async def open(self) -> str:
        """The user's first words."""
        ...

    async def reply(self, conversation: Sequence[Message]) -> Reply:
        """Answer what the agent said last."""
        ...
