"""`toolworld replay`: prove that recorded episodes come out the same again."""

import anyio

from toolworld.cli.options.types import Store
from toolworld.cli.screen import count, progress, stdout_console
from toolworld.server import open_episodes, require_store
from toolworld.server import replay as replay_episode


def replay(
    store: Store,
) -> None:
    """Make every recorded call of a store again and compare results and states; the store is not changed.

    The store keeps the environments of its episodes, so nothing else is needed.

    Example: toolworld replay out/demo/episodes.sqlite
    """
    require_store(store)
    episodes, calls = anyio.run(_replay, store)
    counted = f"{count(episodes, 'episode')} with {count(calls, 'call')} (inherited ones with each fork)"
    stdout_console().print(f"{counted} came out the same, results and states")


async def _replay(store: str) -> tuple[int, int]:
    replayed = calls = 0
    async with open_episodes([], store=store, make=False) as episodes:
        with progress("replaying") as bar:
            line = bar.add_task("", total=await episodes.store.count_episodes())
            last = ""
            while page := await episodes.store.episodes(after=last):
                for row in page:
                    calls += await replay_episode(await episodes.get(row.id))
                    replayed += 1
                    bar.advance(line)
                last = page[-1].id
    return replayed, calls
