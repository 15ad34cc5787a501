"""A server for the client, in a thread of its own, so that the client can be used without async."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

import anyio
import anyio.to_thread
import pytest
from starlette.applications import Starlette
from tests.conftest import serve_on_a_socket

from toolworld.datasets import TaskSuite, load_suite
from toolworld.server import Episodes, build_app, open_episodes


class ServerThread(threading.Thread):
    """Serves a suite until it is told to stop."""

    def __init__(self, suite: TaskSuite, app: Callable[[Episodes], Starlette]) -> None:
        super().__init__(daemon=True)
        self.url = ""
        self.episodes: Episodes
        self.ready = threading.Event()
        self.over = threading.Event()
        self._suite = suite
        self._app = app

    def run(self) -> None:
        """Serve."""
        anyio.run(self._serve)

    async def _serve(self) -> None:
        async with open_episodes(self._suite.runtimes, self._suite.tasks) as self.episodes:
            async with serve_on_a_socket(self._app(self.episodes), lifespan="on") as self.url:
                self.ready.set()
                await anyio.to_thread.run_sync(self.over.wait)


@contextmanager
def served_in_a_thread(
    suite: TaskSuite, token: str | None = None, app: Callable[[Episodes], Starlette] | None = None
) -> Generator[ServerThread]:
    """Serve a suite in a thread, by default with the whole application."""
    server = ServerThread(suite, app or partial(build_app, token=token))
    server.start()
    assert server.ready.wait(20)
    try:
        yield server
    finally:
        server.over.set()
        server.join(20)


@pytest.fixture(scope="session")
def library_url() -> Generator[str]:
    """The library, with its tasks."""
    with served_in_a_thread(anyio.run(load_suite, ["library"])) as server:
        yield server.url
