"""Who judges statements: whoever can tell whether an agent said something in words of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from toolworld.llm import Message


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge holds of one statement."""

    told: Literal["yes", "no", "unclear"]
    quote: str = ""
    """The agent's words that it rests on."""


class StatementJudge(Protocol):
    """Judges statements."""

    name: str

    async def judge(self, statements: Sequence[str], conversation: Sequence[Message]) -> Sequence[Opinion]:
        """Say for each statement whether the agent told it to the user.

        Raises:
            ModelError: a model has to answer and does not.
        """
        ...
