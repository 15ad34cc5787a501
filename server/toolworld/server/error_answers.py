"""Errors as answers to clients: a status for each class of error, and a sentence that tells nothing of the machine."""

import logging
from collections import OrderedDict
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
    QuotaError,
    SpecError,
    StoreError,
    ToolworldError,
)

REPEAT_SECONDS = 10.0
"""After what time the operator is told the same once more; clients could fill the log with it."""


MAX_REMEMBERED = 100
"""Lines that are remembered for it."""


class Unrepeated(logging.Filter):
    """Leaves out a line that was logged just now."""

    def __init__(self, seconds: float = REPEAT_SECONDS) -> None:
        super().__init__()
        self._seconds = seconds
        self._told: OrderedDict[str, float] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        line = record.getMessage()
        if record.created - self._told.get(line, float("-inf")) < self._seconds:
            return False
        self._told[line] = record.created
        self._told.move_to_end(line)
        if len(self._told) > MAX_REMEMBERED:
            self._told.popitem(last=False)
        return True


LOG = logging.getLogger("toolworld.errors")
LOG.addFilter(Unrepeated())
NOT_KEPT = (
    "nothing can be kept or read now, and the server's operator sees why; a call that names its step can be repeated"
)
NOT_LOADED = "this environment cannot be loaded; the server's operator sees why"

STATUSES: dict[type[ToolworldError], int] = {
    NotFoundError: 404,
    ClosedError: 409,
    ConflictError: 409,
    ModelError: 502,
    BudgetError: 503,
    QuarantineError: 503,
    QuotaError: 429,
    SpecError: 503,
    StoreError: 503,
    ToolworldError: 400,
}


def told(problem: Exception) -> str:
    """What a client is told of an error. What the server's own files have to do with it is for the operator's log."""
    if isinstance(problem, StoreError | SpecError):
        LOG.warning("%s", problem)
        return NOT_KEPT if isinstance(problem, StoreError) else NOT_LOADED
    return str(problem)


def error_answer(problem: ToolworldError) -> JSONResponse:
    """The answer for an error: what a client is told, under the status of its class."""
    return JSONResponse({"error": told(problem)}, STATUSES.get(type(problem), STATUSES[ToolworldError]))


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
