"""Errors as HTTP answers: a status for each class of error, and its sentence."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from toolworld.ground import (
    BudgetError,
    ClosedError,
    ConflictError,
    ModelError,
    NotFoundError,
    QuarantineError,
    StoreError,
    ToolworldError,
)

STATUSES: dict[type[ToolworldError], int] = {
    NotFoundError: 404,
    ClosedError: 409,
    ConflictError: 409,
    ModelError: 502,
    BudgetError: 503,
    QuarantineError: 503,
    StoreError: 503,
    ToolworldError: 400,
}


def error_answer(problem: ToolworldError) -> JSONResponse:
    """The answer for an error: its sentence, under the status of its class."""
    return JSONResponse({"error": str(problem)}, STATUSES.get(type(problem), STATUSES[ToolworldError]))


async def _answer(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, ToolworldError)
    return error_answer(problem)


async def _disconnected(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"error": "the client hung up before its request was whole"}, 400)


ERROR_HANDLERS: dict[Any, Callable[[Request, Exception], Coroutine[Any, Any, JSONResponse]]] = {
    ClientDisconnect: _disconnected,
    ToolworldError: _answer,
}
"""What applications do with errors."""
