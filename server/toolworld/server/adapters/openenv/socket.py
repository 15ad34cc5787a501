"""The WebSocket: a session for each, and an answer for each message."""

from contextlib import suppress

from pydantic import ValidationError
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from toolworld.ground import EncodingError, JsonObject, ToolworldError, decode, describe_error, encode
from toolworld.server.adapters.openenv.messages import Action, Frame, ResetData, RpcRequest
from toolworld.server.adapters.openenv.rpc import answer_rpc
from toolworld.server.adapters.openenv.session import NoRewardError, OpenEnvSession
from toolworld.server.adapters.openenv.sessions import Sessions, TooManySessionsError
from toolworld.server.error_answers import told

CLOSE = "close"


class OpenEnvSocket:
    """Serves sockets, `/ws` with a session of their own, and `/ws?session_id=` with one that was opened before.

    Args:
        sessions: All sessions.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket until it is closed."""
        socket, environment = WebSocket(scope, receive, send), scope["path_params"]["environment"]
        await socket.accept()
        asked = socket.query_params.get("session_id")
        try:
            name = asked or await self._sessions.open(environment)
        except TooManySessionsError as problem:
            await self._refuse(socket, _error(str(problem), "CAPACITY_REACHED"))
            return
        except ToolworldError as problem:
            await self._refuse(socket, _error(told(problem), "SESSION_ERROR"))
            return
        session = self._sessions.hold(name, environment)
        if session is None:
            await self._refuse(socket, _error("there is no such session, or another socket has it", "SESSION_ERROR"))
            return
        try:
            with suppress(WebSocketDisconnect):
                await self._converse(socket, session, environment)
        finally:
            await self._let_go(name, is_own=asked is None)

    async def _converse(self, socket: WebSocket, session: OpenEnvSession, environment: str) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            answer = await self._answer(session, environment, message.get("text") or message.get("bytes") or b"")
            if answer is None:
                await socket.close()
                return
            await socket.send_text(encode(answer).decode())

    async def _answer(self, session: OpenEnvSession, environment: str, written: str | bytes) -> JsonObject | None:
        """The answer to a message; None where it asks for the end."""
        try:
            frame = Frame.model_validate(decode(written))
            if frame.type == CLOSE:
                return None
            if frame.type == "mcp":  # takes the session's lock itself
                request = RpcRequest.model_validate(frame.data)
                return {"type": "mcp", "data": await answer_rpc(request, self._sessions, environment, session)}
            async with session.lock:
                return await _done(session, frame)
        except EncodingError as problem:
            return _error(str(problem), "INVALID_JSON")
        except ValidationError as problem:
            return _error(describe_error(problem), "VALIDATION_ERROR")
        except (ToolworldError, NoRewardError) as problem:
            return _error(told(problem), "EXECUTION_ERROR")

    async def _refuse(self, socket: WebSocket, answer: JsonObject) -> None:
        await socket.send_text(encode(answer).decode())
        await socket.close()

    async def _let_go(self, name: str, *, is_own: bool) -> None:
        """End a session with its socket; one that was opened before goes on without it."""
        if is_own:
            await self._sessions.close(name)
        else:
            self._sessions.release(name)


async def _done(session: OpenEnvSession, frame: Frame) -> JsonObject:
    match frame.type:
        case "reset":
            return {"type": "observation", "data": await session.reset(ResetData.model_validate(frame.data))}
        case "step":
            return {"type": "observation", "data": await session.step(Action.model_validate(frame.data))}
        case "state":
            return {"type": "state", "data": session.state()}
        case other:
            return _error(f"there is no message of type {other[:100]!r}", "UNKNOWN_TYPE")


def _error(message: str, code: str) -> JsonObject:
    return {"type": "error", "data": {"message": message, "code": code}}
