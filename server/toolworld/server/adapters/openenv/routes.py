"""The routes at `/environments/{environment}/openenv`."""

from collections.abc import Sequence
from typing import Any, cast

from mcp.server.transport_security import RequestBodyLimitMiddleware
from pydantic import ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from toolworld.datasets import Task, split_of
from toolworld.ground import (
    EncodingError,
    Integer,
    JsonObject,
    NotFoundError,
    Record,
    RecordError,
    decode,
    describe_error,
    parse_record,
)
from toolworld.server.adapters.openenv.messages import SCHEMAS, RpcRequest
from toolworld.server.adapters.openenv.rpc import INVALID_REQUEST, answer_rpc, rpc_error
from toolworld.server.adapters.openenv.session import tasks_of
from toolworld.server.adapters.openenv.sessions import Sessions
from toolworld.server.adapters.openenv.socket import OpenEnvSocket
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.security.credential import lacks_token, unauthorized

PARSE_ERROR = -32700
MAX_BODY_BYTES = 1 << 20
"""Of a request; of a message on a socket the server's own bound."""


def openenv_routes(episodes: Episodes, token: str | None) -> Sequence[BaseRoute]:
    """The routes of all environments.

    Args:
        episodes: The episodes that are served.
        token: The bearer token that requests and sockets have to carry, since they open episodes.
    """
    sessions = Sessions(episodes)
    server = OpenEnvServer(episodes, sessions)
    router = Router(
        routes=[
            WebSocketRoute("/ws", OpenEnvSocket(sessions)),
            Route("/mcp", server.rpc, methods=["POST"]),
            Route("/health", server.health),
            Route("/metadata", server.metadata),
            Route("/schema", server.schema),
            Route("/openapi.json", server.openapi),
            Route("/list_environments", server.list_environments),
            Route("/{name}/splits", server.list_splits),
            Route("/{name}/tasks", server.list_tasks, methods=["POST"]),
            Route("/{name}/num_tasks", server.count_tasks, methods=["POST"]),
            Route("/{name}/task", server.show_task, methods=["POST"]),
            Route("/{name}/task_range", server.show_tasks, methods=["POST"]),
        ]
    )
    guarded = _TokenRequired(RequestBodyLimitMiddleware(router, MAX_BODY_BYTES), token)
    return [Mount("/environments/{environment}/openenv", guarded)]


class _TokenRequired:
    """Refuses requests and sockets without the token, where there is one."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not lacks_token(scope, self._token):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            refusal = "OpenEnv's protocol opens episodes, so it needs the bearer token of TOOLWORLD_TOKEN"
            await unauthorized(refusal)(scope, receive, send)


class _Asked(Record):
    """Which tasks are meant."""

    model_config = ConfigDict(extra="ignore")

    split: str | None = None
    index: Integer | None = None
    start: Integer | None = None
    stop: Integer | None = None


class OpenEnvServer:
    """The endpoints beside the socket.

    Args:
        episodes: The episodes that are served.
        sessions: All sessions.
    """

    def __init__(self, episodes: Episodes, sessions: Sessions) -> None:
        self._episodes = episodes
        self._sessions = sessions

    async def health(self, request: Request) -> Response:
        """Whether calls can be made and kept."""
        self._episodes.environments.show(request.path_params["environment"])
        await self._episodes.health()
        return JSONResponse({"status": "healthy"})

    async def metadata(self, request: Request) -> Response:
        """What the environment is."""
        environment = self._episodes.environments.show(request.path_params["environment"])
        shown = {"name": environment.id, "description": environment.description, "version": environment.version}
        return JSONResponse({**shown, "readme_content": environment.policy, "author": None, "documentation_url": None})

    async def schema(self, _: Request) -> Response:
        """The schemas of actions, observations and states."""
        return JSONResponse(SCHEMAS)

    async def openapi(self, request: Request) -> Response:
        """The paths; there is no reset, step and state over plain HTTP, since a session is a socket."""
        environment = self._episodes.environments.show(request.path_params["environment"])
        get: JsonObject = {"get": {"responses": {"200": {"description": "It is told."}}}}
        post: JsonObject = {"post": {"responses": {"200": {"description": "It is answered."}}}}
        paths = {"/health": get, "/metadata": get, "/schema": get, "/mcp": post, "/list_environments": get}
        info = {"title": environment.title, "version": environment.version}
        return JSONResponse({"openapi": "3.1.0", "info": info, "paths": paths})

    async def rpc(self, request: Request) -> Response:
        """Answer JSON-RPC."""
        try:
            asked = RpcRequest.model_validate(decode(await request.body()))
        except EncodingError as problem:
            return JSONResponse(rpc_error(None, PARSE_ERROR, str(problem)))
        except ValidationError as problem:
            return JSONResponse(rpc_error(None, INVALID_REQUEST, describe_error(problem)))
        return JSONResponse(await answer_rpc(asked, self._sessions, request.path_params["environment"]))

    async def list_environments(self, request: Request) -> Response:
        """The one environment that is served at this address."""
        return JSONResponse([self._episodes.environments.show(request.path_params["environment"]).id])

    async def list_splits(self, request: Request) -> Response:
        """The split that the environment and all its tasks are in."""
        name = self._named(request)
        return JSONResponse([{"name": split_of(name), "type": split_of(name)}])

    async def list_tasks(self, request: Request) -> Response:
        """All tasks of a split."""
        tasks, _ = await self._tasks(request)
        return JSONResponse({"tasks": [*map(_shown, tasks)], "env_name": self._named(request)})

    async def count_tasks(self, request: Request) -> Response:
        """How many there are."""
        tasks, _ = await self._tasks(request)
        return JSONResponse({"num_tasks": len(tasks)})

    async def show_task(self, request: Request) -> Response:
        """One of them, by its position."""
        tasks, asked = await self._tasks(request)
        if asked.index is None or asked.index >= len(tasks):
            return JSONResponse({"detail": f"`index` is from 0 to {len(tasks) - 1}"}, 400)
        return JSONResponse({"task": _shown(tasks[asked.index])})

    async def show_tasks(self, request: Request) -> Response:
        """Some of them, from a position to another."""
        tasks, asked = await self._tasks(request)
        return JSONResponse({"tasks": [*map(_shown, tasks[asked.start : asked.stop])]})

    async def _tasks(self, request: Request) -> tuple[list[Task], _Asked]:
        name, body = self._named(request), await request.body()
        asked = parse_record(_Asked, body or b"{}", "the body", RecordError)
        return tasks_of(self._episodes, name, asked.split), asked

    def _named(self, request: Request) -> str:
        """The environment, which the path names twice.

        Raises:
            NotFoundError: it is another one the second time, or not served.
        """
        name = self._episodes.environments.show(request.path_params["environment"]).id
        if cast(str, request.path_params["name"]).casefold() != name.casefold():
            raise NotFoundError(f"at this address there is only environment {name}")
        return name


def _shown(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "environment": task.environment,
        "request": task.request,
        "split": split_of(task.environment),
    }
