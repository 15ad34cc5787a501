"""Resources of tests: files written to a folder, an environment made of them, and its calls."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from toolworld.environments import Call, Event, ResourceType, Runtime, save_with_resources
from toolworld.ground import JsonObject, JsonValue


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def resource_runtime(
    folder: Path, kind: ResourceType, files: Mapping[str, str | bytes], **settings: JsonValue
) -> Runtime:
    """The environment of one resource over files."""
    written(folder / "files", files)
    given: JsonObject = {"folder": "files", **settings}
    return Runtime(save_with_resources({kind: given}, folder=folder / "environment", near=folder))


async def asked(runtime: Runtime, tool: str, **arguments: JsonValue) -> Event:
    """What a call comes to."""
    event, _ = await runtime.step(runtime.start, Call(name=tool, arguments=arguments))
    return event


async def result_of(runtime: Runtime, tool: str, **arguments: JsonValue) -> dict[str, Any]:
    """The result of a call that succeeds."""
    event = await asked(runtime, tool, **arguments)
    assert event.failure is None, event.failure
    assert isinstance(event.result, dict)
    return cast("dict[str, Any]", event.result)


async def refusal_of(runtime: Runtime, tool: str, **arguments: JsonValue) -> tuple[str, str]:
    """The code and the message of a call that is refused."""
    event = await asked(runtime, tool, **arguments)
    assert event.failure is not None, event.result
    return event.failure.code, event.failure.message
