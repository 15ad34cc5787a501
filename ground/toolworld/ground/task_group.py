"""A task group that raises a single error as itself, not wrapped in an exception group."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import anyio
from anyio.abc import TaskGroup

from toolworld.ground.errors import ToolworldError


@asynccontextmanager
async def task_group() -> AsyncGenerator[TaskGroup]:
    """Open a task group. A single error is raised without its exception group, and so is the first of several that are
    all toolworld's own: many tasks that break alike have one cause. Other errors stay grouped."""
    try:
        async with anyio.create_task_group() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        problem = _unwrapped(group)
        # `from` keeps the error's own cause, and hides the exception group in the traceback.
        raise problem from problem.__cause__


def _unwrapped(problem: BaseException) -> BaseException:
    inner = cast("Sequence[BaseException]", getattr(problem, "exceptions", ()))
    found = [_unwrapped(one) for one in inner]
    return found[0] if len(found) == 1 or (found and all(isinstance(one, ToolworldError) for one in found)) else problem
