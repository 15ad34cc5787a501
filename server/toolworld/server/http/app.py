"""The ASGI application: MCP endpoints and plain calls for agents, and the control API for whoever runs them."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route

from toolworld.server.adapters.openenv.routes import openenv_routes
from toolworld.server.control.routes import control, probes
from toolworld.server.episodes.episodes import Episodes
from toolworld.server.error_answers import ERROR_HANDLERS
from toolworld.server.http.calls import CallEndpoint, SayEndpoint, ToolsEndpoint
from toolworld.server.http.paths import WithoutTrailingSlash
from toolworld.server.mcp.http import (
    MAX_REQUEST_BYTES,
    EnvironmentEndpoint,
    EpisodeEndpoint,
    HttpTransports,
    ResponseMode,
)
from toolworld.server.mcp.server import build_mcp_server
from toolworld.server.security.credential import checked_token
from toolworld.server.security.open_door import OpenDoor
from toolworld.server.security.origin import KnownHosts
from toolworld.server.viewer.app import Pages
from toolworld.server.viewer.opening import site_of_server


def build_app(
    episodes: Episodes,
    token: str | None = None,
    *,
    hosts: Collection[str] = (),
    any_host: bool = False,
    open_to_all: bool = False,
    mode: ResponseMode = "auto",
    extra_routes: Sequence[BaseRoute] = (),
) -> Starlette:
    """Build the application. The endpoints of agents come first, since they are called most often.

    Args:
        episodes: The episodes that it serves.
        token: The bearer token of the control API; None leaves it open.
        hosts: Names of this server besides those of this machine. Requests for other hosts are
            refused, which stops web pages that rebind their own name to this machine.
        any_host: Accept every host.
        open_to_all: Let clients without the token open episodes at an environment's URL, within quotas.
        mode: Whether MCP calls are answered with one JSON document or with a stream of events;
            `auto` streams where calls may be slow, so that progress can be reported.
        extra_routes: Routes before all others.
    """
    token = checked_token(token)
    door = OpenDoor() if open_to_all and token is not None else None
    site = site_of_server(episodes)
    transports = HttpTransports(build_mcp_server(version("toolworld")), mode)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with transports.run():
            yield
        site.archive.close()

    return Starlette(
        routes=[
            *extra_routes,
            Route("/episodes/{episode}/mcp", EpisodeEndpoint(episodes, transports)),
            Route("/episodes/{episode}/user/mcp", EpisodeEndpoint(episodes, transports, "user", token)),
            Route("/episodes/{episode}/calls", CallEndpoint(episodes), methods=["POST"]),
            Route("/episodes/{episode}/tools", ToolsEndpoint(episodes), methods=["GET"]),
            Route("/episodes/{episode}/user", SayEndpoint(episodes), methods=["POST"]),
            Route("/episodes/{episode}/user/calls", CallEndpoint(episodes, "user", token), methods=["POST"]),
            Route("/episodes/{episode}/user/tools", ToolsEndpoint(episodes, "user", token), methods=["GET"]),
            Route("/environments/{environment}/mcp", EnvironmentEndpoint(episodes, transports, token, door)),
            *openenv_routes(episodes, token),
            *Pages(site, token).routes(),
            Mount("/", RequestBodyLimitMiddleware(build_control(episodes, token), MAX_REQUEST_BYTES)),
        ],
        middleware=[Middleware(KnownHosts, hosts, any_host), Middleware(WithoutTrailingSlash)],
        exception_handlers=ERROR_HANDLERS,
        lifespan=lifespan,
    )


def build_control(episodes: Episodes, token: str | None) -> FastAPI:
    """Build the control API."""
    app = FastAPI(
        title="toolworld control API",
        version=version("toolworld"),
        description="Open, inspect, fork, judge and close episodes. Agents get an `mcp_url`, and nothing else.",
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # they would show paths, which hold ids
        exception_handlers={
            **ERROR_HANDLERS,
            HTTPException: _plain_error,
            StarletteHTTPException: _plain_error,
            RequestValidationError: _invalid,
        },
    )
    app.state.episodes, app.state.token = episodes, token
    app.router.routes.extend([*probes.routes, *control.routes])  # an included router is matched route by route anew
    return app


async def _plain_error(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, StarletteHTTPException)
    return JSONResponse({"error": problem.detail}, problem.status_code, problem.headers)


async def _invalid(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)
    errors = problem.errors()
    first = max(errors, key=lambda error: len(error["loc"]))  # of a union, the form that was meant
    if first["type"] == "json_invalid":
        return JSONResponse({"error": f"the body is no JSON: {first['ctx']['error']}"}, 400)
    if first["loc"] == ("body",) and "json" not in request.headers.get("content-type", ""):
        return JSONResponse({"error": "send the body with the header `content-type: application/json`"}, 422)
    place = ".".join(str(part) for part in first["loc"] if part != "FaultProfile")
    return JSONResponse({"error": f"`{place}`: {first['msg'].removeprefix('Value error, ')}"}, 422)
