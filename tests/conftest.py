"""What many tests need: environments made ready, real data where it is at hand, and a server that really listens."""

import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import pytest
import uvicorn

from toolworld.datasets import Shelf, load_shelf
from toolworld.environments import Environment, Runtime, StateDocument, import_tau2, load_environments
from toolworld.server import AnswerForm, Episodes, bind, build_app

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("TOOLWORLD_SHARED", ROOT.parent / "shared"))
Serving = Callable[..., AbstractAsyncContextManager[str]]

COUNTER = """
def show_count(name):
    counter = get("counters", name)
    if counter == None:
        fail("not_found", "There is no counter " + name)
    return counter

def add(name, amount = 1):
    counter = show_count(name)
    return update("counters", name, {"count": counter["count"] + amount})

def create(label):
    return insert("counters", {"name": new_id("C"), "label": label, "count": 0, "made": now()})

def remove(name):
    show_count(name)
    delete("counters", name)
    return "gone"

def rename_shop(title):
    set("shop", title)
    return get("shop")
"""


@pytest.fixture(autouse=True)
def _trusted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let the tests' own programs run in this process; those marked `isolated` get workers, as users' programs do."""
    if request.node.get_closest_marker("isolated") is None:
        monkeypatch.setattr("toolworld.environments.runtime.plan.is_bundled", _anything)


def _anything(_: str) -> bool:
    return True


def counter_environment(behaviour: str | None = COUNTER, **changes: object) -> Environment:
    """Give a tiny environment: named counters, and a shop that has a title."""
    text = {"type": "string"}

    def arguments(required: list[str], **properties: object) -> dict[str, object]:
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    tools = [
        {
            "name": "show_count",
            "effect": "read",
            "input_schema": arguments(["name"], name=text),
            "output_schema": {
                "type": "object",
                "required": ["name", "count"],
                "properties": {"name": text, "count": {"type": "integer"}},
            },
            "errors": [{"code": "not_found", "when": "There is no such counter."}],
        },
        {
            "name": "add",
            "effect": "write",
            "input_schema": arguments(["name"], name=text, amount={"type": "integer", "default": 1}),
        },
        {
            "name": "create",
            "effect": "write",
            "input_schema": arguments(["label"], label={**text, "format": "free-text"}),
        },
        {
            "name": "remove",
            "effect": "write",
            "input_schema": arguments(["name"], name=text),
            "output_schema": {"type": "string"},
        },
        {"name": "rename_shop", "effect": "write", "input_schema": arguments(["title"], title=text)},
    ]
    record = {
        "type": "object",
        "required": ["name", "count"],
        "properties": {
            "name": text,
            "label": text,
            "count": {"type": "integer", "minimum": 0},
            "made": text,
            "next": {"type": ["string", "null"], "default": None},
        },
    }
    document = StateDocument(
        collections={"counters": ({"name": "a", "count": 1}, {"name": "b", "count": 2, "next": "a"})},
        singletons={"shop": "Corner"},
    )
    return Environment.model_validate(
        {
            "id": "counters",
            "domain": "testing",
            "title": "Counters",
            "description": "Counts things.",
            "policy": "Be exact.",
            "tools": [{"description": f"To {tool['name']}.", **tool} for tool in tools],
            "state_schema": {
                "collections": {
                    "counters": {
                        "key": "name",
                        "record": record,
                        "references": {"next": "counters"},
                        "volatile": ["made"],
                    }
                },
                "singletons": {"shop": text},
            },
            "initial_state": document,
            "clock": {"start": "2026-01-01T12:00:00Z"},
            "behaviour": behaviour,
            **changes,
        }
    )


@pytest.fixture
def counters() -> Runtime:
    """The tiny environment, ready."""
    return Runtime(counter_environment())


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
async def library_shelf() -> Shelf:
    """The built-in library with its tasks."""
    return await load_shelf(["library"])


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
        answers: AnswerForm = "auto",
        conformance: bool = False,
    ) -> AsyncGenerator[str]:
        app = build_app(episodes, token, answers=answers, conformance=conformance)
        config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="on")
        server = uvicorn.Server(config)
        with bind("127.0.0.1:0", token) as listening:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.serve, [listening])
                with anyio.fail_after(10):
                    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                        await anyio.sleep(0.01)
                try:
                    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
                finally:
                    server.should_exit = True

    return serve


@pytest.fixture(scope="session")
def command() -> list[str]:
    """The `toolworld` command of this installation."""
    return [str(Path(sys.executable).with_name("toolworld"))]
