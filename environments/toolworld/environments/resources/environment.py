"""An environment of resources: its tools, and its folder with the files of the resources in it."""

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from toolworld.environments.catalogue.folder import load_folder, save_folder
from toolworld.environments.resources.files import files_in
from toolworld.environments.resources.opening import (
    KINDS,
    digest_of_resource,
    place_of_files,
    read_settings,
    tools_of_resource,
)
from toolworld.environments.spec.clock import Clock
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.resource import ResourceSpec, ResourceType
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.ground import JsonObject, SpecError, UsageError, os_reason

_POLICY = """# Policy

Answer from what the tools show, and not from memory. Say only what you have seen.
Where the tools do not show it, say so.
"""
_START = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When episodes begin, in simulated time."""


def save_with_resources(
    resources: Mapping[ResourceType, JsonObject],
    *,
    folder: Path,
    near: Path,
    name: str = "resources",
    base: Environment | None = None,
) -> Environment:
    """Make an environment of resources as a folder, with their files in it, and load it.

    Args:
        resources: The settings of each, by type; files are named relative to `near`, to this folder, or absolutely.
        folder: Where the environment is written.
        near: Where files are looked for first.
        name: The environment's id.
        base: An environment that has more tools.

    Raises:
        SpecError: a setting is wrong, or a file is not there.
        UsageError: the folder is written to already, with other content.
    """
    specs: list[ResourceSpec] = []
    for kind, settings in resources.items():
        read_settings(kind, settings)
        specs.append(_copied(kind, settings, folder, near))
    tools = tuple(tool for spec in specs for tool in tools_of_resource(spec.type))
    made = _of_resources(name, specs, tools) if base is None else _added(base, specs, tools, folder)
    save_folder(made, folder)
    return load_folder(folder)


def _of_resources(name: str, specs: list[ResourceSpec], tools: tuple[ToolSpec, ...]) -> Environment:
    return Environment(
        id=name,
        domain="research",
        title="Research",
        description=f"Tools that look things up: {', '.join(spec.type.replace('_', ' ') for spec in specs)}.",
        policy=_POLICY,
        tools=tools,
        state_schema=StateSchema(),
        initial_state=StateDocument(),
        clock=Clock(start=_START),
        resources=tuple(specs),
    )


def _added(base: Environment, specs: list[ResourceSpec], tools: tuple[ToolSpec, ...], folder: Path) -> Environment:
    """An environment with more tools, and with the files of the resources that it has."""
    taken = {tool.name for tool in base.tools} & {tool.name for tool in tools}
    if taken:
        raise UsageError(f"the environment {base.id} has a tool {min(taken)} already")
    for spec in base.resources:
        place = None if base.folder is None else place_of_files(spec, base.folder)
        for path in files_in(place, KINDS[spec.type].files, spec.type) if place and base.folder else ():
            _copy(path, folder / path.relative_to(base.folder or folder), spec.type)
    if not specs:
        return base
    return base.derived(tools=(*base.tools, *tools), resources=(*base.resources, *specs))


def _copied(kind: ResourceType, settings: JsonObject, folder: Path, near: Path) -> ResourceSpec:
    """A resource with its files in the environment's folder."""
    named = settings.get("folder")
    if not isinstance(named, str):
        return ResourceSpec(type=kind, settings=settings, digest=None)
    source = next((one for one in (near / named, Path(named)) if one.exists()), None)
    if source is None:
        raise SpecError(f"{kind}: there is no file or folder {named}, neither in {near} nor here")
    inside = f"{kind}/{source.name}" if source.is_file() else kind
    for path in files_in(source, KINDS[kind].files, kind):
        target = folder / inside if path == source else folder / inside / path.relative_to(source)
        _copy(path, target, kind)
    spec = ResourceSpec(type=kind, settings={**settings, "folder": inside}, digest=None)
    return spec.model_copy(update={"digest": digest_of_resource(spec, folder)})


def _copy(path: Path, target: Path, kind: str) -> None:
    try:
        if target.exists() and target.samefile(path):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    except OSError as problem:
        raise SpecError(f"{kind}: {path} cannot be copied to {target}: {os_reason(problem)}") from None
