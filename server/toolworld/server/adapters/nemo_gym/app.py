"""The application at a port of its own, since NeMo Gym's client takes neither a path nor a credential.

`simple_agent` sends `/seed_session`, each call to `/{tool}`, and the whole conversation to `/verify`. An agent that
talks with a user sends `/reset`, and each answer of the model to `/step`, which makes its calls, or hands what it says
to the user.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from toolworld.ground import (
    EncodingError,
    JsonObject,
    Record,
    RecordError,
    ToolworldError,
    UsageError,
    decode,
    encode_joined,
    parse_record,
)
from toolworld.server.adapters.nemo_gym.rewards import aggregate, verified
from toolworld.server.adapters.nemo_gym.rows import FinishedRow, RewardedRows, StepRow, TaskRow
from toolworld.server.adapters.nemo_gym.session import RolloutSession, session_of
from toolworld.server.adapters.nemo_gym.turns import take_turn
from toolworld.server.adapters.runs import call_once, judge_once
from toolworld.server.episodes.call_result import NOT_SIMULATED, UNSIMULATED
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.episodes.opening import Opening, open_one
from toolworld.server.error_answers import ERROR_HANDLERS, error_answer
from toolworld.server.security.origin import KnownHosts

MAX_BODY_BYTES = 32 << 20
"""Of a request: a whole rollout, or the rewards of many."""
R = TypeVar("R", bound=Record)
RESERVED = frozenset({"seed_session", "verify", "aggregate_metrics", "reset", "step", "healthz"})
"""Paths that are no tools."""


def build_nemo_gym(episodes: Episodes, hosts: Collection[str] = ()) -> Starlette:
    """Build the application.

    Args:
        episodes: The episodes that it serves.
        hosts: Names of this server besides those of this machine.
    """
    server = NemoGymServer(episodes)
    return Starlette(
        routes=[
            Route("/healthz", server.check_health, methods=["GET"]),
            Route("/seed_session", server.seed_session, methods=["POST"]),
            Route("/verify", server.verify, methods=["POST"]),
            Route("/reset", server.reset, methods=["POST"]),
            Route("/step", server.step, methods=["POST"]),
            Route("/aggregate_metrics", server.aggregate_metrics, methods=["POST"]),
            Route("/{tool}", server.call, methods=["POST"]),
        ],
        middleware=[
            Middleware(KnownHosts, hosts, False),
            Middleware(RequestBodyLimitMiddleware, MAX_BODY_BYTES),
        ],
        exception_handlers=ERROR_HANDLERS,
    )


class NemoGymServer:
    """The endpoints of a resources server.

    Args:
        episodes: The episodes that it serves.
    """

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes

    async def check_health(self, _: Request) -> Response:
        """Whether calls can be made and kept."""
        await self._episodes.health()
        return JSONResponse({"status": "ok"})

    async def seed_session(self, request: Request) -> Response:
        """Open an episode for a row; the agent calls its tools by their names."""
        episode = await self._open(request)
        taken = RESERVED & {tool.name for tool in episode.runtime.environment.tools_of("agent")}
        if taken:
            await episode.close()
            names = ", ".join(sorted(taken))
            raise UsageError(f"environment {episode.row.environment} has tools named {names}: use /reset and /step")
        return (await session_of(episode)).set(JSONResponse({"toolworld_episode": episode.id}))

    async def reset(self, request: Request) -> Response:
        """Open an episode for a row of a task with a user; the row holds its opening words already."""
        episode = await self._open(request)
        told = {"observation": None, "info": {"toolworld_episode": episode.id}}
        return (await session_of(episode)).set(JSONResponse(told))

    async def call(self, request: Request) -> Response:
        """Make a call; the text is for the model, whatever the status."""

        async def made(episode: Episode, session: RolloutSession) -> Response:
            name = request.path_params["tool"]
            try:
                arguments = decode(await request.body() or b"{}")
            except EncodingError as problem:
                return PlainTextResponse(f"invalid arguments for {name}: {problem}", 422)
            try:
                return PlainTextResponse((await call_once(episode, name, arguments, session.step)).text)
            except UNSIMULATED:
                return PlainTextResponse(NOT_SIMULATED, 502)

        return await self._in_session(request, made)

    async def verify(self, request: Request) -> Response:
        """Judge the rollout, and answer with the row, its reward and what the checks say."""

        async def judged(episode: Episode, _: RolloutSession) -> Response:
            row, whole = await _read(request, FinishedRow), await request.json()
            verdict = await judge_once(
                self._episodes,
                episode,
                row.response.answer,
                messages=row.conversation,
                if_unclear=row.if_unclear,
            )
            await episode.close()
            return _json(verified(whole, verdict, episode.id))

        return await self._in_session(request, judged)

    async def step(self, request: Request) -> Response:
        """Take a turn: make the calls of the model's answer, or hand what it says to the user."""

        async def taken(episode: Episode, session: RolloutSession) -> Response:
            return _json(await take_turn(self._episodes, episode, await _read(request, StepRow), session))

        return await self._in_session(request, taken, may_talk=True)

    async def aggregate_metrics(self, request: Request) -> Response:
        """Sum up the rewards of many rollouts."""
        return _json(aggregate((await _read(request, RewardedRows)).verify_responses))

    async def _open(self, request: Request) -> Episode:
        row = await _read(request, TaskRow)
        asked = Opening(task=row.task, seed=row.seed, faults=row.faults, trial=row.rollout)
        return await open_one(self._episodes, asked)

    async def _in_session(
        self,
        request: Request,
        work: Callable[[Episode, RolloutSession], Awaitable[Response]],
        *,
        may_talk: bool = False,
    ) -> Response:
        """Work in the session's episode; every answer sets the cookie again, errors too.

        Args:
            request: The request.
            work: What is done.
            may_talk: Whether the user may be spoken to in it, so that the conversation has to be counted again.
        """
        session = RolloutSession.of(request)
        try:
            episode = await self._episodes.get(session.episode)
            answer = await work(episode, session)
        except ToolworldError as problem:
            return session.set(error_answer(problem))
        after = await session_of(episode) if may_talk else session.after(episode)
        return after.set(answer)


async def _read(request: Request, shape: type[R]) -> R:
    return parse_record(shape, await request.body(), "the row", RecordError)


def _json(told: JsonObject) -> Response:
    """An answer as JSON; NaN and infinities, such as of log probabilities in a row, come back as null."""
    return Response(encode_joined(told), media_type="application/json")
