"""`toolworld replay`: prove that recorded episodes come out the same again."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from toolworld.cli.screen import progress, screen
from toolworld.datasets import load_shelf
from toolworld.ground import StoreError
from toolworld.server import open_episodes


def replay(
    store: Annotated[Path, typer.Argument(help="A store that `serve`, `run` or `demo` wrote.")],
    env: Annotated[list[str], typer.Option(help="The environments of its episodes (repeat for several).")],
) -> None:
    """Make every recorded call of a store again and compare results and states; the store is not changed.

    Example: toolworld replay out/demo/episodes.sqlite --env library
    """
    if not store.is_file():
        raise StoreError(f"{store} is no file")
    episodes, calls = anyio.run(_replay, store, env)
    screen().print(f"{episodes} episodes with {calls} calls came out the same, results and states")


async def _replay(store: Path, names: list[str]) -> tuple[int, int]:
    shelf = await load_shelf(names)
    episodes = calls = 0
    async with open_episodes(shelf.environments, shelf.tasks, store) as recorded:
        with progress("replaying") as bar:
            line = bar.add_task("", total=await recorded.count())
            last = ""
            while page := await recorded.rows(after=last):
                for row in page:
                    calls += await recorded.replay(row.id)
                    episodes += 1
                    bar.advance(line)
                last = page[-1].id
    return episodes, calls
