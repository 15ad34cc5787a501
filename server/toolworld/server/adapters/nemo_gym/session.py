"""The session of a rollout, in a cookie: its episode, and how far the client knew it when it last heard of it.

NeMo's client sends a request again when its connection broke, without end, and a request that is sent again
carries the cookie of the one before. So a call whose answer was lost is found in the log by its step, and what was
said by the number of its exchange.
"""

from dataclasses import dataclass, replace
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from toolworld.ground import UsageError
from toolworld.server.episodes.episode import Episode

COOKIE = "toolworld"


@dataclass(frozen=True, slots=True)
class RolloutSession:
    """A rollout's episode, and the numbers that its next call and its next exchange have."""

    episode: str
    step: int = 0
    exchange: int = 0

    @classmethod
    def of(cls, request: Request) -> Self:
        """The session that a request belongs to.

        Raises:
            UsageError: it has no cookie of ours.
        """
        episode, *numbers = request.cookies.get(COOKIE, "").rsplit(".", 2)
        if len(numbers) != 2 or not all(number.isascii() and number.isdigit() for number in numbers):
            raise UsageError("there is no session: begin with POST /seed_session or POST /reset, and keep its cookie")
        return cls(episode, *(int(number[:16]) for number in numbers))

    def after(self, episode: Episode) -> Self:
        """The session after calls; nobody has spoken to the user."""
        return replace(self, step=episode.snapshot.step)

    def set(self, answer: Response) -> Response:
        """Put the session into an answer; NeMo's agents keep the cookies of the last answer only."""
        answer.set_cookie(COOKIE, f"{self.episode}.{self.step}.{self.exchange}", httponly=True)
        return answer


async def session_of(episode: Episode) -> RolloutSession:
    """The session of an episode as it is now."""
    return RolloutSession(episode.id, episode.snapshot.step, len(await episode.exchanges()))
