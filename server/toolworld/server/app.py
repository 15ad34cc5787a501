"""One ASGI application: MCP endpoints for agents, the control API for those who run them."""

from collections.abc import AsyncGenerator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mcp.server.transport_security import RequestBodyLimitMiddleware
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Mount, Route

from toolworld.ground import NotFoundError, StoreError, ToolworldError
from toolworld.server.conformance import ConformanceEndpoint
from toolworld.server.control import control, probes
from toolworld.server.endpoint import LARGEST_REQUEST, AnswerForm, Answers, EnvironmentEndpoint, EpisodeEndpoint
from toolworld.server.episodes import Episodes
from toolworld.server.mcp_server import build_mcp_server
from toolworld.server.origin import KnownHosts


def build_app(
    episodes: Episodes,
    token: str | None = None,
    hosts: Collection[str] = (),
    any_host: bool = False,
    answers: AnswerForm = "auto",
    conformance: bool = False,
) -> Starlette:
    """Build the application: agents' endpoints first, since they are the ones that are called often.

    Args:
        episodes: What it serves.
        token: The bearer token of the control API; None leaves it open.
        hosts: The names that it goes by besides those of this machine. Requests for other hosts are
            refused, which stops web pages that rebind their own name to this machine.
        any_host: Let every host in.
        answers: Whether calls are answered with one JSON document or with a stream of events;
            `auto` streams where calls may be slow, so that progress can be told.
        conformance: Whether the `conformance` environment is there too.
    """
    mcp = Answers(build_mcp_server(version("toolworld")), answers)
    suite = ConformanceEndpoint(version("toolworld"), answers == "json", LARGEST_REQUEST) if conformance else None

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with mcp.run(), suite.run() if suite else nullcontext():
            yield

    return Starlette(
        routes=[
            Route("/episodes/{episode}/mcp", EpisodeEndpoint(episodes, mcp)),
            Route("/episodes/{episode}/user/mcp", EpisodeEndpoint(episodes, mcp, "user", token)),
            *([Route("/environments/conformance/mcp", suite)] if suite else []),
            Route("/environments/{environment}/mcp", EnvironmentEndpoint(episodes, mcp)),
            Mount("/", RequestBodyLimitMiddleware(build_control(episodes, token), LARGEST_REQUEST)),
        ],
        middleware=[Middleware(KnownHosts, hosts, any_host)],
        exception_handlers=_HANDLERS,
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
        telemetry={"tracing": False, "metrics": False, "logs": False},  # they would tell of paths, which hold ids
        exception_handlers={
            **_HANDLERS,
            HTTPException: _plain_error,
            StarletteHTTPException: _plain_error,
            RequestValidationError: _invalid,
        },
    )
    app.state.episodes, app.state.token = episodes, token
    app.include_router(probes)
    app.include_router(control)
    return app


def _answer_with(status: int) -> Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]:
    async def answer(_: Request, problem: Exception) -> JSONResponse:
        return JSONResponse({"error": str(problem)}, status)

    return answer


async def _plain_error(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, StarletteHTTPException)
    return JSONResponse({"error": problem.detail}, problem.status_code)


async def _invalid(request: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError)
    faults = problem.errors()
    first = max(faults, key=lambda fault: len(fault["loc"]))  # of a union, the form that was meant
    if first["type"] == "json_invalid":
        return JSONResponse({"error": f"the body is no JSON: {first['ctx']['error']}"}, 400)
    if first["loc"] == ("body",) and "json" not in request.headers.get("content-type", ""):
        return JSONResponse({"error": "send the body with the header `content-type: application/json`"}, 422)
    place = ".".join(str(part) for part in first["loc"] if part != "FaultProfile")
    return JSONResponse({"error": f"`{place}`: {first['msg'].removeprefix('Value error, ')}"}, 422)


async def _gone(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"error": "the client hung up before its request was whole"}, 400)


_HANDLERS: dict[Any, Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]] = {
    ClientDisconnect: _gone,
    NotFoundError: _answer_with(404),
    StoreError: _answer_with(503),
    ToolworldError: _answer_with(400),
}
