"""Plain calls beside MCP: `POST /episodes/{id}/calls` and `GET /episodes/{id}/tools`, for clients without an MCP SDK.

`POST /episodes/{id}/user` speaks to the user of the episode's task.

A call that names the step it expects to be can be repeated safely: if that step was made already, by the
same call, it is answered from the log. So can what is said, by the number of its exchange. A call that nobody
could simulate is a 502 whose body says `void`: the run says nothing of the agent.

Like MCP, these need nothing but the episode's URL; those of the user's tools (`/episodes/{id}/user/...`) need
the token, since the agent must not become the user by a URL.
"""

from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from toolworld.environments import Call, Party
from toolworld.ground import (
    ConflictError,
    EncodingError,
    Integer,
    JsonObject,
    Record,
    RecordError,
    encode,
    parse_record,
)
from toolworld.server.episodes.call_result import NOT_SIMULATED, UNSIMULATED, CallResult
from toolworld.server.episodes.conversation import MAX_SAID
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.episodes.shown_tool import shown_function
from toolworld.server.mcp.bodies import read_body
from toolworld.server.mcp.http import MAX_REQUEST_BYTES
from toolworld.server.security.credential import USER_NEEDS_TOKEN, lacks_token, unauthorized

_REFUSED = unauthorized(USER_NEEDS_TOKEN)
_TOO_LARGE = JSONResponse({"error": "the request is too large"}, 413)


class CallRequest(Record):
    """A call over plain HTTP."""

    name: str
    arguments: JsonObject = Field(default_factory=dict)
    step: Integer | None = None
    """The step that the call is expected to be, from 0."""


class CallEndpoint:
    """Makes calls of the tools of one party.

    Args:
        episodes: All episodes.
        party: Whose tools.
        token: The bearer token that requests have to carry.
    """

    def __init__(self, episodes: Episodes, party: Party = "agent", token: str | None = None) -> None:
        self._episodes = episodes
        self._party: Party = party
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if lacks_token(scope, self._token):
            await _REFUSED(scope, receive, send)
            return
        body = await read_body(scope, receive, MAX_REQUEST_BYTES)
        answer = _TOO_LARGE if body is None else await self._answer(scope["path_params"]["episode"], body)
        await answer(scope, receive, send)

    async def _answer(self, name: str, body: bytes) -> Response:
        episode = await self._episodes.get(name)
        try:
            requested = parse_record(CallRequest, body, "the body", RecordError)
        except RecordError as problem:
            return JSONResponse({"error": str(problem)}, 422)
        tool = episode.runtime.environment.tool(requested.name)
        if tool is None or tool.party != self._party:
            await episode.look_again()  # or one that was removed would go on to answer
            return _json(CallResult.unknown_tool(requested.name, episode.runtime.environment, self._party).wire())
        try:
            event = await episode.call(Call(name=requested.name, arguments=requested.arguments), step=requested.step)
        except EncodingError as problem:
            return JSONResponse({"error": f"`arguments`: {problem}"}, 422)
        except UNSIMULATED:
            return JSONResponse({"error": NOT_SIMULATED, "void": True}, 502)
        except ConflictError as problem:  # it was not made at this step, so that it can be sent for the next one
            return JSONResponse({"error": str(problem), "next": episode.snapshot.step}, 409)
        return _json(CallResult.of(event).wire())


class SayRequest(Record):
    """Words for the user."""

    said: Annotated[str, StringConstraints(max_length=MAX_SAID)]
    exchange: Integer | None = None
    """Which exchange it is expected to be, from 0: what was said and answered there is answered again."""


class SayEndpoint:
    """Speaks to the user of an episode's task: what the agent says goes in, what the user answers comes out.

    Args:
        episodes: All episodes.
    """

    def __init__(self, episodes: Episodes) -> None:
        self._episodes = episodes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        body = await read_body(scope, receive, MAX_REQUEST_BYTES)
        answer = _TOO_LARGE if body is None else await self._answer(scope["path_params"]["episode"], body)
        await answer(scope, receive, send)

    async def _answer(self, name: str, body: bytes) -> Response:
        episode = await self._episodes.get(name)
        try:
            asked = parse_record(SayRequest, body, "the body", RecordError)
        except RecordError as problem:
            return JSONResponse({"error": str(problem)}, 422)
        try:
            heard = await self._episodes.say(episode, asked.said, asked.exchange)
        except UNSIMULATED:
            return JSONResponse({"error": "the user could not be simulated", "void": True}, 502)
        except ConflictError as problem:
            return JSONResponse({"error": str(problem), "next": len(await episode.exchanges())}, 409)
        return _json({"reply": heard.reply, "done": heard.done, "steps": episode.snapshot.step})


class ToolsEndpoint:
    """Lists the tools of one party, with the policy that the agent has to obey.

    Args:
        episodes: All episodes.
        party: Whose tools.
        token: The bearer token that requests have to carry.
    """

    def __init__(self, episodes: Episodes, party: Party = "agent", token: str | None = None) -> None:
        self._episodes = episodes
        self._party: Party = party
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if lacks_token(scope, self._token):
            await _REFUSED(scope, receive, send)
            return
        episode = await self._episodes.as_stored(scope["path_params"]["episode"])
        environment = episode.runtime.environment
        tools = [shown_function(tool).model_dump() for tool in environment.tools_of(self._party)]
        await _json({"policy": environment.policy, "tools": tools})(scope, receive, send)


def _json(value: object) -> Response:
    return Response(encode(value), media_type="application/json")
