"""What many tests need: environments made ready, real data where it is at hand, and a server that really listens."""

import os
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Literal

import anyio
import httpx
import pytest
import uvicorn
from starlette.routing import BaseRoute
from tests.support.counters import counter_environment, trusted_runtime
from tests.support.postgres import PostgresServer, postgres_server

from toolworld.datasets import TaskSuite, load_suite
from toolworld.environments import Environment, Runtime, import_tau2, load_environments
from toolworld.server import Episodes, ResponseMode, StoreAddress, bind, build_app, open_episodes
from toolworld.server.http.bounded_protocol import BoundedHttpProtocol
from toolworld.server.http.listener import MAX_MESSAGE_BYTES

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("TOOLWORLD_SHARED", ROOT.parent / "shared"))
_NUMBERS = count()
Serving = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture(scope="session")
def synae() -> Path:
    """The folder of numbers that the original SynAE gave; without it what needs them is skipped."""
    folder = SHARED / "golden" / "synae"
    if not folder.is_dir():
        pytest.skip(
            "the golden numbers are not on this machine (set TOOLWORLD_SHARED to the folder that holds golden/)"
        )
    return folder


@pytest.fixture
def counters() -> Runtime:
    """The tiny environment, ready."""
    return trusted_runtime()


@pytest.fixture
def make_counters() -> Callable[..., Environment]:
    """Makes variants of the tiny environment."""
    return counter_environment


@pytest.fixture(scope="session")
def library() -> Runtime:
    """The built-in library, ready."""
    [environment] = load_environments(["library"])
    return Runtime(environment)


@pytest.fixture
async def library_suite() -> TaskSuite:
    """The built-in library with its tasks."""
    return await load_suite(["library"])


@pytest.fixture(scope="session")
def tau2_folder() -> Path:
    """The folder of tau2's retail data; skips where it is not at hand."""
    folder = SHARED / "data" / "tau2_retail"
    if not folder.is_dir():
        pytest.skip("the tau2 retail data is not on this machine (set TOOLWORLD_SHARED to the folder that holds data/)")
    return folder


@pytest.fixture(scope="session")
def retail(tau2_folder: Path) -> Runtime:
    """tau2's retail domain, ready."""
    return Runtime(import_tau2(tau2_folder))


@pytest.fixture
def serving() -> Serving:
    """Serves episodes on a real socket: `async with serving(episodes) as base_url`."""

    @asynccontextmanager
    async def serve(
        episodes: Episodes,
        token: str | None = None,
        mode: ResponseMode = "auto",
        extra_routes: Sequence[BaseRoute] = (),
    ) -> AsyncGenerator[str]:
        app = build_app(episodes, token, mode=mode, extra_routes=extra_routes)
        async with serve_on_a_socket(app, lifespan="on") as url:
            yield url

    return serve


@pytest.fixture
def serve_app() -> Callable[[Any], AbstractAsyncContextManager[str]]:
    """Serves any application on a real socket: `async with serve_app(app) as base_url`."""
    return serve_on_a_socket


@asynccontextmanager
async def serve_on_a_socket(app: Any, lifespan: Literal["on", "off"] = "off") -> AsyncGenerator[str]:
    config = uvicorn.Config(
        app,
        http=BoundedHttpProtocol,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE_BYTES,
        log_level="error",
        access_log=False,
        lifespan=lifespan,
    )
    server = uvicorn.Server(config)
    with bind("127.0.0.1:0", None) as listening:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listening])
            with anyio.fail_after(10):
                while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await anyio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True


@pytest.fixture(scope="session")
def command() -> list[str]:
    """The `toolworld` command of this installation."""
    return [str(Path(sys.executable).with_name("toolworld"))]


@pytest.fixture
def library_api(
    library_suite: TaskSuite, serving: Serving
) -> Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]:
    """The control API of the built-in library, at a server that really listens."""

    @asynccontextmanager
    async def api(token: str | None = None, **headers: str) -> AsyncGenerator[httpx.AsyncClient]:
        async with (
            open_episodes(library_suite.environments, library_suite.tasks) as episodes,
            serving(episodes, token) as base,
            httpx.AsyncClient(base_url=base, headers=headers) as client,
        ):
            yield client

    return api


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Generator[PostgresServer]:
    """A PostgreSQL server for all tests of this process."""
    with postgres_server(tmp_path_factory.mktemp("postgres"), "fsync=off") as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """A new store in PostgreSQL, in a schema of its own."""
    return f"{postgres.dsn}?schema=test_{next(_NUMBERS)}"


@pytest.fixture(params=["sqlite", "postgres"])
def store_address(request: pytest.FixtureRequest, tmp_path: Path) -> StoreAddress:
    """A new store of each kind."""
    return tmp_path / "s.sqlite" if request.param == "sqlite" else request.getfixturevalue("database")
