"""The interface of explorers: who proposes what is done next."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from toolworld.environments import ToolSpec
from toolworld.llm import Usage
from toolworld.rollout.trees.node import Action, Node
from toolworld.rollout.trees.seeds import Seed


class Situation(NamedTuple):
    """What an explorer knows when it is asked."""

    seed: Seed
    path: Sequence[Node]
    """What was done so far, from the first call."""
    tools: Sequence[ToolSpec]
    used: Sequence[Action]
    """Actions that were made in the same state on the path or beside it, and must not be repeated."""
    elsewhere: Sequence[Action]
    """Actions of other branches, which had better not be repeated."""
    width: int
    """How many different actions are asked for."""
    place: str
    """The id of the node that they go on from."""


class Rejected(NamedTuple):
    """A proposal that was not used, and why."""

    reason: str
    """`repeated` or `unusable`."""
    why: str


class Proposals(NamedTuple):
    """What an explorer proposes."""

    actions: Sequence[Action] = ()
    """Different from each other and from those used, the best first."""
    finished: bool = False
    """Whether it has seen enough, so that fewer are no loss."""
    rejected: Sequence[Rejected] = ()
    usage: Usage = Usage()
    shown: int | None = None
    """How many characters of results it was shown."""


class Explorer(Protocol):
    """Proposes actions."""

    async def propose(self, situation: Situation) -> Proposals:
        """Propose different actions.

        Raises:
            ModelError: a model has to answer and does not.
            BudgetError: what may be spent is spent.
        """
        ...
