"""One ASGI application: MCP endpoints for agents, the control API for those who run them."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.routing import Route

from toolworld.ground import AccessError, StoreError, ToolworldError
from toolworld.server.control import control
from toolworld.server.endpoint import EnvironmentEndpoint, EpisodeEndpoint
from toolworld.server.episodes import Episodes
from toolworld.server.mcp_server import build_mcp_server
from toolworld.server.origin import LocalOnly

METHODS = ["GET", "POST", "DELETE"]


def build_app(episodes: Episodes, token: str | None = None, local: bool = True) -> FastAPI:
    """Build the application.

    Args:
        episodes: What it serves.
        token: The bearer token of the control API; None leaves it open.
        local: Whether only this machine is to reach it: then requests whose Host or Origin is
            another one are refused, which stops web pages that rebind their name to this machine.
    """
    manager = StreamableHTTPSessionManager(
        build_mcp_server(version("toolworld")),
        json_response=True,
        stateless=True,
        security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with manager.run():
            yield

    app = FastAPI(
        title="toolworld control API",
        version=version("toolworld"),
        description="Open, inspect, fork, judge and close episodes. Agents get an `mcp_url`, and nothing else.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.episodes, app.state.token = episodes, token
    app.include_router(control)
    app.router.routes.append(Route("/episodes/{episode}/mcp", EpisodeEndpoint(episodes, manager), methods=METHODS))
    app.router.routes.append(
        Route("/environments/{environment}/mcp", EnvironmentEndpoint(episodes, manager), methods=METHODS)
    )
    for kind, status in ((AccessError, 404), (StoreError, 503), (ToolworldError, 400)):
        app.add_exception_handler(kind, _answer_with(status))
    app.add_exception_handler(HTTPException, _plain_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    if local:
        app.add_middleware(LocalOnly)
    return app


def _answer_with(status: int) -> Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]:
    async def answer(_: Request, problem: Exception) -> JSONResponse:
        return JSONResponse({"error": str(problem)}, status)

    return answer


async def _plain_error(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, HTTPException)
    return JSONResponse({"error": problem.detail}, problem.status_code)


async def _invalid(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"error": f"`{place}`: {first['msg']}"}, 422)
