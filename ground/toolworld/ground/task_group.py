"""Tasks at once, whose single error is raised as itself, not wrapped in an exception group."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar, cast

import anyio
from anyio.abc import TaskGroup

from toolworld.ground.errors import ToolworldError

T = TypeVar("T")


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


async def for_each(items: Iterable[T], do: Callable[[T], Awaitable[object]], *, at_once: int) -> None:
    """Do something with each item, with so many of them at a time, begun in their order.

    Args:
        items: The items; each is taken when its turn comes, so that there may be any number.
        do: What is done with one.
        at_once: How many at a time.
    """
    waiting = iter(items)

    async def work() -> None:
        for item in waiting:
            await do(item)

    async with task_group() as group:
        for _ in range(at_once):
            group.start_soon(work)


def _unwrapped(problem: BaseException) -> BaseException:
    inner = cast("Sequence[BaseException]", getattr(problem, "exceptions", ()))
    found = [_unwrapped(one) for one in inner]
    return found[0] if len(found) == 1 or (found and all(isinstance(one, ToolworldError) for one in found)) else problem
