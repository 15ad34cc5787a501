"""The agent's side of a conversation."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from mcp_types import Tool

from toolworld.datasets import ModelUse
from toolworld.llm import Message


class Agent(Protocol):
    """Sees what an agent sees: the policy, the tools, and what was said and returned so far."""

    name: str
    """Goes into trajectories: which model, or which script."""

    @property
    def model_use(self) -> ModelUse | None:
        """The model behind it and what it cost so far; None where there is none."""
        ...

    async def begin(self, policy: str, tools: Sequence[Tool]) -> None:
        """Receive the policy and the tools, before the user's first words."""
        ...

    async def act(self, conversation: Sequence[Message]) -> Message:
        """The next assistant message: words for the user, or calls of tools."""
        ...


@runtime_checkable
class PromptedAgent(Protocol):
    """An agent that is sent a system message of its own, with the policy in it."""

    @property
    def system_prompt(self) -> str:
        """The system message."""
        ...
