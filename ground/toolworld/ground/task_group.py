"""A task group that raises a single error as itself, not wrapped in an exception group."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def task_group() -> AsyncGenerator[TaskGroup]:
    """Open a task group. A single error is raised without its exception group; several errors stay grouped."""
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        problem = _unwrapped(group)
        # `from` keeps the error's own cause, and hides the exception group in the traceback.
        raise problem from problem.__cause__


def _unwrapped(problem: BaseException) -> BaseException:
    inner = cast("Sequence[BaseException]", getattr(problem, "exceptions", ()))
    return _unwrapped(inner[0]) if len(inner) == 1 else problem
