"""Blame for what goes wrong in a run: each stretch of it is one party's responsibility.

    with boundary("agent", limits, agent):
        message = await agent.act(conversation)

What is raised inside, and taking too long, becomes a `BrokenRun` that carries the blame.
"""

from collections.abc import Generator
from contextlib import contextmanager

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


@contextmanager
def boundary(party: BlamedParty, limits: Limits, player: Agent | UserProxy | None = None) -> Generator[None]:
    """Blame a party for what is raised inside, and for taking longer than the limits allow.

    A model that does not answer, or too late, is no player's doing: its host is to blame.

    Args:
        party: Whose responsibility it is.
        limits: How long it may take.
        player: The player that acts, if one does.

    Raises:
        BrokenRun: something was raised inside, or it took too long.
    """
    late: BlamedParty = "host" if player is not None and player.model_use is not None else party
    with anyio.move_on_after(limits.seconds) as scope:
        try:
            yield
        except BrokenRun:
            raise
        except ModelError as problem:
            raise BrokenRun("host", problem) from problem
        except Exception as problem:
            raise BrokenRun(party, problem) from problem
    if scope.cancelled_caught:
        raise BrokenRun(late, TimeoutError(f"no reply within {limits.seconds:g} seconds"))
