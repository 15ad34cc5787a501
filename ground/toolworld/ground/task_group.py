"""A task group whose errors come out as themselves where there is only one."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
from anyio.abc import TaskGroup


@asynccontextmanager
async def task_group() -> AsyncGenerator[TaskGroup]:
    """Open a task group; a single error is raised bare, several stay an exception group."""
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        problem = _bare(group)
        raise problem from problem.__cause__


def _bare(problem: BaseException) -> BaseException:
    inner = cast("Sequence[BaseException]", getattr(problem, "exceptions", ()))
    return _bare(inner[0]) if len(inner) == 1 else problem
