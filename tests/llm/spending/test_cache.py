"""The cache of completions: written behind, and whole when it is closed."""

from pathlib import Path

import anyio
import pytest

from toolworld.llm import Completion, Usage, open_cache
from toolworld.llm.spending.cache import WRITE_DELAY_SECONDS


@pytest.mark.parametrize("delay", [0, WRITE_DELAY_SECONDS, WRITE_DELAY_SECONDS + 0.002])
async def test_closing_while_a_write_is_on_its_way_loses_nothing(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "c.sqlite"
    for number in range(10):
        async with open_cache(path) as cache:
            for part in range(200):
                cache.put(f"{number}/{part}", Completion(text=f"{number}/{part}", model="m", usage=Usage()))
            await anyio.sleep(delay)
            cache.put(f"{number}/last", Completion(text="last", model="m", usage=Usage()))
    async with open_cache(path) as cache:
        for number in range(10):
            last = await cache.get(f"{number}/last")
            some = await cache.get(f"{number}/199")
            assert last is not None and some is not None
            assert (last.text, some.text) == ("last", f"{number}/199")
        assert await cache.get("none") is None
