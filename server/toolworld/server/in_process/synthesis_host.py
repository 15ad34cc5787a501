"""What a configuration's tools look things up in, opened: resources, an environment, or a server of somebody else's."""

import shutil
import tempfile
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from toolworld.environments import (
    RESOURCE_TYPES,
    Environment,
    ResourceType,
    RuntimePool,
    SimulationPlan,
    find_environments,
    resource_type,
    save_with_resources,
)
from toolworld.ground import JsonObject, RecordError, SpecError, UsageError, os_reason, with_variables
from toolworld.rollout import SynthesisConfig, usable_tools
from toolworld.server.in_process.mcp_trees import McpTreeHost
from toolworld.server.in_process.trees import InProcessTreeHost

ENVIRONMENT = "environment"
"""The resource that is an environment; and the folder of the one that comes out."""
MCP = "mcp"
"""The resource that is a server of somebody else's."""
_THEIRS: dict[str, ResourceType] = {
    "rag": "knowledge_base",
    "doc": "document",
    "text2sql": "database",
    "ds": "filesystem",
}
"""What AgentFlow calls resources, by their own names or those of their tools."""


async def synthesis_host(
    config: SynthesisConfig, out: Path, trust: bool, environ: Mapping[str, str]
) -> InProcessTreeHost | McpTreeHost:
    """The host of a configuration.

    Args:
        config: The configuration.
        out: The folder of what comes out; the environment is written there.
        trust: Whether a program that is not toolworld's own runs in this process.
        environ: The environment variables that places are written with.

    Raises:
        SpecError: a resource, a setting or a tool's name is not sound.
        UsageError: an MCP server does not answer, or stands beside other resources.
        RecordError: the folder holds another environment.
    """
    if MCP in config.resource_types:
        if len(config.resource_types) > 1:
            raise UsageError("an MCP server is explored alone: its calls cannot be forked together with others")
        place = _mcp_place(_content(MCP, config.resource_init_configs.get(MCP, {})), environ)
        return await McpTreeHost.open(place, out / ENVIRONMENT)
    host = InProcessTreeHost(RuntimePool.of([_environment(config, out, environ)], SimulationPlan(trusted=trust)))
    await host.runtime.load_program()
    return host


def _mcp_place(settings: JsonObject, environ: Mapping[str, str]) -> str:
    place = settings.get("command", settings.get("url"))
    if not isinstance(place, str) or len(settings) != 1:
        raise SpecError("mcp: its one setting is `command`, which starts a server, or `url`")
    return with_variables(place, MCP, environ)


def _environment(config: SynthesisConfig, out: Path, environ: Mapping[str, str]) -> Environment:
    """The environment of a configuration, in the folder of what comes out.

    It is made beside that folder and moved there, so that what cannot be opened or used leaves nothing behind.
    """
    base, resources = _resources(config, environ)
    target = out / ENVIRONMENT
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; the output goes to a folder")
    for kind, settings in resources.items():
        named = settings.get("folder")
        places = (config.folder / named, Path(named)) if isinstance(named, str) else ()
        place = next((one for one in places if one.exists()), None)  # the first is the one that is read
        if place is not None and place.is_dir() and out.resolve().is_relative_to(place.resolve()):
            raise UsageError(f"{out} lies in {place}, where {kind} reads; write to another place")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
            made = save_with_resources(resources, folder=Path(folder) / ENVIRONMENT, near=config.folder, base=base)
            usable_tools(made, config.available_tools)
            if target.exists():
                return _same(made, target, out)
            out.mkdir(exist_ok=True)
            shutil.move(str(Path(folder) / ENVIRONMENT), target)
    except OSError as problem:
        raise RecordError(f"{out} cannot be written: {os_reason(problem)}") from None
    return _loaded(target)


def _same(made: Environment, target: Path, out: Path) -> Environment:
    held = _loaded(target)
    if held.version != made.version:
        raise RecordError(f"{out} was made with other resources than these; write to another folder")
    return held


def _loaded(folder: Path) -> Environment:
    [found] = find_environments([str(folder)])
    return found.source()


def _resources(
    config: SynthesisConfig, environ: Mapping[str, str]
) -> tuple[Environment | None, dict[ResourceType, JsonObject]]:
    """The environment that tools are added to, if there is one, and the settings of each resource."""
    if not config.resource_types:
        allowed = ", ".join((*RESOURCE_TYPES, ENVIRONMENT, MCP))
        raise SpecError(f"`resource_types` names nothing that tools could look things up in; there are: {allowed}")
    base: Environment | None = None
    resources: dict[ResourceType, JsonObject] = {}
    for name in config.resource_types:
        settings = _content(name, config.resource_init_configs.get(name, {}))
        if name == ENVIRONMENT:
            base = _base(settings, config.folder)
            continue
        kind = _type(name)
        if kind in resources:
            raise SpecError(f"`resource_types` has {kind} twice")
        folder = settings.get("folder")
        resources[kind] = (
            {**settings, "folder": with_variables(folder, kind, environ)} if isinstance(folder, str) else settings
        )
    return base, resources


def _type(name: str) -> ResourceType:
    if name in _THEIRS:
        return _THEIRS[name]
    try:
        return resource_type(name)
    except SpecError as problem:
        near = get_close_matches(name, (*RESOURCE_TYPES, ENVIRONMENT, MCP), 1, 0.5)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise SpecError(f"`resource_types`: {problem}, {ENVIRONMENT}, {MCP}{hint}") from None


def _content(name: str, given: JsonObject) -> JsonObject:
    """The settings of a resource: under `content`, or by themselves."""
    content = given.get("content", given)
    if not isinstance(content, dict) or ("content" in given and len(given) > 1):
        raise SpecError(f"`resource_init_configs.{name}` holds its settings under `content`, and nothing beside it")
    return content


def _base(settings: JsonObject, near: Path) -> Environment:
    named = settings.get("name")
    if not isinstance(named, str) or len(settings) > 1:
        raise SpecError("environment: its one setting is `name`: a built-in environment, a folder or a pack")
    found = find_environments([str(near / named) if (near / named).exists() else named])
    if len(found) != 1:
        raise SpecError(f"environment: {named} holds {len(found)} environments, and one is needed")
    return found[0].source()
