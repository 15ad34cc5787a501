"""Calls in an environment, as its tests make them."""

import inspect
from typing import Any, cast

import pytest

from toolworld.environments import Call, Runtime, Snapshot, State


async def made(runtime: Runtime, snapshot: Snapshot, name: str, /, **arguments: Any) -> tuple[Any, Snapshot]:
    """Make a call that succeeds; gives its result and the moment after it."""
    event, after = await runtime.step(snapshot, Call(name=name, arguments=arguments))
    assert event.failure is None, event.failure
    return event.result, after


async def refused(runtime: Runtime, name: str, snapshot: Snapshot | None = None, /, **arguments: Any) -> str:
    """Make a call that the tool refuses with an error that it documents; gives its code."""
    event, _ = await runtime.step(snapshot or runtime.start, Call(name=name, arguments=arguments))
    assert event.failure is not None
    assert event.failure.kind == "tool", event.failure
    assert event.failure.code in {error.code for error in runtime.tool(name).errors}
    return event.failure.code


def rows(state: State, collection: str) -> list[tuple[str, Any]]:
    """The records of a collection with their keys, as tests take them apart."""
    return list(state.rows(collection))


def get(state: State, collection: str, key: str) -> Any:
    """A record."""
    return state.get(collection, key)


def value(state: State, name: str) -> Any:
    """A singleton."""
    return state.value(name)


def skip_unless_whole_file(request: pytest.FixtureRequest) -> None:
    """Skip a test that counts on what the other tests of its file have met, where not all of them were asked for."""
    path = request.node.path
    chosen = {
        item.originalname for item in request.session.items if item.path == path and isinstance(item, pytest.Function)
    }
    there: dict[str, Any] = dict(inspect.getmembers(cast(Any, request).module))
    if chosen != {name for name in there if name.startswith("test_")}:
        pytest.skip("only part of the file was asked for")
