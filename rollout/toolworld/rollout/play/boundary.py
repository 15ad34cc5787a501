"""Blame for what goes wrong in a run: each stretch of it is one party's responsibility.

    with boundary("agent", limits, agent):
        message = await agent.act(conversation)

What is raised inside, and taking too long, becomes a `BrokenRun` that carries the blame.
"""

from types import TracebackType

import anyio

from toolworld.datasets import Blame, BlamedParty
from toolworld.ground import ModelError, ToolworldError
from toolworld.rollout.play.limits import Limits
from toolworld.rollout.players.agent import Agent
from toolworld.rollout.players.user import UserProxy


class BrokenRun(Exception):  # noqa: N818 - never seen outside: it carries blame to where the trajectory is made
    """A party broke the run."""

    def __init__(self, party: BlamedParty, problem: BaseException) -> None:
        message = str(problem) or type(problem).__name__
        if not isinstance(problem, ToolworldError) and str(problem):
            message = f"{type(problem).__name__}: {message}"
        super().__init__(message)
        self.blame = Blame(party=party, message=message)


class boundary:  # noqa: N801 - reads as the block that it opens; a class costs half of a generator, 40 times a run
    """Blame a party for what is raised inside, and for taking longer than the limits allow.

    A model that does not answer, or too late, is no player's doing: its host is to blame.

    Args:
        party: Whose responsibility it is.
        limits: How long it may take.
        player: The player that acts, if one does.

    Raises:
        BrokenRun: something was raised inside, or it took too long.
    """

    __slots__ = ("_late", "_limits", "_party", "_scope")

    def __init__(self, party: BlamedParty, limits: Limits, player: Agent | UserProxy | None = None) -> None:
        self._party: BlamedParty = party
        self._late: BlamedParty = "host" if player is not None and player.model_use is not None else party
        self._limits = limits

    def __enter__(self) -> None:
        self._scope = anyio.CancelScope(deadline=anyio.current_time() + self._limits.seconds)
        self._scope.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scope.__exit__(kind, problem, trace)
        if self._scope.cancelled_caught:
            raise BrokenRun(self._late, TimeoutError(f"no reply within {self._limits.seconds:g} seconds"))
        if isinstance(problem, Exception) and not isinstance(problem, BrokenRun):
            raise BrokenRun("host" if isinstance(problem, ModelError) else self._party, problem) from problem
