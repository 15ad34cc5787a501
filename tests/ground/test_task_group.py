"""Tasks at once: so many at a time, begun in their order, and an error is raised as itself."""

import anyio
import anyio.lowlevel
import pytest

from toolworld.ground import RecordError, for_each


async def test_no_more_than_so_many_are_done_at_a_time_and_none_is_left_out() -> None:
    begun: list[int] = []
    running = most = 0

    async def do(number: int) -> None:
        nonlocal running, most
        begun.append(number)
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1

    await for_each(range(20), do, at_once=3)
    assert (begun, most) == ([*range(20)], 3)


async def test_an_error_ends_the_others_and_is_raised_as_itself() -> None:
    async def do(number: int) -> None:
        if number == 2:
            raise RecordError("the third is broken")
        await anyio.sleep(10)

    with pytest.raises(RecordError, match="the third"), anyio.fail_after(5):
        await for_each(range(9), do, at_once=4)
