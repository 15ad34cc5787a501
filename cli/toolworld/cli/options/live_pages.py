"""`--view`: pages that fill while a command works."""

import os
import secrets
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from anyio import TASK_STATUS_IGNORED, Event, sleep
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

from toolworld.cli.screen import plain, stderr_console
from toolworld.ground import task_group
from toolworld.rollout import TRAJECTORIES, VERDICTS
from toolworld.server import ShownFiles, Site, bind, build_viewer, checked_token, listen, open_site

LivePages = Annotated[
    bool,
    typer.Option("--view", help="Serve pages that show the runs as they end; at a terminal they stay until Ctrl-C."),
]
_TASKS = "tasks.jsonl"
LAST_SECONDS = 2.5
"""How long pages stay when the work is done, while somebody watches."""


def files_of(out: Path, environments: Sequence[str], tasks: Path | None = None) -> ShownFiles:
    """What a folder of runs will hold: its files may not be there yet.

    Args:
        out: The folder.
        environments: The environments that are played.
        tasks: The file of their tasks, if it is not the folder's own.
    """
    given = tasks or out / _TASKS
    return ShownFiles(
        runs=[(out.resolve().name, out / TRAJECTORIES, out / VERDICTS)],
        tasks=[given],
        environments=[*environments],
    )


@contextmanager
def live_pages(files: ShownFiles, wanted: bool) -> Generator[None]:
    """Serve pages of what a command writes, in a thread of their own, until it is done.

    At a terminal they stay until Ctrl-C, so that whoever looks can finish.

    Args:
        files: What is shown.
        wanted: Whether there are to be pages at all.
    """
    if not wanted:
        yield
        return
    token = checked_token(os.environ.get("TOOLWORLD_TOKEN"))
    code = None if token else secrets.token_urlsafe(18)
    secret = token or secrets.token_urlsafe(18)
    with start_blocking_portal() as portal:
        stop = portal.call(Event)
        task, address = portal.start_task(_serve, files, secret, code, stop)
        first = f"{address}/index.html" if code is None else f"{address}/enter?code={code}"
        stderr_console().print(f"watch it at {first}", soft_wrap=True)
        try:
            yield
            _wait_for_reader(first)
        finally:
            portal.call(stop.set)
            task.result()
    folders = ", ".join(plain(str(path.parent)) for _, path, _ in files.runs if path is not None)
    stderr_console().print(f"[dim]`toolworld view {folders}` shows the pages again[/]", soft_wrap=True)


def _wait_for_reader(address: str) -> None:
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        return
    stderr_console().print(f"the pages stay at {address} until Ctrl-C", soft_wrap=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


async def _serve(
    files: ShownFiles, secret: str, code: str | None, stop: Event, *, task_status: TaskStatus[str] = TASK_STATUS_IGNORED
) -> None:
    with bind("127.0.0.1:0", secret) as listening:
        async with open_site(files, served=True) as site:
            task_status.started(f"http://127.0.0.1:{listening.getsockname()[1]}/view")
            over = Event()
            async with task_group() as tasks:
                tasks.start_soon(_show_last, site, stop, over)
                await listen(build_viewer(site, secret, code=code), listening, stop=over)
                tasks.cancel_scope.cancel()


async def _show_last(site: Site, stop: Event, over: Event) -> None:
    """When the work is done, let who watches see the last of it."""
    await stop.wait()
    await site.archive.read_all()
    if site.watchers:
        await sleep(LAST_SECONDS)
    over.set()
