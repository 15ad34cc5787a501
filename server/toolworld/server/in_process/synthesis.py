"""Questions from seeds in one call: the resources of a configuration opened, its model, and the files written.

from toolworld.server import synthesize

manifest = synthesize(config_path="web.json", seeds="seeds.jsonl")
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

import anyio

from toolworld.environments import (
    RESOURCE_TYPES,
    Environment,
    ResourceType,
    RuntimePool,
    SimulationPlan,
    filled,
    find_environments,
    resource_type,
    save_with_resources,
)
from toolworld.ground import JsonObject, RecordError, SpecError, UsageError, os_reason, read_bytes
from toolworld.llm import Budget, Model, Models, PriceList, RetryPolicy, Role, open_models
from toolworld.rollout import (
    SeedSource,
    Stages,
    SynthesisConfig,
    SynthesisManifest,
    SynthesisModels,
    SynthesisStage,
    load_config,
    load_seeds,
    scenarios,
    synthesize_questions,
)
from toolworld.server.in_process.mcp_trees import McpTreeHost
from toolworld.server.in_process.trees import InProcessTreeHost

ENVIRONMENT, MCP = "environment", "mcp"
"""The folder of the environment, among the files that come out; and the resource that is an environment."""
DEFAULT_OUT = "synthesis_results"
_BEGUN = "begun.txt"
_NAMED = ("local", "scripted:", "openai:", "http://", "https://")
"""How names of models begin that say where the model is."""


def synthesize(
    *,
    config_path: str | Path | SynthesisConfig,
    seeds: SeedSource | None = None,
    output_dir: str | Path | None = None,
) -> SynthesisManifest:
    """Explore from seeds with tools, and write questions that take several dependent steps.

    Args:
        config_path: A JSON or YAML file, the name of a scenario that comes with toolworld, or a configuration.
        seeds: A file of seeds, texts, or objects with `content`; by default the configuration's `seeds_file`.
        output_dir: The folder of the files; by default the configuration's `output_dir`.

    Returns:
        The counts of each stage, as `manifest.json` has them.

    Raises:
        SpecError: the configuration, a tool's name or a resource is not sound.
        RecordError: a seed is not sound, or the folder holds what was made with other settings.
        RolloutError: nothing was explored from any seed.
        ModelError: a model cannot be opened, or does not answer.
    """

    async def run() -> SynthesisManifest:
        return await synthesize_async(config_path=config_path, seeds=seeds, output_dir=output_dir)

    return anyio.run(run)


@dataclass(frozen=True)
class SynthesisSpending:
    """What models may cost, and where what they said is kept."""

    budget: Budget | None = None
    prices: PriceList | None = None
    cache: Path | None = None


class OnSynthesis(Protocol):
    """Told of what happens while questions are made."""

    def begun(self, seeds: int) -> None:
        """It begins, with so many seeds."""
        ...

    def seed(self, stage: SynthesisStage) -> None:
        """A seed is through a stage."""
        ...

    def models(self, models: Models) -> None:
        """The models are open, with the ledger of what they cost."""
        ...


async def synthesize_async(
    *,
    config_path: str | Path | SynthesisConfig,
    seeds: SeedSource | None = None,
    output_dir: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    today: Callable[[], str] | None = None,
    spending: SynthesisSpending = SynthesisSpending(),
    trust: bool = False,
    listener: OnSynthesis | None = None,
) -> SynthesisManifest:
    """The same as `synthesize`, for callers that run in an event loop.

    Args:
        config_path: As there.
        seeds: As there.
        output_dir: As there.
        environ: The environment variables, for keys and places.
        today: The date of the day, as 2026-01-05.
        spending: What models may cost.
        trust: Whether the program of an environment that is not toolworld's own runs in this process.
        listener: Told of what happens.
    """
    variables = os.environ if environ is None else environ
    config = config_path if isinstance(config_path, SynthesisConfig) else scenario_config(config_path, variables)
    found = load_seeds(seeds if seeds is not None else _seeds_file(config, variables))[: config.number_of_seed]
    out = _folder(config, output_dir, variables)
    async with open_models(
        _with_key(config, variables),
        "synthesize",
        spending.cache,
        spending.budget,
        spending.prices,
        RetryPolicy(concurrency=config.concurrency),
    ) as models:
        opened = await _open_models(config, models)
        stages = Stages(config, await _host(config, out, trust, variables), opened)
        if listener is not None:
            listener.models(models)
            listener.begun(len(found))
        date = _begun(out, config.synthesis_date or (today or _today)())
        return await synthesize_questions(stages, found, out, date, listener.seed if listener else _unheard)


async def _host(
    config: SynthesisConfig, out: Path, trust: bool, environ: Mapping[str, str]
) -> InProcessTreeHost | McpTreeHost:
    """The host of a configuration: a server of somebody else's, or an environment in this process."""
    if MCP in config.resource_types:
        if len(config.resource_types) > 1:
            raise UsageError("an MCP server is explored alone: its calls cannot be forked together with others")
        place = _mcp_place(_content(MCP, config.resource_init_configs.get(MCP, {})), environ)
        return await McpTreeHost.open(place, out / ENVIRONMENT)
    host = InProcessTreeHost(RuntimePool.of([_environment(config, out)], SimulationPlan(trusted=trust)))
    await host.runtime.load_program()
    return host


def _mcp_place(settings: JsonObject, environ: Mapping[str, str]) -> str:
    place = settings.get("command", settings.get("url"))
    if not isinstance(place, str) or len(settings) != 1:
        raise SpecError("mcp: its one setting is `command`, which starts a server, or `url`")
    return filled(place, MCP, environ)


def _unheard(stage: SynthesisStage) -> None:
    """Nobody listens."""


def output_folder(config_path: str | Path, output_dir: str | Path | None) -> Path:
    """Where the files of a synthesis go."""
    return _folder(scenario_config(config_path, os.environ), output_dir, os.environ)


def _folder(config: SynthesisConfig, output_dir: str | Path | None, environ: Mapping[str, str]) -> Path:
    return Path(output_dir or config.output_dir or environ.get("OUTPUT_DIR") or DEFAULT_OUT)


def scenario_config(name: str | Path, environ: Mapping[str, str]) -> SynthesisConfig:
    """The configuration of a file, or of a scenario that comes with toolworld.

    Raises:
        SpecError: there is neither, or it is not sound.
    """
    known = scenarios()
    if not Path(name).is_file() and str(name) in known:
        return load_config(known[str(name)], environ)
    if not Path(name).is_file():
        raise SpecError(f"{name} is neither a configuration nor a scenario; scenarios are: {', '.join(known)}")
    return load_config(name, environ)


def _seeds_file(config: SynthesisConfig, environ: Mapping[str, str]) -> Path:
    """The file of seeds that a configuration names, looked for beside it and then here."""
    named = config.seeds_file or environ.get("SEEDS_FILE")
    if named is None:
        raise UsageError("there are no seeds: name a file of them, `seeds_file` in the configuration or SEEDS_FILE")
    beside = config.folder / named
    return beside if beside.is_file() else Path(named)


def _environment(config: SynthesisConfig, out: Path) -> Environment:
    """The environment of a configuration, in the folder of what comes out.

    It is made beside that folder and moved there, so that a resource that cannot be opened leaves nothing behind.
    """
    base, resources = _resources(config)
    target = out / ENVIRONMENT
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; the output goes to a folder")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
            made = save_with_resources(resources, folder=Path(folder) / ENVIRONMENT, near=config.folder, base=base)
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


def _resources(config: SynthesisConfig) -> tuple[Environment | None, dict[ResourceType, JsonObject]]:
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
        else:
            resources[_type(name)] = settings
    return base, resources


def _type(name: str) -> ResourceType:
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


def _begun(out: Path, today: str) -> str:
    """The date when the folder was begun, so that going on from there changes nothing."""
    place = out / "stages" / _BEGUN
    if place.exists():
        return read_bytes(place).decode(errors="replace").strip()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"{today}\n")
    return today


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _model_name(config: SynthesisConfig) -> str | None:
    """The model as toolworld names models."""
    name = config.model_name
    if name is None or name.startswith(_NAMED):
        return name
    return f"{config.base_url.rstrip('/')}#{name}" if config.base_url else f"openai:{name}"


def _with_key(config: SynthesisConfig, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables, with the configuration's key where models look for one."""
    if not config.api_key:
        return environ
    return {**environ, "TOOLWORLD_MODEL_KEY" if config.base_url else "OPENAI_API_KEY": config.api_key}


async def _open_models(config: SynthesisConfig, models: Models) -> SynthesisModels:
    name = _model_name(config)
    if name is None:
        return SynthesisModels()

    async def opened(role: Role) -> Model:
        return await models.get(name, role)

    found = SynthesisModels(
        await opened("explorer"), await opened("writer"), await opened("solver"), await opened("agent")
    )
    await models.probe()
    return found
