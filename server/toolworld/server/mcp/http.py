"""MCP over HTTP: the ASGI endpoints `/episodes/{id}/mcp` and `/environments/{id}/mcp`.

The episode is resolved here, before the SDK is called, and the SDK runs without sessions of its own,
so that any server on the store can answer any request. At `/environments/...` a client whose URL names
no episode gets one: in the handshake era one for each MCP session (whose id is the episode's), in the
modern era one for each credential; clients without credentials share one *playground*.
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Literal

import anyio
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from toolworld.environments import Environment, Party
from toolworld.ground import NotFoundError, QuotaError, ToolworldError
from toolworld.server.episodes.defaults import Admit, DefaultEpisodes
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.error_answers import error_answer
from toolworld.server.mcp.bodies import as_object, read_body, with_body
from toolworld.server.mcp.connection import Connection, connected, connection_to
from toolworld.server.mcp.handshake_calls import HandshakeCalls
from toolworld.server.security.credential import USER_NEEDS_TOKEN, lacks_token, unauthorized
from toolworld.server.security.open_door import OpenDoor

SESSION = "mcp-session-id"
MAX_REQUEST_BYTES = 1 << 20
"""Of a request's body."""
TOO_LARGE = "the request is too large"
ResponseMode = Literal["auto", "json", "stream"]
"""How a request is answered: with one JSON document, with a stream of events, or with a stream where calls are slow."""
OPENING_NEEDS_TOKEN = (
    "opening an episode needs the bearer token of TOOLWORLD_TOKEN; the URL of an episode that is open needs none"
)
PLAYGROUND = (
    "This is the playground episode of this environment: every client without credentials shares its state. "
    "Open an episode of your own with POST /episodes, and use its mcp_url."
)


class HttpTransports:
    """The SDK's two HTTP transports: one answers with a JSON document, one with a stream that can carry progress.

    Neither keeps sessions.

    Args:
        server: The MCP server behind both.
        mode: Which of them, or `auto`: the stream where calls may be slow.
    """

    def __init__(self, server: Server[Any], mode: ResponseMode = "auto") -> None:
        self.json, self._stream = (
            StreamableHTTPSessionManager(
                server,
                json_response=json,
                stateless=True,
                security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
                max_request_body_size=MAX_REQUEST_BYTES,
            )
            for json in (True, False)
        )
        self._mode = mode
        self._handshake_calls = HandshakeCalls()

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Answer requests until the block ends."""
        async with self.json.run(), self._stream.run():
            yield

    async def answer(self, connection: Connection, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of a connection."""
        stream = self._mode == "stream" or (self._mode == "auto" and connection.slow)
        transport = self._stream if stream else self.json
        if is_modern(scope) or scope["method"] != "POST":
            with connected(connection):
                await transport.handle_request(_stripped(scope), receive, send)
            return
        body = await read_body(scope, receive, MAX_REQUEST_BYTES)
        if body is None:
            await _refuse(413, TOO_LARGE)(scope, receive, send)
            return

        async def answered(receive: Receive, call: anyio.CancelScope) -> None:
            with connected(replace(connection, call_scope=call)):
                await transport.handle_request(_stripped(scope), receive, send)

        session = Headers(scope=scope).get(SESSION, "")
        await self._handshake_calls.answer(body, session, scope, receive, answered)


class EpisodeEndpoint:
    """Serves the tools of one party in an episode; the URL is the episode's.

    Args:
        episodes: All episodes.
        transports: How requests are answered.
        party: Whose tools.
        token: The bearer token that the user's side needs: the agent knows its own URL, and must not
            become the user by it.
    """

    def __init__(
        self, episodes: Episodes, transports: HttpTransports, party: Party = "agent", token: str | None = None
    ) -> None:
        self._episodes = episodes
        self._transports = transports
        self._party: Party = party
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if lacks_token(scope, self._token):
            await unauthorized(USER_NEEDS_TOKEN)(scope, receive, send)
            return
        try:
            episode = await self._episodes.get(scope["path_params"]["episode"])
            is_call = is_modern(scope) and Headers(scope=scope).get("mcp-method") == "tools/call"
            if not is_call or scope["method"] != "POST":  # a call finds out itself if the episode is gone
                await episode.require_stored()
        except NotFoundError as problem:
            await _refuse(404, str(problem))(scope, receive, send)
            return
        if scope["method"] == "DELETE":  # an MCP session ends; the episode is not a session
            await JSONResponse(None, 200)(scope, receive, send)
            return
        if scope["method"] != "POST":
            await _no_such_method(scope, receive, send)
            return
        await self._transports.answer(connection_to(episode, party=self._party), scope, receive, send)


class EnvironmentEndpoint:
    """Serves the tools of an environment to clients whose URL names no episode.

    Args:
        episodes: All episodes.
        transports: How requests are answered.
        token: The bearer token that opening an episode needs; None where everyone may.
        door: Lets clients without the token open episodes, within quotas; None where they may not.
    """

    def __init__(
        self, episodes: Episodes, transports: HttpTransports, token: str | None = None, door: OpenDoor | None = None
    ) -> None:
        self._episodes = episodes
        self._defaults = DefaultEpisodes(episodes)
        self._transports = transports
        self._token = token
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = Headers(scope=scope)
        lacks = lacks_token(scope, self._token)
        if lacks and self._door is None and (is_modern(scope) or headers.get(SESSION) is None):
            await unauthorized(OPENING_NEEDS_TOKEN)(scope, receive, send)
            return
        admit = self._door.pass_one if lacks and self._door is not None else None
        try:
            environment = self._episodes.runtime(scope["path_params"]["environment"]).environment
            if is_modern(scope):
                await self._serve_modern(environment, headers, admit, scope, receive, send)
            else:
                await self._serve_handshake(environment, headers, admit, scope, receive, send)
        except (NotFoundError, QuotaError) as problem:
            await error_answer(problem)(scope, receive, send)

    async def _serve_modern(
        self,
        environment: Environment,
        headers: Headers,
        admit: Admit | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        credential = headers.get("authorization", "")
        principal = hashlib.sha256(credential.encode()).hexdigest() if credential else ""

        async def default() -> Episode:
            return await self._defaults.get(environment.id, principal, admit)

        note = "" if principal else PLAYGROUND
        may_ask_model = self._episodes.runtime(environment.id).may_ask_model
        connection = Connection(environment, default, note=note, may_ask_model=may_ask_model)
        await self._transports.answer(connection, scope, receive, send)

    async def _serve_handshake(
        self,
        environment: Environment,
        headers: Headers,
        admit: Admit | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        session = headers.get(SESSION)
        if session is not None:
            await self._serve_session(environment, session, scope, receive, send)
            return
        if scope["method"] != "POST":
            await _no_such_method(scope, receive, send)
            return
        body = await read_body(scope, receive, MAX_REQUEST_BYTES)
        if body is None:
            await _refuse(413, TOO_LARGE)(scope, receive, send)
        elif as_object(body).get("method") != "initialize":
            await _refuse(400, "a client without an MCP session has to begin with initialize")(scope, receive, send)
        else:
            await self._open_session(environment, body, admit, scope, receive, send)

    async def _serve_session(
        self, environment: Environment, session: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        episode = await self._defaults.session(environment.id, session)
        if scope["method"] == "DELETE":
            await self._episodes.close(session)
            await JSONResponse(None, 200)(scope, receive, send)
        elif scope["method"] != "POST":
            await _no_such_method(scope, receive, send)
        else:
            await self._transports.answer(connection_to(episode), scope, receive, send)

    async def _open_session(
        self,
        environment: Environment,
        body: bytes,
        admit: Admit | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Open an episode with the handshake; its id is the session's. A refused handshake opens none."""

        held: list[Message] = []
        await self._defaults.admit(admit)  # before the SDK is at work, which an error would break

        failed = False

        async def with_session(message: Message) -> None:
            nonlocal failed
            if failed:
                return
            if message["type"] == "http.response.start":
                held.append(message)  # only the body tells whether the handshake succeeded
                return
            for start in held:
                if start["status"] == 200 and "result" in as_object(message.get("body", b"")):
                    try:
                        episode = await self._defaults.open_session(environment.id, is_open=admit is not None)
                    except ToolworldError as problem:  # told here, since the SDK takes its own answer for sent
                        failed = True
                        await error_answer(problem)(scope, receive, send)
                        return
                    MutableHeaders(scope=start)[SESSION] = episode.row.id
                await send(start)
            held.clear()
            await send(message)

        async def none_yet() -> Episode:
            raise NotFoundError("a call cannot come before the handshake is over")

        with connected(Connection(environment, none_yet)):
            await self._transports.json.handle_request(_stripped(scope), with_body(body, receive), with_session)


def is_modern(scope: Scope) -> bool:
    """Whether a request is of the newer protocol era, in which each stands alone."""
    version = Headers(scope=scope).get("mcp-protocol-version", "").strip()
    return bool(version) and version not in HANDSHAKE_PROTOCOL_VERSIONS


def _stripped(scope: Scope) -> Scope:
    """Strip blanks from the header values, as h11 does and httptools does not."""
    return {**scope, "headers": [(name, value.strip()) for name, value in scope["headers"]]}


def _refuse(status: int, message: str) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    return JSONResponse({"error": message}, status)


async def _no_such_method(scope: Scope, receive: Receive, send: Send) -> None:
    response = JSONResponse({"error": "only POST and DELETE make sense here; a POST is answered directly"}, 405)
    response.headers["allow"] = "POST, DELETE"
    await response(scope, receive, send)
